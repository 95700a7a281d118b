/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_BUNDLE_H
#define MODSEAL_BUNDLE_H

/*
 * Detached signatures, found by the digest of the payload they belong to.
 *
 * On disk: a line "modseal-signatures 1", then one line for each signature, sorted
 * bytewise: `sha256:HEX BASE64 PATH`. The digest only finds; trust comes from
 * verifying what was found.
 */

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_bundle;

MS_PUBLIC struct ms_bundle *ms_bundle_new(void);
/** Frees @bundle, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_bundle *ms_bundle_free(struct ms_bundle *bundle);

/**
 * Reads a bundle file. @path "-" is standard input.
 * -EBADMSG: not a bundle; the message names the line.
 */
MS_PUBLIC int ms_bundle_load(struct ms_ctx *ctx, const char *path,
			     struct ms_bundle **ret);

/**
 * Reads a directory of raw DER signatures, `PATH.sig` or `PATH.p7s`, which are found
 * by the module's path (with or without its compression suffix), not by digest.
 */
MS_PUBLIC int ms_bundle_load_dir(struct ms_ctx *ctx, const char *path,
				 struct ms_bundle **ret);

/** True where signatures are found by path alone: nothing but a trust set vouches then. */
MS_PUBLIC bool ms_bundle_by_path(const struct ms_bundle *bundle);

/**
 * Adds one signature (copied). @path is for information, any bytes. Adding the same
 * digest, signature and path again changes nothing. Not to be called concurrently.
 */
MS_PUBLIC int ms_bundle_add(struct ms_ctx *ctx, struct ms_bundle *bundle,
			    const uint8_t sha256[32], const void *der, size_t len,
			    const char *path);

/**
 * Finds the signature for a payload: of several with this digest the one whose path
 * is @path, else the first. @ret_der is borrowed. -ENOENT: none.
 */
MS_PUBLIC int ms_bundle_find(const struct ms_bundle *bundle, const uint8_t sha256[32],
			     const char *path, const uint8_t **ret_der, size_t *ret_len);

/** The number of signatures. */
MS_PUBLIC size_t ms_bundle_count(const struct ms_bundle *bundle);

/** The @i-th signature, borrowed. -ENOENT: past the last. */
MS_PUBLIC int ms_bundle_at(const struct ms_bundle *bundle, size_t i,
			   const uint8_t **ret_der, size_t *ret_len);

/** Writes the bundle, sorted, replacing @path atomically. @sync: to disk as well. */
MS_PUBLIC int ms_bundle_save(struct ms_ctx *ctx, struct ms_bundle *bundle,
			     const char *path, bool sync);

#ifdef __cplusplus
}
#endif
#endif
