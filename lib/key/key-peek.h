/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_KEY_PEEK_H
#define MS_KEY_KEY_PEEK_H

/* What a private key is, before OpenSSL decodes it. */

#include "key.h"

/**
 * 0 where the key in @pkcs8 is of a kind that modules are signed with, and OpenSSL may
 * decode it. @shown: where it is from. -EINVAL: of another kind, with a message; -EBADMSG:
 * no key, without one; -ENOMEM.
 */
int ms_key_peek_pkcs8(struct ms_ctx *ctx, const char *shown,
		      const PKCS8_PRIV_KEY_INFO *pkcs8);

/**
 * The same for RSAPrivateKey (RFC 8017, A.1.2) and ECPrivateKey (RFC 5915). @ret: which of
 * them it is, EVP_PKEY_RSA or EVP_PKEY_EC.
 */
int ms_key_peek_traditional(struct ms_ctx *ctx, const char *shown, const uint8_t *der,
			    size_t len, int *ret);

#endif
