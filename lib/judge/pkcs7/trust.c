/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The second pass over a message: is there a key behind it that the keyring holds?
 * (pkcs7_validate_trust of crypto/asymmetric_keys/pkcs7_trust.c.)
 *
 * From a signer's certificate up the chain that the first pass has linked, the first
 * certificate that is in the keyring must verify what comes below it; else the signer of
 * the chain's last certificate; else the signer itself. The marks "verified" are kept
 * between this pass over the revoked keys and that over the trusted ones, as in the
 * kernel.
 */

#include <errno.h>

#include "../../base/context.h"
#include "pkcs7.h"

struct search {
	struct ms_judging *j;
	enum ms_keys keys;
	struct ms_pkcs7_signer *signer;
	struct ms_chain_cert *cert; /* the certificate that stands for the key; or NULL */
	struct ms_chain_cert
		*below; /* whose signature the key must verify; NULL: signer's */
	struct ms_cert *key;
};

enum { NOT_FOUND = 0, FOUND = 1, VERIFIED = 2 };

/* Is one of the chain's certificates in the keyring? An enum above, or an error. */
static int search_chain(struct search *s)
{
	struct ms_chain_cert *c;

	for (c = s->signer->signer; c; c = c->signer) {
		int r;

		s->cert = c;
		if (c->seen)
			return c->verified ? VERIFIED : -ENOKEY;
		c->seen = true;
		r = ms_keyring_find(s->j->keyring, s->keys, &c->cert->id, &c->cert->skid,
				    &s->key);
		if (r == 0)
			return FOUND;
		if (c->signer == c)
			return -ENOKEY; /* a root of its own, and unknown */
		s->below = c;
	}
	s->cert = s->below;
	return NOT_FOUND;
}

/* Is the signer of the chain's last certificate in the keyring? */
static int search_above(struct search *s)
{
	const struct ms_cert *last;
	int r;

	if (!s->below)
		return NOT_FOUND;
	last = s->below->cert;
	if (!last->authority_id.data && !last->authority_skid.data)
		return NOT_FOUND;
	r = ms_keyring_find(s->j->keyring, s->keys, &last->authority_id,
			    &last->authority_skid, &s->key);
	if (r == -ENOKEY)
		return NOT_FOUND;
	return r < 0 ? r : FOUND;
}

static int search_directly(struct search *s)
{
	static const struct ms_key_id none = { NULL, 0 };
	int r = ms_keyring_find(s->j->keyring, s->keys, &s->signer->id, &none, &s->key);

	s->cert = NULL;
	s->below = NULL;
	return r < 0 ? r : FOUND;
}

static int verify_found(struct search *s)
{
	struct ms_judging *j = s->j;
	int r = s->below ? ms_cert_verify(j->ctx, j->rules, s->below->cert, &s->key->key)
			 : ms_signer_verify(j, s->signer, &s->key->key);

	if (r < 0 && ms_is_verdict(r))
		return ms_fail(j->ctx, -EKEYREJECTED, "signature does not verify");
	if (r == 0 && s->keys == MS_KEYS_TRUSTED)
		j->vouched_by = s->key;
	return r;
}

static int trust_signer(struct ms_judging *j, enum ms_keys keys,
			struct ms_pkcs7_signer *signer)
{
	struct search s = { .j = j, .keys = keys, .signer = signer };
	int r;

	r = ms_check_cancelled(j->ctx);
	if (r < 0)
		return r;
	if (signer->unsupported_crypto)
		return -ENOPKG;
	r = search_chain(&s);
	if (r == NOT_FOUND)
		r = search_above(&s);
	if (r == NOT_FOUND)
		r = search_directly(&s);
	if (r == FOUND)
		r = verify_found(&s);
	if (r < 0)
		return r;
	if (s.cert) {
		s.cert->verified = true;
		for (struct ms_chain_cert *c = signer->signer; c != s.cert; c = c->signer)
			c->verified = true;
	}
	return 0;
}

int ms_pkcs7_trust(struct ms_judging *j, enum ms_keys keys)
{
	int answer = -ENOKEY;

	for (struct ms_chain_cert *c = j->message->certs; c; c = c->next)
		c->seen = false;
	for (struct ms_pkcs7_signer *s = j->message->signers; s; s = s->next) {
		int r = trust_signer(j, keys, s);

		if (r == 0)
			answer = 0;
		else if (r == -ENOPKG)
			answer = answer == -ENOKEY ? -ENOPKG : answer;
		else if (r != -ENOKEY)
			return r;
	}
	return answer;
}
