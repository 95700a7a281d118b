/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The first pass over a message: does it hold together? (pkcs7_verify of
 * crypto/asymmetric_keys/pkcs7_verify.c, for module signatures.)
 *
 * A signer whose certificate is in the message must verify against it, and the chain of
 * certificates from there on as far as it goes within the message. Nothing is trusted
 * for it yet. Signers without a certificate in the message pass.
 */

#include <errno.h>

#include "../../base/context.h"
#include "pkcs7.h"

/*
 * The certificate in the message that has signed @cert: where it is found by issuer and
 * serial, the SKID must fit too if @cert says one. NULL: none.
 */
static int find_issuer(struct ms_judging *j, const struct ms_cert *cert,
		       struct ms_chain_cert **ret)
{
	struct ms_chain_cert *c = ms_pkcs7_find_issuer(j->message, cert);

	*ret = NULL;
	if (c && cert->authority_skid.data &&
	    !ms_key_id_same(&c->cert->skid, &cert->authority_skid))
		return ms_fail(j->ctx, -EKEYREJECTED,
			       "chain's certificate has another key identifier");
	*ret = c;
	return 0;
}

static void mark_blacklisted(struct ms_pkcs7_signer *signer,
			     const struct ms_chain_cert *end)
{
	signer->blacklisted = true;
	for (struct ms_chain_cert *c = signer->signer; c != end; c = c->signer)
		c->blacklisted = true;
}

/*
 * Does the signature of @c verify with @issuer, which find_issuer() gives for it? The
 * answer is kept, for the chains of hundreds of signers may lead through the same
 * certificates.
 */
static int verify_link(struct ms_judging *j, struct ms_chain_cert *c,
		       struct ms_chain_cert *issuer)
{
	if (!c->link_known)
		c->link = ms_cert_verify(j->ctx, j->rules, c->cert, &issuer->cert->key);
	c->link_known = true;
	return c->link;
}

static int verify_chain(struct ms_judging *j, struct ms_pkcs7_signer *signer)
{
	struct ms_chain_cert *c, *issuer;
	int r;

	for (c = j->message->certs; c; c = c->next)
		c->seen = false;
	for (c = signer->signer;; c = issuer) {
		c->seen = true;
		if (c->blacklisted) {
			mark_blacklisted(signer, c);
			return 0;
		}
		if (c->cert->self_signed) {
			if (!c->cert->unsupported_sig)
				c->signer = c;
			return 0;
		}
		r = find_issuer(j, c->cert, &issuer);
		if (r < 0)
			return r;
		if (!issuer || issuer->seen) /* the top, or a loop */
			return 0;
		r = verify_link(j, c, issuer);
		if (r < 0)
			return r;
		c->signer = issuer;
	}
}

static int verify_signer(struct ms_judging *j, struct ms_pkcs7_signer *signer)
{
	int r = ms_check_cancelled(j->ctx);

	r = r < 0 ? r : ms_signer_digest(j, signer);
	if (r < 0)
		return r;
	signer->signer = ms_pkcs7_find(j->message, &signer->id);
	if (!signer->signer)
		return 0;
	if (signer->attribute_set & MS_ATTRIBUTE_SIGNING_TIME &&
	    (signer->signing_time < signer->signer->cert->not_before ||
	     signer->signing_time > signer->signer->cert->not_after))
		return ms_fail(j->ctx, -EKEYREJECTED,
			       "signed outside of the certificate's validity");
	r = ms_signer_verify(j, signer, &signer->signer->cert->key);
	return r < 0 ? r : verify_chain(j, signer);
}

/* Signed attributes are no part of module signatures; ML-DSA may be let off. */
static int check_usage(struct ms_judging *j)
{
	const struct ms_pkcs7 *message = j->message;

	if (message->data_type != MS_OID_DATA)
		return ms_fail(j->ctx, -EKEYREJECTED,
			       "content type is not that of a module");
	if (!message->has_attributes)
		return 0;
	if (j->rules->waive_authattrs_mldsa && ms_sig_takes_data(message->signers->algo))
		return 0;
	return ms_fail(j->ctx, -EKEYREJECTED, "signed attributes in a module signature");
}

int ms_pkcs7_verify(struct ms_judging *j)
{
	int answer = -ENOPKG, r = check_usage(j);

	if (r < 0)
		return r;
	for (struct ms_pkcs7_signer *s = j->message->signers; s; s = s->next) {
		r = verify_signer(j, s);
		if (r < 0 && !ms_is_verdict(r))
			return r;
		if (s->blacklisted) {
			if (answer == -ENOPKG)
				answer = ms_fail(j->ctx, -EKEYREJECTED,
						 "certificate's hash is revoked");
		} else if (r == -ENOPKG) {
			s->unsupported_crypto = true;
		} else if (r < 0) {
			return r;
		} else {
			answer = 0;
		}
	}
	return answer;
}
