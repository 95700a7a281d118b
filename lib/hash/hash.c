/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The digest algorithms: one table from the kernel's names to sizes and to OpenSSL.
 *
 * Fetching an algorithm costs more than hashing a small module, so each is fetched on
 * first use and kept to the end of the process. Threads that race for the first use both
 * fetch, and one of them drops its own.
 *
 * A PKCS#11 provider may offer digests that the token computes. The payload is never
 * sent there: such a provider is only taken where there is no other.
 */

#include "hash.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "payload.h"

/* What is hashed at a time, in bytes: some hundredths of a second. */
enum { PIECE = 8 << 20 };

static const struct {
	const char *name; /* include/linux/crypto.h and crypto/hash_info.c have them */
	const char *openssl;
	size_t size;
	bool signs;
} table[MS_HASH_COUNT] = {
	[MS_HASH_NONE] = { "none", NULL, 0, false },
	[MS_HASH_SHA256] = { "sha256", "SHA2-256", 32, true },
	[MS_HASH_SHA384] = { "sha384", "SHA2-384", 48, true },
	[MS_HASH_SHA512] = { "sha512", "SHA2-512", 64, true },
	[MS_HASH_SHA3_256] = { "sha3-256", "SHA3-256", 32, true },
	[MS_HASH_SHA3_384] = { "sha3-384", "SHA3-384", 48, true },
	[MS_HASH_SHA3_512] = { "sha3-512", "SHA3-512", 64, true },
	[MS_HASH_SHA1] = { "sha1", "SHA1", 20, false },
	[MS_HASH_SHA224] = { "sha224", "SHA2-224", 28, false },
	[MS_HASH_SM3] = { "sm3", "SM3", 32, false },
	[MS_HASH_STREEBOG256] = { "streebog256", "md_gost12_256", 32, false },
	[MS_HASH_STREEBOG512] = { "streebog512", "md_gost12_512", 64, false },
	[MS_HASH_MD4] = { "md4", "MD4", 16, false },
	[MS_HASH_MD5] = { "md5", "MD5", 16, false },
};

static _Atomic(EVP_MD *) fetched[MS_HASH_COUNT];

static bool is_known(enum ms_hash hash)
{
	return hash > MS_HASH_NONE && hash < MS_HASH_COUNT;
}

const char *ms_hash_name(enum ms_hash hash)
{
	return table[is_known(hash) ? hash : MS_HASH_NONE].name;
}

size_t ms_hash_size(enum ms_hash hash)
{
	return is_known(hash) ? table[hash].size : 0;
}

int ms_hash_from_name(struct ms_ctx *ctx, const char *name, enum ms_hash *ret)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(table); i++) {
		if (table[i].signs && !strcmp(table[i].name, name)) {
			*ret = (enum ms_hash)i;
			return 0;
		}
	}
	return ms_fail(
		ctx, -EINVAL,
		"no such hash '%s': it is one of sha256, sha384, sha512, sha3-256, "
		"sha3-384, sha3-512",
		name);
}

int ms_hash_md(struct ms_ctx *ctx, enum ms_hash hash, const EVP_MD **ret)
{
	EVP_MD *md, *other = NULL;

	if (!is_known(hash))
		return ms_fail(ctx, -EINVAL, "no hash given");
	md = atomic_load(&fetched[hash]);
	if (!md) {
		md = EVP_MD_fetch(NULL, table[hash].openssl, "?provider!=pkcs11");
		if (!md)
			return ms_fail_openssl(ctx, -EOPNOTSUPP,
					       "this OpenSSL cannot compute %s",
					       table[hash].name);
		if (!atomic_compare_exchange_strong(&fetched[hash], &other, md)) {
			EVP_MD_free(md);
			md = other;
		}
	}
	*ret = md;
	return 0;
}

int ms_hash_bytes(struct ms_ctx *ctx, enum ms_hash hash, const void *data, size_t len,
		  uint8_t *ret)
{
	struct ms_hash_part part = {data, len};
	const EVP_MD *md;
	unsigned size = 0;
	int r;

	if (len > PIECE)
		return ms_hash_parts(ctx, hash, &part, 1, ret);
	r = ms_hash_md(ctx, hash, &md);
	if (r < 0)
		return r;
	if (EVP_Digest(data, len, ret, &size, md, NULL) != 1 || size != table[hash].size)
		return ms_fail_openssl(ctx, -EIO, "cannot compute %s", table[hash].name);
	return 0;
}

/* Cancellation is looked for between pieces, so that what is short is always hashed. */
static int update(struct ms_ctx *ctx, EVP_MD_CTX *state, enum ms_hash hash,
		  const struct ms_hash_part *part)
{
	const uint8_t *data = part->data;
	size_t left = part->len;
	int r = 0;

	while (r == 0 && left > 0) {
		size_t n = left < PIECE ? left : PIECE;

		if (EVP_DigestUpdate(state, data, n) != 1)
			return ms_fail_openssl(ctx, -EIO, "cannot compute %s",
					       table[hash].name);
		data += n;
		left -= n;
		r = left > 0 ? ms_check_cancelled(ctx) : 0;
	}
	return r;
}

int ms_hash_parts(struct ms_ctx *ctx, enum ms_hash hash, const struct ms_hash_part *parts,
		  size_t n, uint8_t *ret)
{
	_cleanup_(ms_evp_md_ctx_done) EVP_MD_CTX *state = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	const EVP_MD *md;
	unsigned size = 0;
	int r = ms_hash_md(ctx, hash, &md);
	bool good;

	if (r < 0)
		return r;
	good = state && EVP_DigestInit_ex2(state, md, NULL) == 1;
	for (size_t i = 0; good && r == 0 && i < n; i++)
		r = update(ctx, state, hash, &parts[i]);
	if (r < 0)
		return r;
	if (!good || EVP_DigestFinal_ex(state, digest, &size) != 1 ||
	    size != table[hash].size)
		return ms_fail_openssl(ctx, -EIO, "cannot compute %s", table[hash].name);
	memcpy(ret, digest, size);
	return 0;
}

int ms_payload_digest(struct ms_ctx *ctx, struct ms_payload *payload, enum ms_hash hash,
		      const uint8_t **ret)
{
	uint32_t bit;
	int r;

	if (!is_known(hash))
		return ms_fail(ctx, -EINVAL, "no hash given");
	bit = (uint32_t)1 << hash;
	if (!(payload->known & bit)) {
		r = ms_hash_bytes(ctx, hash, payload->data, payload->len,
				  payload->digest[hash]);
		if (r < 0)
			return r;
		payload->known |= bit;
	}
	*ret = payload->digest[hash];
	return 0;
}
