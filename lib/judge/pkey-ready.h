/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_PKEY_READY_H
#define MS_JUDGE_PKEY_READY_H

/* A public key as the crypto library wants it, and the algorithms, one a file. */

#include "../base/cleanup.h"
#include "mathematics.h"
#include "pkey.h"

struct ms_pkey_ready {
	int error; /* the kernel does not take this key: its errno, negative */
	/* RSA */
	BIGNUM *modulus, *exponent;
	BN_MONT_CTX *mont; /* NULL for an even modulus */
	size_t size;	   /* of modulus and signature in bytes, whole 64-bit words */
	/* ECDSA, ML-DSA */
	EVP_PKEY *evp;
	BIGNUM *order;
	size_t words; /* 64-bit words of a coordinate */
};

struct ms_pkey_ready *ms_pkey_ready_free(struct ms_pkey_ready *ready);
MS_DEFINE_CLEANUP(ms_cleanup_pkey_ready, struct ms_pkey_ready *, ms_pkey_ready_free)

/* Each prepare: 0, a kernel errno for a bad key, or a failure as ms_pkey_verify()'s. */
int ms_rsa_prepare(struct ms_ctx *ctx, const struct ms_public_key *key,
		   struct ms_pkey_ready *ret);
int ms_rsa_verify(struct ms_ctx *ctx, const struct ms_rules *rules,
		  const struct ms_pkey_ready *ready, const struct ms_signature *sig);

int ms_ecdsa_prepare(struct ms_ctx *ctx, const struct ms_rules *rules,
		     const struct ms_public_key *key, struct ms_pkey_ready *ret);
int ms_ecdsa_verify(struct ms_ctx *ctx, const struct ms_pkey_ready *ready,
		    const struct ms_signature *sig);

int ms_mldsa_prepare(struct ms_ctx *ctx, const struct ms_public_key *key,
		     struct ms_pkey_ready *ret);
int ms_mldsa_verify(struct ms_ctx *ctx, enum ms_pkey algo,
		    const struct ms_pkey_ready *ready, const struct ms_signature *sig);

#endif
