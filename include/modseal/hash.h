/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_HASH_H
#define MODSEAL_HASH_H

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The digest algorithms that the kernel's PKCS#7 parser knows
 * (crypto/asymmetric_keys/pkcs7_parser.c). modseal signs with the first six; the
 * others are only ever read, and no kernel that modseal knows trusts them.
 */
enum ms_hash {
	MS_HASH_NONE = 0,
	MS_HASH_SHA256,
	MS_HASH_SHA384,
	MS_HASH_SHA512,
	MS_HASH_SHA3_256,
	MS_HASH_SHA3_384,
	MS_HASH_SHA3_512,
	MS_HASH_SHA1,
	MS_HASH_SHA224,
	MS_HASH_SM3,
	MS_HASH_STREEBOG256,
	MS_HASH_STREEBOG512,
	MS_HASH_MD4, /* until Linux 6.6 */
	MS_HASH_MD5, /* until Linux 6.6 */
};

/** The largest digest of any of them, in bytes. */
#define MS_HASH_MAX_SIZE 64

/** The kernel's name of @hash ("sha3-256"), a constant; "none" for MS_HASH_NONE. */
MS_PUBLIC const char *ms_hash_name(enum ms_hash hash);

/** The size of its digests in bytes; 0 for MS_HASH_NONE. */
MS_PUBLIC size_t ms_hash_size(enum ms_hash hash);

/**
 * Finds the algorithm by the kernel's name. Only those that modseal signs with are
 * found. 0, or -EINVAL with a message that lists the names.
 */
MS_PUBLIC int ms_hash_from_name(struct ms_ctx *ctx, const char *name, enum ms_hash *ret);

#ifdef __cplusplus
}
#endif
#endif
