/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Changes of a module: so many bytes of its content kept, a new tail behind them, packed
 * as it was. Operations on trees and on one module in memory make the same bytes, because
 * they make them here.
 */

#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/sized.h"
#include "module.h"

MS_DEFINE_CLEANUP(trust_cleanup, struct ms_trust *, ms_trust_free)

int ms_module_check_signable(struct ms_ctx *ctx, struct ms_module *module, size_t bare_len,
			     bool any_file)
{
	if (bare_len == 0)
		return ms_fail(ctx, -ENODATA,
			       "it is empty, and no kernel takes a signature of nothing");
	if (any_file || ms_module_is_elf(module, bare_len))
		return 0;
	return ms_fail(ctx, -ENOEXEC, "it is no ELF module");
}

int ms_module_make_signature(struct ms_ctx *ctx, const struct ms_signer *signer,
			     const struct ms_trust *trust, struct ms_payload *payload,
			     struct ms_buf *der, struct ms_judgement *ret)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	int r;

	r = ms_signer_sign_payload(ctx, signer, payload, der);
	if (r == 0)
		r = ms_cms_judge(ctx, ms_trust_keyring(trust), ms_trust_rules(trust),
				 payload, der->data, der->len, &judgement);
	if (r < 0)
		return r;
	if (judgement.verdict != MS_VERDICT_TRUSTED)
		return ms_fail(ctx, -EKEYREJECTED,
			       "the signature just made is not good: %s",
			       judgement.reason ? judgement.reason
						: ms_verdict_name(judgement.verdict));
	*ret = judgement;
	judgement = (struct ms_judgement){ 0 };
	return 0;
}

int ms_module_stripped_len(struct ms_ctx *ctx, const struct ms_module *module, bool all,
			   size_t *ret)
{
	if (module->trailer.state == MS_TRAILER_ABSENT)
		return ms_fail(ctx, -ENODATA, "it is not signed");
	if (module->trailer.state != MS_TRAILER_PRESENT)
		return ms_fail(ctx, -EBADMSG, "%s", ms_trailer_reason(&module->trailer));
	if (all)
		return ms_module_bare_len(ctx, module, ret, NULL);
	*ret = module->trailer.payload_len;
	return 0;
}

int ms_module_pack(struct ms_ctx *ctx, const struct ms_module *module, size_t keep,
		   const struct ms_buf *tail, int level, struct ms_buf *packed,
		   struct iovec iov[2], int *ret_n)
{
	int r;

	iov[0] = (struct iovec){ (void *)module->data, keep };
	iov[1] = (struct iovec){ tail->data, tail->len };
	*ret_n = 2;
	if (module->compression == MS_COMPRESSION_NONE)
		return 0;
	r = ms_codec_pack(ctx, module->compression, module->form, level, iov, 2, packed);
	if (r < 0)
		return r;
	iov[0] = (struct iovec){ packed->data, packed->len };
	*ret_n = 1;
	return 0;
}

/* The new file's bytes, for a caller who frees them. */
static int give(struct ms_ctx *ctx, const struct ms_module *module, size_t keep,
		const struct ms_buf *tail, int level, uint8_t **ret, size_t *ret_len)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	struct iovec iov[2];
	int n, r = ms_module_pack(ctx, module, keep, tail, level, &file, iov, &n);

	if (r < 0)
		return r;
	/* what is packed is in the buffer already */
	for (int i = 0; n == 2 && i < n; i++)
		if (ms_buf_append(&file, iov[i].iov_base, iov[i].iov_len) < 0)
			return ms_fail_nomem(ctx);
	if (ms_buf_reserve(&file, 1) < 0) /* of an empty file, too, there is something to free */
		return ms_fail_nomem(ctx);
	*ret_len = file.len;
	*ret = ms_steal(&file.data);
	return 0;
}

int ms_module_sign(struct ms_ctx *ctx, struct ms_module *module,
		   const struct ms_signer *signer, const struct ms_module_change *caller,
		   uint8_t **ret, size_t *ret_len)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	_cleanup_(trust_cleanup) struct ms_trust *trust = NULL;
	_cleanup_(ms_buf_done) struct ms_buf tail = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	struct ms_module_change change;
	struct ms_payload *bare = NULL;
	int r = ms_sized_in(ctx, &change, sizeof(change), caller);

	if (r == 0)
		r = ms_module_bare_payload(ctx, module, &bare);
	if (r == 0)
		r = ms_module_check_signable(ctx, module, bare->len, change.any_file);
	if (r == 0)
		r = ms_trust_of_cert(ctx, ms_signer_cert_der(signer), &trust);
	if (r == 0)
		r = ms_module_make_signature(ctx, signer, trust, bare, &der, &judgement);
	if (r == 0)
		r = ms_module_tail(ctx, der.data, der.len, &tail);
	if (r == 0)
		r = give(ctx, module, bare->len, &tail, change.level, ret, ret_len);
	return r;
}

int ms_module_strip(struct ms_ctx *ctx, const struct ms_module *module,
		    const struct ms_module_change *caller, uint8_t **ret, size_t *ret_len)
{
	const struct ms_buf nothing = { 0 };
	struct ms_module_change change;
	size_t keep = 0;
	int r = ms_sized_in(ctx, &change, sizeof(change), caller);

	if (r == 0)
		r = ms_module_stripped_len(ctx, module, change.all, &keep);
	if (r == 0)
		r = give(ctx, module, keep, &nothing, change.level, ret, ret_len);
	return r;
}

/* Refuses what is not good. A kernel may trust what has a revoked signer; we do not. */
static int check(struct ms_ctx *ctx, const struct ms_trust *trust,
		 struct ms_payload *payload, const void *der, size_t der_len)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	const char *why;
	int r = ms_cms_judge(ctx, ms_trust_keyring(trust), ms_trust_rules(trust), payload,
			     der, der_len, &judgement);

	if (r < 0 || ms_judgement_is_good(&judgement))
		return r;
	why = ms_judgement_why_not(&judgement);
	return ms_fail(ctx, -EKEYREJECTED, "the signature for it is not trusted: %s", why);
}

int ms_module_attach(struct ms_ctx *ctx, struct ms_module *module, const void *der,
		     size_t der_len, const struct ms_trust *trust,
		     const struct ms_module_change *caller, uint8_t **ret, size_t *ret_len)
{
	_cleanup_(ms_buf_done) struct ms_buf tail = { 0 };
	struct ms_module_change change;
	struct ms_payload *bare = NULL;
	int r = ms_sized_in(ctx, &change, sizeof(change), caller);

	if (r == 0)
		r = ms_module_bare_payload(ctx, module, &bare);
	if (r == 0)
		r = ms_module_tail(ctx, der, der_len, &tail);
	if (r == 0 && trust)
		r = check(ctx, trust, bare, der, der_len);
	if (r == 0)
		r = give(ctx, module, bare->len, &tail, change.level, ret, ret_len);
	return r;
}
