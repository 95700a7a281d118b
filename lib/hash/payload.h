/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_HASH_PAYLOAD_H
#define MS_HASH_PAYLOAD_H

/*
 * The bytes that a signature is about, with their digests, each made at most once:
 * signing, verifying and reporting ask for the same ones.
 */

#include <modseal/base.h>
#include <modseal/hash.h>

/** For tables with an element for each enum ms_hash: behind the last of them. */
#define MS_HASH_COUNT (MS_HASH_MD5 + 1)

/** Borrowed bytes. Set data and len, the rest zero. Used by one thread. */
struct ms_payload {
	const uint8_t *data;
	size_t len;
	uint32_t known; /* bit 1 << hash: digest[hash] is made */
	uint8_t digest[MS_HASH_COUNT][MS_HASH_MAX_SIZE];
};

/**
 * The digest of the payload, ms_hash_size() bytes, owned by it.
 * -EOPNOTSUPP: the crypto library has no such algorithm; -EIO: it failed.
 */
int ms_payload_digest(struct ms_ctx *ctx, struct ms_payload *payload, enum ms_hash hash,
		      const uint8_t **ret);

/** The digest of some bytes; @ret has room for MS_HASH_MAX_SIZE. Errors as above. */
int ms_hash_bytes(struct ms_ctx *ctx, enum ms_hash hash, const void *data, size_t len,
		  uint8_t *ret);

/** A piece of what is hashed, borrowed. */
struct ms_hash_part {
	const void *data;
	size_t len;
};

/** The digest of @n pieces, one behind the other; @ret: ms_hash_size() bytes. As above. */
int ms_hash_parts(struct ms_ctx *ctx, enum ms_hash hash, const struct ms_hash_part *parts,
		  size_t n, uint8_t *ret);

#endif
