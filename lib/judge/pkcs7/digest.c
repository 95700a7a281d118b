/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a signer has signed (pkcs7_digest and public_key_verify_signature of Linux): the
 * digest of the payload; for ML-DSA the payload itself; or, where there are signed
 * attributes, these with the payload's digest in them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/context.h"
#include "../ber.h"
#include "pkcs7.h"

/* The digest that the attributes state must be the payload's. */
static int check_message_digest(struct ms_judging *j, const struct ms_pkcs7_signer *signer)
{
	const uint8_t *digest;
	int r = ms_payload_digest(j->ctx, j->payload, signer->hash, &digest);

	if (r < 0)
		return r;
	if (signer->message_digest.len != ms_hash_size(signer->hash))
		return ms_fail(j->ctx, -EBADMSG, "signed digest has a wrong size");
	if (memcmp(signer->message_digest.data, digest, signer->message_digest.len) != 0)
		return ms_fail(j->ctx, -EKEYREJECTED,
			       "signed digest is not the payload's");
	return 0;
}

/* The attributes stand in the message as [0] and are signed as SET OF. */
static int digest_attributes(struct ms_judging *j, struct ms_pkcs7_signer *signer)
{
	size_t len = signer->attributes.len;
	int r = check_message_digest(j, signer);

	if (r < 0)
		return r;
	free(signer->signed_attributes);
	signer->signed_attributes = malloc(len);
	if (!signer->signed_attributes)
		return ms_fail_nomem(j->ctx);
	memcpy(signer->signed_attributes, signer->attributes.data, len);
	signer->signed_attributes[0] = MS_BER_SET;
	if (ms_sig_takes_data(signer->algo)) {
		signer->message = (struct ms_bytes){ signer->signed_attributes, len };
		return 0;
	}
	signer->message = (struct ms_bytes){ signer->digest, ms_hash_size(signer->hash) };
	return ms_hash_bytes(j->ctx, signer->hash, signer->signed_attributes, len,
			     signer->digest);
}

int ms_signer_digest(struct ms_judging *j, struct ms_pkcs7_signer *signer)
{
	if (!signer->attributes.data && ms_sig_takes_data(signer->algo)) {
		signer->message = (struct ms_bytes){ j->payload->data, j->payload->len };
		return 0;
	}
	if (!j->rules->hash[signer->hash])
		return ms_fail(j->ctx, -ENOPKG, "the kernel lacks the hash %s",
			       ms_hash_name(signer->hash));
	return signer->attributes.data ? digest_attributes(j, signer) : 0;
}

int ms_signer_verify(struct ms_judging *j, struct ms_pkcs7_signer *signer,
		     struct ms_public_key *key)
{
	struct ms_signature sig = {
		.algo = signer->algo,
		.hash = signer->hash,
		.value = signer->value,
	};
	const uint8_t *digest;
	int r = ms_pkey_check(j->rules, key, signer->algo, signer->hash);

	if (r < 0)
		return r;
	if (!signer->attributes.data && !ms_sig_takes_data(signer->algo)) {
		r = ms_payload_digest(j->ctx, j->payload, signer->hash, &digest);
		if (r < 0)
			return r;
		signer->message = (struct ms_bytes){ digest, ms_hash_size(signer->hash) };
	}
	sig.message = signer->message;
	return ms_pkey_verify(j->ctx, j->rules, key, &sig);
}
