/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * ML-DSA (FIPS 204) with an empty context, as lib/crypto/mldsa.c of Linux has it. A
 * signature is c~ ‖ z ‖ h. The kernel answers -EBADMSG where z or h is not well formed
 * and -EKEYREJECTED where the signature is wrong; the library does not tell the two
 * apart, so the form is looked at here.
 *
 *	z  l × 256 coefficients of 18 or 20 bits, little-endian: gamma1 - z, and |z| must
 *	   be less than gamma1 - beta
 *	h  omega positions, then k running totals: the positions of each polynomial
 *	   ascend, and those that are not used are zero
 */

#include <errno.h>
#include <stdlib.h>

#include "../base/context.h"
#include "../base/cursor.h"
#include "pkey-ready.h"

enum { COEFFICIENTS = 256 };

/* FIPS 204, table 1: what is inside of a signature. */
struct parameters {
	size_t challenge_len;
	unsigned k, l, gamma1_bits, beta, omega;
};

static const struct parameters parameters[MS_PKEY_COUNT] = {
	[MS_PKEY_MLDSA44] = { 32, 4, 4, 17, 78, 80 },
	[MS_PKEY_MLDSA65] = { 48, 6, 5, 19, 196, 55 },
	[MS_PKEY_MLDSA87] = { 64, 8, 7, 19, 120, 75 },
};

int ms_mldsa_prepare(struct ms_ctx *ctx, const struct ms_public_key *key,
		     struct ms_pkey_ready *ret)
{
	const struct ms_key_type *type = ms_key_type_of_pkey(key->algo);

	if (key->key.len != type->public_key)
		return -EINVAL;
	ret->evp = EVP_PKEY_new_raw_public_key_ex(NULL, type->openssl, NULL,
						  key->key.data, key->key.len);
	if (ret->evp)
		return 0;
	ms_fail_openssl(ctx, -EOPNOTSUPP, "%s cannot verify %s",
			OpenSSL_version(OPENSSL_VERSION), type->openssl);
	return ms_hint(ctx, -EOPNOTSUPP, "OpenSSL 3.5 and newer can");
}

static bool z_is_well_formed(const struct parameters *p, struct ms_cursor *c)
{
	unsigned bits = p->gamma1_bits + 1, have = 0;
	int32_t gamma1 = (int32_t)1 << p->gamma1_bits;
	uint32_t pool = 0;

	for (unsigned i = 0; i < p->l * COEFFICIENTS; i++) {
		uint8_t byte;
		int32_t z;

		for (; have < bits; have += 8) {
			if (ms_cur_u8(c, &byte) < 0)
				return false;
			pool |= (uint32_t)byte << have;
		}
		z = gamma1 - (int32_t)(pool & ((UINT32_C(1) << bits) - 1));
		pool >>= bits;
		have -= bits;
		if (abs(z) >= gamma1 - (int32_t)p->beta)
			return false;
	}
	return true;
}

static bool h_is_well_formed(const struct parameters *p, struct ms_cursor *c)
{
	const uint8_t *positions, *totals;
	unsigned i = 0;

	if (ms_cur_bytes(c, p->omega, &positions) < 0 ||
	    ms_cur_bytes(c, p->k, &totals) < 0)
		return false;
	for (unsigned row = 0; row < p->k; row++) {
		unsigned first = i;

		if (totals[row] < i || totals[row] > p->omega)
			return false;
		for (; i < totals[row]; i++)
			if (i > first && positions[i] <= positions[i - 1])
				return false;
	}
	for (; i < p->omega; i++)
		if (positions[i] != 0)
			return false;
	return true;
}

int ms_mldsa_verify(struct ms_ctx *ctx, enum ms_pkey algo,
		    const struct ms_pkey_ready *ready, const struct ms_signature *sig)
{
	_cleanup_(ms_evp_md_ctx_done) EVP_MD_CTX *md_ctx = NULL;
	const struct ms_key_type *type = ms_key_type_of_pkey(algo);
	const struct parameters *p = &parameters[algo];
	struct ms_cursor c = ms_cur_of(sig->value.data, sig->value.len);
	int r;

	if (sig->value.len != type->signature || ms_cur_skip(&c, p->challenge_len) < 0 ||
	    !z_is_well_formed(p, &c) || !h_is_well_formed(p, &c))
		return -EBADMSG;
	md_ctx = EVP_MD_CTX_new();
	if (!md_ctx || EVP_DigestVerifyInit_ex(md_ctx, NULL, NULL, NULL, NULL, ready->evp,
					       NULL) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot compute %s", type->openssl);
	r = EVP_DigestVerify(md_ctx, sig->value.data, sig->value.len, sig->message.data,
			     sig->message.len);
	if (r == 1)
		return 0;
	if (r != 0)
		return ms_fail_openssl(ctx, -EIO, "cannot compute %s", type->openssl);
	ERR_clear_error();
	return -EKEYREJECTED;
}
