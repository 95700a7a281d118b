/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Verifying one signature with one key: public_key_verify_signature() of Linux.
 *
 * A key is prepared for the crypto library by its first use; threads that race for it
 * all prepare it, and one of them keeps what it made. A key that the kernel would refuse
 * to set is prepared too: then the errno is all there is to it.
 */

#include "pkey.h"

#include <errno.h>
#include <stdatomic.h>

#include "../base/context.h"
#include "pkey-ready.h"
#include "versions.h"

bool ms_is_verdict(int error)
{
	switch (-error) {
	case EBADMSG:
	case EINVAL:
	case EKEYREJECTED:
	case EMSGSIZE:
	case ENOENT:
	case ENOKEY:
	case ENOPKG:
		return true;
	default:
		return false;
	}
}

static enum ms_sig_algo sig_algo_of_key(enum ms_pkey algo)
{
	const struct ms_key_type *type = ms_key_type_of_pkey(algo);

	return type ? type->sig : MS_SIG_NONE;
}

static bool is_sha(enum ms_hash hash)
{
	switch (hash) {
	case MS_HASH_SHA1:
	case MS_HASH_SHA224:
	case MS_HASH_SHA256:
	case MS_HASH_SHA384:
	case MS_HASH_SHA512:
	case MS_HASH_SHA3_256:
	case MS_HASH_SHA3_384:
	case MS_HASH_SHA3_512:
		return true;
	default:
		return false;
	}
}

/* software_key_determine_akcipher(), and the hashes that the RSA template knows. */
static bool hash_fits(enum ms_sig_algo algo, enum ms_hash hash)
{
	switch (algo) {
	case MS_SIG_RSA:
		return is_sha(hash) || hash == MS_HASH_MD5;
	case MS_SIG_ECDSA:
		return is_sha(hash);
	case MS_SIG_ECRDSA:
		return hash == MS_HASH_STREEBOG256 || hash == MS_HASH_STREEBOG512;
	case MS_SIG_SM2:
		return hash == MS_HASH_SM3;
	case MS_SIG_MLDSA44:
	case MS_SIG_MLDSA65:
	case MS_SIG_MLDSA87:
		return hash == MS_HASH_NONE || hash == MS_HASH_SHA512;
	case MS_SIG_NONE:
		break;
	}
	return false;
}

int ms_pkey_check(const struct ms_rules *rules, const struct ms_public_key *key,
		  enum ms_sig_algo algo, enum ms_hash hash)
{
	if (algo == MS_SIG_NONE || sig_algo_of_key(key->algo) != algo)
		return -EKEYREJECTED;
	/* the RSA template is looked up before the hash that it should go with */
	if (algo == MS_SIG_RSA && !rules->pkey[key->algo])
		return -ENOENT;
	if (!hash_fits(algo, hash))
		return -EINVAL;
	return rules->pkey[key->algo] ? 0 : -ENOENT;
}

struct ms_pkey_ready *ms_pkey_ready_free(struct ms_pkey_ready *ready)
{
	if (ready) {
		EVP_PKEY_free(ready->evp);
		BN_free(ready->modulus);
		BN_free(ready->exponent);
		BN_MONT_CTX_free(ready->mont);
		BN_free(ready->order);
		free(ready);
	}
	return NULL;
}

static int prepare(struct ms_ctx *ctx, const struct ms_rules *rules,
		   const struct ms_public_key *key, struct ms_pkey_ready *ret)
{
	switch (sig_algo_of_key(key->algo)) {
	case MS_SIG_RSA:
		return ms_rsa_prepare(ctx, key, ret);
	case MS_SIG_ECDSA:
		return ms_ecdsa_prepare(ctx, rules, key, ret);
	case MS_SIG_MLDSA44:
	case MS_SIG_MLDSA65:
	case MS_SIG_MLDSA87:
		return ms_mldsa_prepare(ctx, key, ret);
	default:
		return ms_fail(ctx, -EOPNOTSUPP,
			       "%s cannot verify this kind of key as the kernel does",
			       OpenSSL_version(OPENSSL_VERSION));
	}
}

static int get_ready(struct ms_ctx *ctx, const struct ms_rules *rules,
		     struct ms_public_key *key, struct ms_pkey_ready **ret)
{
	_cleanup_(ms_cleanup_pkey_ready) struct ms_pkey_ready *mine = NULL;
	struct ms_pkey_ready *there = atomic_load(&key->ready);
	int r;

	if (!there) {
		mine = calloc(1, sizeof(*mine));
		if (!mine)
			return ms_fail_nomem(ctx);
		r = prepare(ctx, rules, key, mine);
		if (r < 0 && !ms_is_verdict(r))
			return r;
		mine->error = r;
		if (atomic_compare_exchange_strong(&key->ready, &there, mine))
			there = ms_steal(&mine);
	}
	*ret = there;
	return 0;
}

int ms_pkey_verify(struct ms_ctx *ctx, const struct ms_rules *rules,
		   struct ms_public_key *key, const struct ms_signature *sig)
{
	struct ms_pkey_ready *ready = NULL;
	int r = get_ready(ctx, rules, key, &ready);

	if (r < 0)
		return r;
	if (ready->error < 0)
		return ready->error;
	switch (sig->algo) {
	case MS_SIG_RSA:
		return ms_rsa_verify(ctx, rules, ready, sig);
	case MS_SIG_ECDSA:
		return ms_ecdsa_verify(ctx, ready, sig);
	case MS_SIG_MLDSA44:
	case MS_SIG_MLDSA65:
	case MS_SIG_MLDSA87:
		return ms_mldsa_verify(ctx, key->algo, ready, sig);
	default:
		return ms_fail(ctx, -EIO, "key of an unknown type was prepared");
	}
}

void ms_public_key_done(struct ms_public_key *key)
{
	ms_pkey_ready_free(atomic_exchange(&key->ready, NULL));
}
