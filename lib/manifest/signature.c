/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A manifest's signature: the same PKCS#7 message that a module would get, over the text,
 * in a file beside it. So `openssl cms -verify` takes it as well, and so does whatever
 * trusts a key for modules.
 *
 * Where nobody says which file, it is MANIFEST.p7s. Nobody has looked at that name, and
 * the directory may be anybody's: a link there is replaced. Reading one is another
 * matter: it can lead to nothing that is believed without its signature, and links are
 * how trees of packages are put together.
 */

#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file-set.h"
#include "../judge/ber.h"
#include "../judge/judge.h"
#include "../key/signer.h"
#include "../trust/trust.h"
#include "manifest.h"

MS_DEFINE_CLEANUP(trust_cleanup, struct ms_trust *, ms_trust_free)

static int judge(struct ms_ctx *ctx, const struct ms_manifest *manifest,
		 const struct ms_trust *trust, const struct ms_buf *der,
		 struct ms_judgement *ret)
{
	struct ms_payload payload = {
		.data = manifest->text.data,
		.len = manifest->text.len,
	};

	return ms_cms_judge(ctx, ms_trust_keyring(trust), ms_trust_rules(trust), &payload,
			    der->data, der->len, ret);
}

static int write_signature(struct ms_ctx *ctx, const char *path, const struct ms_buf *der,
			   bool beside, bool sync)
{
	const struct ms_new_file file = {
		.path = path,
		.data = der->data,
		.len = der->len,
		.mode = 0666,
		.keep = MS_KEEP_MODE,
		.beside = true,
	};

	return beside ? ms_file_put(ctx, &file, sync)
		      : ms_file_replace(ctx, path, der->data, der->len, 0666, sync);
}

int ms_manifest_sign(struct ms_ctx *ctx, const struct ms_manifest *manifest,
		     const struct ms_signer *signer, const char *path, bool beside,
		     bool sync)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	_cleanup_(trust_cleanup) struct ms_trust *trust = NULL;
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	struct ms_payload payload = {
		.data = manifest->text.data,
		.len = manifest->text.len,
	};
	int r = ms_signer_sign_payload(ctx, signer, &payload, &der);

	if (r == 0)
		r = ms_trust_of_cert(ctx, ms_signer_cert_der(signer), &trust);
	if (r == 0)
		r = judge(ctx, manifest, trust, &der, &judgement);
	if (r < 0)
		return r;
	if (judgement.verdict != MS_VERDICT_TRUSTED)
		return ms_fail(ctx, -EKEYREJECTED,
			       "the signature just made is not good: %s",
			       judgement.reason ? judgement.reason : "no verdict");
	return write_signature(ctx, path, &der, beside, sync);
}

int ms_manifest_judge(struct ms_ctx *ctx, const struct ms_manifest *manifest,
		      const struct ms_trust *trust, const char *path,
		      struct ms_judgement **ret)
{
	struct ms_judgement *judgement = calloc(1, sizeof(*judgement));
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	int r = judgement ? ms_file_read(ctx, path, MS_BER_MAX, &der)
			  : ms_fail_nomem(ctx);

	if (r == 0)
		r = judge(ctx, manifest, trust, &der, judgement);
	if (r < 0) {
		free(judgement); /* which is empty: nothing was judged */
		return r;
	}
	*ret = judgement;
	return 0;
}
