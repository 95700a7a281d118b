/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_HASH_OPENSSL_H
#define MS_HASH_OPENSSL_H

/*
 * What every area that calls OpenSSL needs: its errors as messages, and its objects bound
 * to a scope. The cleanup of each type is declared once: here those of digests, in
 * judge/mathematics.h those of numbers, curves and keys, in key/openssl.h the rest.
 */

#include <openssl/evp.h>

#include "../base/cleanup.h"
#include "../base/context.h"

/** Defines the cleanup function @name: _cleanup_(ms_bio_done) BIO *bio = ... */
#define MS_OPENSSL_CLEANUP(name, type, function) \
	static inline void name(type **p)        \
	{                                        \
		function(*p);                    \
		*p = NULL;                       \
	}

MS_OPENSSL_CLEANUP(ms_evp_md_ctx_done, EVP_MD_CTX, EVP_MD_CTX_free)

/**
 * As ms_fail(), with ": " and the reason of the first error in OpenSSL's queue behind the
 * message; the queue is empty then. Only OpenSSL's own constant texts are taken, never the
 * data that go with an error: those can quote a URI that holds a PIN.
 */
__attribute__((format(printf, 3, 4))) int ms_fail_openssl(struct ms_ctx *ctx, int error,
							  const char *format, ...);

#endif
