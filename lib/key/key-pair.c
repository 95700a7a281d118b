/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Do certificate and key belong together, and can a kernel load the certificate? What
 * OpenSSL cannot compare was not said to be the same: only its 1 counts.
 */

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "../base/context.h"
#include "../judge/ber.h"
#include "key.h"

/*
 * A token may hold a private EC key without the public one, so that there is nothing to
 * compare: a signature tells.
 */
static bool same_by_trial(struct ms_ctx *ctx, const struct ms_raw_signing *how,
			  size_t digest_len, X509 *cert)
{
	static const uint8_t digest[MS_HASH_MAX_SIZE];
	_cleanup_(ms_buf_done) struct ms_buf signature = { 0 };

	return how->type->family == MS_KEY_ECDSA &&
	       ms_raw_sign(ctx, how, digest, digest_len, &signature) == 0 &&
	       ms_raw_verify(how, X509_get0_pubkey(cert), digest, digest_len, &signature);
}

/*
 * The kernel knows a curve by its name alone (x509_extract_key_data()), so that it would
 * not load such a certificate. OpenSSL has recognised the curve in its parameters.
 */
static bool has_unnamed_curve(const struct ms_key_type *type, X509 *cert)
{
	int explicit = 0;

	return type->family == MS_KEY_ECDSA &&
	       EVP_PKEY_get_int_param(X509_get0_pubkey(cert),
				      OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				      &explicit) == 1 &&
	       explicit == 1;
}

int ms_key_pair_check(struct ms_ctx *ctx, const struct ms_raw_signing *how,
		      size_t digest_len, X509 *cert, const char *key_name,
		      const char *cert_name)
{
	bool same = X509_check_private_key(cert, how->key) == 1 ||
		    (how->in_token && same_by_trial(ctx, how, digest_len, cert));
	bool unnamed = has_unnamed_curve(how->type, cert);

	ERR_clear_error();
	if (!same && !cert_name)
		return ms_fail(ctx, -EINVAL,
			       "no certificate in '%s' belongs to the private key there",
			       key_name);
	if (!same)
		return ms_fail(
			ctx, -EINVAL,
			"the certificate '%s' does not belong to the private key '%s'",
			cert_name, key_name);
	if (i2d_X509(cert, NULL) > MS_BER_MAX)
		return ms_fail(ctx, -EINVAL,
			       "the certificate of '%s' is larger than %d bytes, which no "
			       "kernel reads",
			       key_name, MS_BER_MAX);
	if (unnamed)
		return ms_fail(ctx, -EINVAL,
			       "the certificate of '%s' gives its curve by parameters and "
			       "not by name, which no kernel reads",
			       key_name);
	return 0;
}
