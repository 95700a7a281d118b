/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel's verdict: verify_pkcs7_signature() of certs/system_keyring.c, for one set
 * of trusted keys.
 *
 * Below this file an answer of the kernel and a failure of ours both travel as negative
 * errnos. Here they part: what ms_is_verdict() knows becomes the judgement, the rest is
 * returned. A judgement is filled in one place, from one errno; trusted needs a 0 that
 * came through all the steps, and the key that it came from.
 *
 * Mainline looks at the revoked keys for every signature since Linux 6.7, before only
 * for platform keys; here it is always done, which refuses more, never less.
 */

#include "judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "pkcs7/pkcs7.h"
#include "revoked.h"

void ms_judgement_done(struct ms_judgement *judgement)
{
	free(judgement->vouched_by);
	free(judgement->reason);
	ms_texts_done(&judgement->warnings);
	*judgement = (struct ms_judgement){ MS_VERDICT_UNDECIDED };
}

enum ms_verdict ms_verdict_of_errno(int error)
{
	switch (error) {
	case 0:
		return MS_VERDICT_TRUSTED;
	case ENODATA:
		return MS_VERDICT_UNSIGNED;
	case ENOPKG:
		return MS_VERDICT_UNSUPPORTED;
	case ENOKEY:
		return MS_VERDICT_UNKNOWN_KEY;
	case EBADMSG:
	case EINVAL:
	case EMSGSIZE:
		return MS_VERDICT_MALFORMED;
	case EKEYREJECTED:
	case ENOENT: /* a certificate in the message needs an algorithm that is not there
		      */
		return MS_VERDICT_REJECTED;
	default:
		return MS_VERDICT_UNDECIDED;
	}
}

static const char *reason_of_errno(int error)
{
	switch (error) {
	case ENOPKG:
		return "unsupported algorithm";
	case ENOKEY:
		return "no trusted key has signed it";
	case EBADMSG:
		return "PKCS#7 message is malformed";
	case EINVAL:
		return "PKCS#7 message is not consistent";
	case EMSGSIZE:
		return "PKCS#7 message is longer than 65535 bytes";
	case EKEYREJECTED:
		return "signature does not verify";
	case ENOENT:
		return "the kernel lacks the algorithm of a certificate in the message";
	default:
		return NULL;
	}
}

/* Marks the certificates of the message whose hash is revoked. */
static int mark_revoked_hashes(struct ms_judging *j)
{
	struct ms_chain_cert *c = j->rules->blacklist ? j->message->certs : NULL;
	int r = 0;

	for (; c && r == 0; c = c->next)
		r = ms_keyring_check_tbs(j->ctx, j->keyring, c->cert, &c->blacklisted);
	return r;
}

static int check_not_revoked(struct ms_judging *j)
{
	int r = ms_pkcs7_trust(j, MS_KEYS_REVOKED);

	if (r == 0)
		return ms_fail(j->ctx, -EKEYREJECTED, "signed by a revoked key");
	if (!ms_is_verdict(r))
		return r;
	ms_fail_clear(j->ctx); /* whatever was wrong with it, it is not revoked */
	return 0;
}

static int judge_message(struct ms_judging *j)
{
	int r = mark_revoked_hashes(j);

	if (r < 0)
		return r;
	if (j->message->has_content)
		return ms_fail(j->ctx, -EBADMSG, "content within the PKCS#7 message");
	r = ms_pkcs7_verify(j);
	if (r < 0)
		return r;
	r = check_not_revoked(j);
	if (r < 0)
		return r;
	return ms_pkcs7_trust(j, MS_KEYS_TRUSTED);
}

char *ms_cert_key_name(const struct ms_cert *cert)
{
	struct ms_bytes skid = ms_cert_skid(cert);

	if (*ms_cert_subject_name(cert) || skid.len == 0)
		return strdup(ms_cert_subject_name(cert));
	return ms_hex_colons(skid.data, skid.len);
}

static int fill_judgement(struct ms_judging *j, int error, struct ms_judgement *ret)
{
	struct ms_judgement judgement = { ms_verdict_of_errno(error), error };
	const char *reason = ms_ctx_message(j->ctx);

	if (error == 0) {
		if (!j->vouched_by)
			return ms_fail(j->ctx, -EIO, "trusted by no key");
		judgement.vouched = MS_VOUCHER_SIGNATURE;
		judgement.vouched_by = ms_cert_key_name(j->vouched_by);
		if (!judgement.vouched_by)
			return ms_fail_nomem(j->ctx);
	} else {
		judgement.reason = strdup(*reason ? reason : reason_of_errno(error));
		if (!judgement.reason)
			return ms_fail_nomem(j->ctx);
	}
	ms_fail_clear(j->ctx);
	*ret = judgement;
	return 0;
}

int ms_cms_judge(struct ms_ctx *ctx, const struct ms_keyring *keyring,
		 const struct ms_rules *rules, struct ms_payload *payload,
		 const uint8_t *sig, size_t sig_len, struct ms_judgement *ret)
{
	_cleanup_(ms_cleanup_pkcs7) struct ms_pkcs7 *message = NULL;
	struct ms_judging j = {
		.ctx = ctx, .keyring = keyring, .rules = rules, .payload = payload
	};
	int r;

	*ret = (struct ms_judgement){ MS_VERDICT_UNDECIDED };
	ms_fail_clear(ctx);
	r = ms_pkcs7_parse(ctx, rules, sig, sig_len, &message);
	if (r == 0) {
		j.message = message;
		r = judge_message(&j);
	}
	if (r < 0 && !ms_is_verdict(r))
		return r;
	r = fill_judgement(&j, -r, ret);
	r = r < 0 ? r
		  : ms_cms_find_revoked(ctx, keyring, rules, sig, sig_len, "",
					&ret->warnings);
	if (r < 0)
		ms_judgement_done(ret);
	return r;
}

bool ms_judgement_is_good(const struct ms_judgement *judgement)
{
	return judgement && judgement->verdict == MS_VERDICT_TRUSTED &&
	       judgement->warnings.n == 0;
}
