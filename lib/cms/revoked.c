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
 * names a revoked key, or if a certificate in the message that stands behind it is
 * revoked, by itself, by its hash, or because a revoked key is said to have signed it. It
 * is nobody's business to name a revoked key in a signature that is meant to be good.
 *
 * What follows something that the kernel refuses is read all the same, for it may load
 * the module without (ENOPKG). Where the bytes follow the schema no longer, that is told.
 *
 * Each certificate is looked at once, however many signers stand behind it: what came of
 * it, and of the chain above it, stays with it.
 */

#include "revoked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "lookup.h"
#include "pkcs7.h"

/* Texts about one message; the rest is only counted. */
enum { MOST_TOLD = 8 };

MS_DEFINE_CLEANUP(cleanup_message, struct ms_pkcs7 *, ms_pkcs7_free)

struct search {
	struct ms_ctx *ctx;
	const struct ms_keyring *keyring;
	struct ms_pkcs7 *message;
};

static const struct ms_cert *named(const struct search *s, const struct ms_key_id *id)
{
	return id->data ? ms_keyring_revoked(s->keyring, id) : NULL;
}

/* The revoked key that @cert is, or that has signed it; NULL: none. */
static int look_at_cert(const struct search *s, const struct ms_cert *cert,
			const struct ms_cert **ret)
{
	bool by_hash;
	int r = ms_keyring_check_tbs(s->ctx, s->keyring, cert, &by_hash);

	if (r < 0)
		return r;
	if (by_hash) {
		*ret = cert;
		return 0;
	}
	*ret = named(s, &cert->id);
	*ret = *ret ? *ret : named(s, &cert->skid);
	*ret = *ret ? *ret : named(s, &cert->authority_id);
	*ret = *ret ? *ret : named(s, &cert->authority_skid);
	return 0;
}

/*
 * What is revoked of @first and the certificates above it in the message, as far as the
 * way goes on: to the first that is revoked, or to one that was on a way before.
 */
static int look_at_chain(const struct search *s, struct ms_chain_cert *first,
			 const struct ms_cert **ret)
{
	struct ms_chain_cert *end = first;
	const struct ms_cert *key = NULL;

	while (end && !end->seen) {
		int r = ms_check_cancelled(s->ctx);

		r = r < 0 ? r : look_at_cert(s, end->cert, &end->revoked);
		if (r < 0)
			return r;
		end->seen = true;
		if (end->revoked)
			break;
		end = ms_pkcs7_find_issuer(s->message, end->cert);
	}
	if (end)
		key = end->revoked; /* none where the way has led in a circle */
	for (struct ms_chain_cert *c = first; key && c != end;
	     c = ms_pkcs7_find_issuer(s->message, c->cert))
		c->revoked = key;
	*ret = key;
	return 0;
}

/* @ret: the revoked key that @signer is or depends on; NULL: none. */
static int look_at_signer(const struct search *s, const struct ms_signer_info *signer,
			  const struct ms_cert **ret)
{
	int r = ms_check_cancelled(s->ctx);

	*ret = named(s, &signer->id);
	if (r < 0 || *ret)
		return r;
	return look_at_chain(s, ms_pkcs7_find(s->message, &signer->id), ret);
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

	for (struct ms_signer_info *s = message->signers; s; s = s->next)
		n++;
	return n;
}

static int look(const struct search *s, const char *where, struct ms_texts *texts)
{
	size_t n = count_signers(s->message), i = 0, revoked = 0;
	int r = 0;

	for (struct ms_signer_info *signer = s->message->signers; signer && r == 0;
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
	_cleanup_(cleanup_message) struct ms_pkcs7 *message = NULL;
	struct search s = { .ctx = ctx, .keyring = keyring };
	int r;

	if (!ms_keyring_has_revoked(keyring))
		return 0;
	r = ms_pkcs7_parse_names(ctx, rules, sig, len, &message);
	if (r < 0)
		return r;
	s.message = message;
	return look(&s, where, texts);
}

int ms_cms_count_signers(struct ms_ctx *ctx, const struct ms_rules *rules,
			 const uint8_t *sig, size_t len, size_t *ret)
{
	_cleanup_(cleanup_message) struct ms_pkcs7 *message = NULL;
	int r = ms_pkcs7_parse_names(ctx, rules, sig, len, &message);

	if (r == 0)
		*ret = count_signers(message);
	return r;
}
