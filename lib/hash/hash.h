/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_HASH_HASH_H
#define MS_HASH_HASH_H

/* The library's side of the digest algorithms: what cms needs to hand to OpenSSL. */

#include <openssl/evp.h>

#include <modseal/hash.h>

/**
 * OpenSSL's implementation of @hash, fetched once for the whole process and never freed,
 * for use by any thread.
 * -EOPNOTSUPP: the crypto library has none; -EINVAL: MS_HASH_NONE.
 */
int ms_hash_md(struct ms_ctx *ctx, enum ms_hash hash, const EVP_MD **ret);

/**
 * As ms_fail(), with ": " and the reason of the first error in OpenSSL's queue behind the
 * message; the queue is empty then. Only OpenSSL's own constant texts are taken, never the
 * data that go with an error: those can quote a URI that holds a PIN.
 */
__attribute__((format(printf, 3, 4))) int ms_fail_openssl(struct ms_ctx *ctx, int error,
							  const char *format, ...);

#endif
