/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_CERT_TEXT_H
#define MS_KEY_CERT_TEXT_H

/* A certificate described for people. */

#include <openssl/x509.h>

#include <modseal/cert.h>

/**
 * Fills subject, issuer, serial, skid, key_type, not_before, not_after and sha256 of @info
 * from a certificate in DER, by OpenSSL. Where ms_x509_decode() cannot read it, skid is
 * NULL, the key type "unknown", and the other texts but sha256 are empty.
 *
 * @info: written on success only; free with ms_cert_text_done(). -ENOMEM; -EIO the
 * crypto library failed.
 */
int ms_cert_text(struct ms_ctx *ctx, const uint8_t *der, size_t len,
		 struct ms_cert_info *info);

/** Frees those texts; they are NULL then. */
void ms_cert_text_done(struct ms_cert_info *info);

/**
 * A certificate as OpenSSL reads it, to X509_free(). NULL: it cannot, or bytes follow. Its
 * extensions are not decoded by that.
 */
X509 *ms_x509_decode(const uint8_t *der, size_t len);

/**
 * The subject key identifier, to ASN1_OCTET_STRING_free(); NULL: none, or none that can be
 * read. OpenSSL's own X509_get0_ functions for extensions decode and keep all of them, and
 * what that costs grows with the cube of a hostile certificate.
 */
ASN1_OCTET_STRING *ms_x509_skid(const X509 *cert);

/** A name in one line (RFC 2253, UTF-8), to free(); NULL where there is no memory. */
char *ms_name_text(const X509_NAME *name);

/**
 * A serial as kmod and OpenSSL print it: the magnitude as "4A:01", negative ones with
 * their sign. To free(); NULL where there is no memory.
 */
char *ms_serial_text(const ASN1_INTEGER *serial);

#endif
