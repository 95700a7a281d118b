/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * RSA with PKCS#1 v1.5 padding, as crypto/rsa.c, rsassa-pkcs1.c and (before Linux 6.13)
 * rsa-pkcs1pad.c of Linux have it. The number that was signed:
 *
 *	00 01 FF … FF 00 ‖ prefix ‖ digest
 *
 * The prefix is the DigestInfo up to the digest (RFC 8017 9.2, note 1). The
 * exponentiation is libcrypto's; padding and bounds are looked at here, since the kernel
 * has an errno for each. BN rather than EVP: the kernel takes moduli and exponents that
 * EVP does not.
 */

#include <errno.h>
#include <string.h>

#include "../base/context.h"
#include "../base/cursor.h"
#include "../hash/payload.h"
#include "grammar.h"
#include "pkey-ready.h"
#include "versions.h"

enum { MAX_MODULUS = 512, WORD = 8, MIN_PADDING = 8, MAX_PREFIX = 19 };

struct rsa_key {
	struct ms_bytes n, e;
};

int ms_rsa_note_n(void *userdata, const struct ms_ber_item *item)
{
	struct rsa_key *key = userdata;

	if (item->len == 0)
		return -EINVAL;
	key->n = (struct ms_bytes){ item->value, item->len };
	return 0;
}

int ms_rsa_note_e(void *userdata, const struct ms_ber_item *item)
{
	struct rsa_key *key = userdata;

	if (item->len == 0 || item->len > key->n.len)
		return -EINVAL;
	key->e = (struct ms_bytes){ item->value, item->len };
	return 0;
}

static BIGNUM *number(struct ms_bytes bytes)
{
	return BN_bin2bn(bytes.data, (int)bytes.len, NULL);
}

static bool is_modulus_size(size_t size)
{
	const struct ms_key_type *type;

	for (size_t i = 0; (type = ms_key_type_at(i)); i++)
		if (type->family == MS_KEY_RSA && (size_t)type->bits == 8 * size)
			return true;
	return false;
}

static int prepare_montgomery(struct ms_ctx *ctx, struct ms_pkey_ready *ready)
{
	_cleanup_(ms_bn_ctx_done) BN_CTX *bn_ctx = BN_CTX_new();

	if (!BN_is_odd(ready->modulus))
		return 0;
	ready->mont = BN_MONT_CTX_new();
	if (!bn_ctx || !ready->mont ||
	    BN_MONT_CTX_set(ready->mont, ready->modulus, bn_ctx) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot prepare an RSA key");
	return 0;
}

int ms_rsa_prepare(struct ms_ctx *ctx, const struct ms_public_key *key,
		   struct ms_pkey_ready *ret)
{
	struct rsa_key raw = { 0 };
	int r = ms_ber_walk(ms_rsa_key_grammar, &raw, key->key.data, key->key.len);

	if (r < 0)
		return r;
	ret->modulus = number(raw.n);
	ret->exponent = number(raw.e);
	if (!ret->modulus || !ret->exponent)
		return ms_fail_openssl(ctx, -EIO, "cannot prepare an RSA key");
	ret->size = ((size_t)BN_num_bytes(ret->modulus) + WORD - 1) / WORD * WORD;
	if (!is_modulus_size(ret->size))
		return -EINVAL;
	return prepare_montgomery(ctx, ret);
}

/* 1 < m < n-1; before Linux 6.10 all of 0 to n-1. */
static int check_signature_range(const struct ms_rules *rules, const BIGNUM *m,
				 const BIGNUM *n)
{
	_cleanup_(ms_bn_done) BIGNUM *last = BN_dup(n);

	if (!last || BN_sub_word(last, 1) != 1)
		return -EIO;
	if (!ms_linux_within(rules, MS_LINUX_RSA_BOUNDS, 0))
		return BN_cmp(m, n) < 0 ? 0 : -EINVAL;
	return BN_is_zero(m) || BN_is_one(m) || BN_cmp(m, last) >= 0 ? -EINVAL : 0;
}

static int exponentiate(struct ms_ctx *ctx, const struct ms_rules *rules,
			const struct ms_pkey_ready *ready, struct ms_bytes sig,
			uint8_t *ret)
{
	_cleanup_(ms_bn_ctx_done) BN_CTX *bn_ctx = BN_CTX_new();
	_cleanup_(ms_bn_done) BIGNUM *m = number(sig);
	_cleanup_(ms_bn_done) BIGNUM *c = BN_new();
	int r, done;

	if (!bn_ctx || !m || !c)
		return ms_fail_openssl(ctx, -EIO, "cannot compute RSA");
	r = check_signature_range(rules, m, ready->modulus);
	if (r < 0)
		return ms_is_verdict(r) ? r
					: ms_fail_openssl(ctx, r, "cannot compute RSA");
	done = ready->mont ? BN_mod_exp_mont(c, m, ready->exponent, ready->modulus,
					     bn_ctx, ready->mont)
			   : BN_mod_exp(c, m, ready->exponent, ready->modulus, bn_ctx);
	if (done != 1 || BN_bn2binpad(c, ret, (int)ready->size) != (int)ready->size)
		return ms_fail_openssl(ctx, -EIO, "cannot compute RSA");
	return 0;
}

/* DigestInfo up to the digest: two lengths, the OID, NULL, the digest's length. */
static const struct {
	uint8_t len;
	uint8_t bytes[MAX_PREFIX];
} prefixes[MS_HASH_COUNT] = {
/* clang-format off */
#define NIST(digest, arc)                                                                 \
	{ 19, { 0x30, 17 + (digest), 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,      \
		0x65, 0x03, 0x04, 0x02, (arc), 0x05, 0x00, 0x04, (digest) } }
	[MS_HASH_SHA256] = NIST(32, 1),
	[MS_HASH_SHA384] = NIST(48, 2),
	[MS_HASH_SHA512] = NIST(64, 3),
	[MS_HASH_SHA224] = NIST(28, 4),
	[MS_HASH_SHA3_256] = NIST(32, 8),
	[MS_HASH_SHA3_384] = NIST(48, 9),
	[MS_HASH_SHA3_512] = NIST(64, 10),
#undef NIST
	/* clang-format on */
	[MS_HASH_SHA1] = { 15,
			   { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02,
			     0x1a, 0x05, 0x00, 0x04, 0x14 } },
	[MS_HASH_MD5] = { 18,
			  { 0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86,
			    0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10 } },
};

static int check_padding(struct ms_cursor *c)
{
	uint8_t byte;
	size_t padding = 0;

	if (ms_cur_u8(c, &byte) < 0 || byte != 0)
		return -EINVAL;
	if (ms_cur_u8(c, &byte) < 0 || byte != 1)
		return -EBADMSG;
	while (ms_cur_u8(c, &byte) == 0 && byte == 0xff)
		padding++;
	return padding >= MIN_PADDING && byte == 0 ? 0 : -EBADMSG;
}

static int check_encoded(struct ms_cursor c, const struct ms_signature *sig)
{
	const uint8_t *prefix, *digest;
	int r = check_padding(&c);

	if (r < 0)
		return r;
	if (ms_cur_bytes(&c, prefixes[sig->hash].len, &prefix) < 0 ||
	    memcmp(prefix, prefixes[sig->hash].bytes, prefixes[sig->hash].len) != 0)
		return -EBADMSG;
	if (ms_cur_left(&c) != sig->message.len ||
	    ms_cur_bytes(&c, sig->message.len, &digest) < 0)
		return -EKEYREJECTED;
	return memcmp(digest, sig->message.data, sig->message.len) ? -EKEYREJECTED : 0;
}

int ms_rsa_verify(struct ms_ctx *ctx, const struct ms_rules *rules,
		  const struct ms_pkey_ready *ready, const struct ms_signature *sig)
{
	uint8_t encoded[MAX_MODULUS];
	int r;

	if (sig->value.len != ready->size || sig->message.len != ms_hash_size(sig->hash))
		return -EINVAL;
	r = exponentiate(ctx, rules, ready, sig->value, encoded);
	if (r < 0)
		return r;
	return check_encoded(ms_cur_of(encoded, ready->size), sig);
}
