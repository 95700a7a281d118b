/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writes what sign-file writes: CMS SignedData (RFC 5652, 5) in DER, with one signer and
 * without content, certificates and signed attributes.
 *
 *	SEQUENCE {
 *	    OBJECT signedData
 *	    [0] SEQUENCE {
 *	        INTEGER 1, or 3 where the signer is named by SKID
 *	        SET { SEQUENCE { OBJECT digest } }
 *	        SEQUENCE { OBJECT data }
 *	        SET { SEQUENCE {
 *	            INTEGER 1, or 3 likewise
 *	            SEQUENCE { issuer, INTEGER serial }, or [0] SKID
 *	            SEQUENCE { OBJECT digest }
 *	            SEQUENCE { OBJECT signature algorithm, NULL with RSA }
 *	            OCTET STRING signature } } } }
 *
 * Digest algorithms have no parameters (RFC 5754, 2), rsaEncryption has NULL (RFC 3370,
 * 3.2), ECDSA and ML-DSA have none. The RSA algorithm is rsaEncryption whatever the
 * digest: the kernel knows no other.
 *
 * With ML-DSA the digest algorithm has no meaning, and RFC 9882, 3.3 says that it MUST be
 * SHA-512. The kernel must know the name, and then ignores it (pkcs7_check_authattrs()).
 */

#include "signer-message.h"

#include <errno.h>
#include <openssl/x509v3.h>

#include "../base/context.h"
#include "../hash/hash.h"
#include "../judge/der-write.h"

/* ECDSA is named together with the digest, as in certificates. */
static const struct {
	enum ms_oid digest, ecdsa;
} hash_oids[MS_HASH_COUNT] = {
	[MS_HASH_SHA256] = { MS_OID_SHA256, MS_OID_ECDSA_SHA256 },
	[MS_HASH_SHA384] = { MS_OID_SHA384, MS_OID_ECDSA_SHA384 },
	[MS_HASH_SHA512] = { MS_OID_SHA512, MS_OID_ECDSA_SHA512 },
	[MS_HASH_SHA3_256] = { MS_OID_SHA3_256, MS_OID_ECDSA_SHA3_256 },
	[MS_HASH_SHA3_384] = { MS_OID_SHA3_384, MS_OID_ECDSA_SHA3_384 },
	[MS_HASH_SHA3_512] = { MS_OID_SHA3_512, MS_OID_ECDSA_SHA3_512 },
};

static void write_version(struct ms_der *der, const struct ms_message *message)
{
	uint8_t version = message->use_skid ? 3 : 1;

	ms_der_put(der, MS_DER_INTEGER, &version, 1);
}

static void write_digest_algorithm(struct ms_der *der, enum ms_hash hash)
{
	size_t algorithm = ms_der_begin(der, MS_DER_SEQUENCE);

	ms_der_put_oid(der, hash_oids[hash].digest);
	ms_der_end(der, algorithm);
}

static void write_signature_algorithm(struct ms_der *der,
				      const struct ms_message *message)
{
	const struct ms_key_type *type = message->type;
	size_t algorithm = ms_der_begin(der, MS_DER_SEQUENCE);

	if (type->family == MS_KEY_ECDSA)
		ms_der_put_oid(der, hash_oids[message->hash].ecdsa);
	else
		ms_der_put_oid(der, type->algorithm);
	if (type->family == MS_KEY_RSA)
		ms_der_put(der, MS_DER_NULL, NULL, 0);
	ms_der_end(der, algorithm);
}

/*
 * The kernel compares issuer and serial number bytewise with its certificate's, and
 * OpenSSL gives back both as they stood there.
 */
static int write_issuer_and_serial(struct ms_ctx *ctx, struct ms_der *der, X509 *cert)
{
	uint8_t *name = NULL, *serial = NULL;
	int name_len = i2d_X509_NAME(X509_get_issuer_name(cert), &name);
	int serial_len = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &serial);
	size_t sequence;

	if (name_len > 0 && serial_len > 0) {
		sequence = ms_der_begin(der, MS_DER_SEQUENCE);
		ms_der_raw(der, name, (size_t)name_len);
		ms_der_raw(der, serial, (size_t)serial_len);
		ms_der_end(der, sequence);
	}
	OPENSSL_free(name);
	OPENSSL_free(serial);
	if (name_len <= 0 || serial_len <= 0)
		return ms_fail_openssl(ctx, -EIO,
				       "cannot write issuer and serial number");
	return 0;
}

static int write_signer(struct ms_ctx *ctx, struct ms_der *der,
			const struct ms_message *message)
{
	const ASN1_OCTET_STRING *skid = message->skid;

	if (!message->use_skid)
		return write_issuer_and_serial(ctx, der, message->cert);
	if (!skid)
		return ms_fail(ctx, -EINVAL,
			       "the certificate has no subject key identifier");
	ms_der_put(der, MS_DER_CONTEXT_0, ASN1_STRING_get0_data(skid),
		   (size_t)ASN1_STRING_length(skid));
	return 0;
}

static int write_signer_info(struct ms_ctx *ctx, struct ms_der *der,
			     const struct ms_message *message,
			     const struct ms_buf *signature)
{
	size_t info = ms_der_begin(der, MS_DER_SEQUENCE);
	int r;

	write_version(der, message);
	r = write_signer(ctx, der, message);
	if (r < 0)
		return r;
	write_digest_algorithm(der, message->hash);
	write_signature_algorithm(der, message);
	ms_der_put(der, MS_DER_OCTET_STRING, signature->data, signature->len);
	ms_der_end(der, info);
	return 0;
}

static int write_signed_data(struct ms_ctx *ctx, struct ms_der *der,
			     const struct ms_message *message,
			     const struct ms_buf *signature)
{
	size_t signed_data = ms_der_begin(der, MS_DER_SEQUENCE);
	size_t inner;
	int r;

	write_version(der, message);
	inner = ms_der_begin(der, MS_DER_SET);
	write_digest_algorithm(der, message->hash);
	ms_der_end(der, inner);
	inner = ms_der_begin(der, MS_DER_SEQUENCE);
	ms_der_put_oid(der, MS_OID_DATA);
	ms_der_end(der, inner);
	inner = ms_der_begin(der, MS_DER_SET);
	r = write_signer_info(ctx, der, message, signature);
	if (r < 0)
		return r;
	ms_der_end(der, inner);
	ms_der_end(der, signed_data);
	return 0;
}

int ms_message_write(struct ms_ctx *ctx, const struct ms_message *message,
		     const struct ms_buf *signature, struct ms_buf *ret)
{
	struct ms_der der = { .out = ret };
	size_t content_info = ms_der_begin(&der, MS_DER_SEQUENCE);
	size_t content;
	int r;

	ms_der_put_oid(&der, MS_OID_SIGNED_DATA);
	content = ms_der_begin(&der, MS_DER_CONTEXT_0_CONSTRUCTED);
	r = write_signed_data(ctx, &der, message, signature);
	if (r < 0)
		return r;
	ms_der_end(&der, content);
	ms_der_end(&der, content_info);
	r = ms_der_finish(&der);
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}
