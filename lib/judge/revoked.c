/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who among a message's signers is revoked.
 *
 * The kernel asks something narrower: has a revoked key made one of the signatures
 * (pkcs7_validate_trust over the revoked keys)? As soon as one signer's answer is neither
 * that nor "no such key", it is the answer for all of them, and counts as "not revoked".
 * So a SignerInfo that names a revoked key and has junk for a signature hides a revoked
 * signer beside it, whose signature then makes the module trusted. The verdict has to
 * follow the kernel there; a person has to know.
 *
 * Here names alone count, whatever the signatures are worth: a signer is revoked if it
 * names a revoked key, or if a certificate that stands behind it is revoked, by itself,
 * by its hash, by its key, or because a revoked key is said to have signed it. It is
 * nobody's business to name a revoked key in a signature that is meant to be good. Nor
 * does it matter who carries the certificate, the message or the keyring of the trusted:
 * the kernel looks above those of the message only.
 *
 * What follows something that the kernel refuses is read all the same, for it may load
 * the module without (ENOPKG). Where the bytes follow the schema no longer, that is told.
 *
 * Each certificate is looked at once, however many signers stand behind it: what came of
 * it, and of the chain above it, stays with it (struct ms_standing).
 */

#include "revoked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "lookup.h"
#include "pkcs7/pkcs7.h"

/* Texts about one message; the rest is only counted. */
enum { MOST_TOLD = 8 };

struct search {
	struct ms_ctx *ctx;
	const struct ms_keyring *keyring;
	struct ms_pkcs7 *message;
};

static struct ms_standing *standing_of(struct ms_chain_cert *cert)
{
	return cert ? &cert->standing : NULL;
}

static struct ms_standing *issuer(const void *among, const struct ms_cert *cert)
{
	return standing_of(ms_pkcs7_find_issuer(among, cert));
}

/* @ret: the revoked key that @signer is or depends on; NULL: none. */
static int look_at_signer(const struct search *s, const struct ms_pkcs7_signer *signer,
			  const struct ms_cert **ret)
{
	struct ms_standing *cert = standing_of(ms_pkcs7_find(s->message, &signer->id));
	int r = ms_check_cancelled(s->ctx);

	*ret = ms_keyring_revoked(s->keyring, &signer->id);
	if (r < 0 || *ret)
		return r;
	if (!cert) /* which the kernel does not look for */
		cert = standing_of(ms_pkcs7_find_by_skid(s->message, &signer->id));
	if (!cert)
		return 0;
	r = ms_keyring_find_standing(s->ctx, s->keyring, cert, issuer, s->message);
	*ret = cert->revoked;
	return r;
}

static int tell(struct ms_ctx *ctx, struct ms_texts *texts, const char *where, size_t i,
		size_t n, const struct ms_cert *key)
{
	_cleanup_free_ char *name = ms_cert_key_name(key);
	int r = -ENOMEM;

	if (name && n == 1)
		r = ms_texts_printf(texts, "%sthe signer is revoked: '%s'", where, name);
	else if (name)
		r = ms_texts_printf(texts, "%ssigner %zu of %zu is revoked: '%s'", where,
				    i, n, name);
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}

static size_t count_signers(const struct ms_pkcs7 *message)
{
	size_t n = 0;

	for (struct ms_pkcs7_signer *s = message->signers; s; s = s->next)
		n++;
	return n;
}

static int look(const struct search *s, const char *where, struct ms_texts *texts)
{
	size_t n = count_signers(s->message), i = 0, revoked = 0;
	int r = 0;

	for (struct ms_pkcs7_signer *signer = s->message->signers; signer && r == 0;
	     signer = signer->next) {
		const struct ms_cert *key = NULL;

		i++;
		r = look_at_signer(s, signer, &key);
		if (r == 0 && key && revoked++ < MOST_TOLD)
			r = tell(s->ctx, texts, where, i, n, key);
	}
	if (r == 0 && revoked > MOST_TOLD &&
	    ms_texts_printf(texts, "%s%zu more signers are revoked", where,
			    revoked - MOST_TOLD) < 0)
		r = ms_fail_nomem(s->ctx);
	if (r == 0 && s->message->unread &&
	    ms_texts_printf(texts,
			    "%sthe rest of the message cannot be read: who is revoked in "
			    "it is not known",
			    where) < 0)
		r = ms_fail_nomem(s->ctx);
	return r;
}

int ms_cms_find_revoked(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			const struct ms_rules *rules, const uint8_t *sig, size_t len,
			const char *where, struct ms_texts *texts)
{
	_cleanup_(ms_cleanup_pkcs7) struct ms_pkcs7 *message = NULL;
	struct search s = { .ctx = ctx, .keyring = keyring };
	int r;

	if (!ms_keyring_has_revoked(keyring))
		return 0;
	r = ms_keyring_need_settled(ctx, keyring);
	r = r < 0 ? r : ms_pkcs7_parse_names(ctx, rules, sig, len, &message);
	if (r < 0)
		return r;
	s.message = message;
	return look(&s, where, texts);
}

int ms_cms_count_signers(struct ms_ctx *ctx, const struct ms_rules *rules,
			 const uint8_t *sig, size_t len, size_t *ret)
{
	_cleanup_(ms_cleanup_pkcs7) struct ms_pkcs7 *message = NULL;
	int r = ms_pkcs7_parse_names(ctx, rules, sig, len, &message);

	if (r == 0)
		*ret = count_signers(message);
	return r;
}
