/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_HASH_HASH_H
#define MS_HASH_HASH_H

/* The library's side of the digest algorithms: what signing hands to OpenSSL. */

#include <modseal/hash.h>

#include "openssl.h"

/**
 * OpenSSL's implementation of @hash, fetched once for the whole process and never freed,
 * for use by any thread.
 * -EOPNOTSUPP: the crypto library has none; -EINVAL: MS_HASH_NONE.
 */
int ms_hash_md(struct ms_ctx *ctx, enum ms_hash hash, const EVP_MD **ret);

#endif
