/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Certificates described for people, as `openssl x509` would. Nothing here decides
 * anything: what a kernel makes of a certificate is x509.c's business.
 */

#include "cert-text.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/buffer.h"
#include "../base/context.h"
#include "../base/text.h"
#include "../hash/payload.h"
#include "key.h"

void ms_cert_text_done(struct ms_cert_info *info)
{
	free(info->subject);
	free(info->issuer);
	free(info->serial);
	free(info->skid);
	free(info->key_type);
	free(info->not_before);
	free(info->not_after);
	free(info->sha256);
	info->subject = info->issuer = info->serial = info->skid = info->key_type = NULL;
	info->not_before = info->not_after = info->sha256 = NULL;
}

char *ms_name_text(const X509_NAME *name)
{
	_cleanup_(ms_bio_done) BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	if (!bio || X509_NAME_print_ex(bio, name, 0,
				       XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0)
		return NULL;
	len = BIO_get_mem_data(bio, &data);
	return len < 0 ? NULL : strndup(len ? data : "", (size_t)len);
}

char *ms_serial_text(const ASN1_INTEGER *serial)
{
	int len = ASN1_STRING_length(serial);
	_cleanup_free_ char *text =
		ms_hex_colons(ASN1_STRING_get0_data(serial), len > 0 ? (size_t)len : 0);
	char *negative;

	if (!text || ASN1_STRING_type(serial) != V_ASN1_NEG_INTEGER)
		return ms_steal(&text);
	return asprintf(&negative, "-%s", text) < 0 ? NULL : negative;
}

static char *time_text(const ASN1_TIME *time)
{
	struct tm tm;
	char text[64] = "";

	if (ASN1_TIME_to_tm(time, &tm) == 1)
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
			 tm.tm_min, tm.tm_sec);
	return strdup(text);
}

/* By the algorithm, where this OpenSSL makes no key of it. */
static const struct ms_key_type *type_by_algorithm(const X509 *cert)
{
	ASN1_OBJECT *object = NULL;

	if (X509_PUBKEY_get0_param(&object, NULL, NULL, NULL,
				   X509_get_X509_PUBKEY(cert)) != 1)
		return NULL;
	return ms_key_type_by_object(object);
}

static char *key_type_text(const X509 *cert)
{
	const struct ms_key_type *type = type_by_algorithm(cert);
	const EVP_PKEY *key = type ? NULL : X509_get0_pubkey(cert);
	char *text;

	if (key)
		type = ms_key_type_known(key);
	if (type)
		return strdup(type->name);
	if (!key || EVP_PKEY_is_a(key, "RSA") != 1)
		return strdup("unknown");
	return asprintf(&text, "rsa%d", EVP_PKEY_get_bits(key)) < 0 ? NULL : text;
}

static char *sha256_text(struct ms_ctx *ctx, const uint8_t *der, size_t len)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	uint8_t digest[MS_HASH_MAX_SIZE];

	if (ms_hash_bytes(ctx, MS_HASH_SHA256, der, len, digest) < 0 ||
	    ms_hex_append(&text, digest, ms_hash_size(MS_HASH_SHA256)) < 0 ||
	    ms_buf_append(&text, "", 1) < 0)
		return NULL;
	return (char *)ms_steal(&text.data);
}

X509 *ms_x509_decode(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	X509 *cert = len <= LONG_MAX ? d2i_X509(NULL, &p, (long)len) : NULL;

	if (cert && p != der + len) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

ASN1_OCTET_STRING *ms_x509_skid(const X509 *cert)
{
	return X509_get_ext_d2i(cert, NID_subject_key_identifier, NULL, NULL);
}

static void describe(const X509 *cert, struct ms_cert_info *info)
{
	_cleanup_(ms_octets_done) ASN1_OCTET_STRING *skid = ms_x509_skid(cert);
	int skid_len = skid ? ASN1_STRING_length(skid) : 0;

	info->subject = ms_name_text(X509_get_subject_name(cert));
	info->issuer = ms_name_text(X509_get_issuer_name(cert));
	info->serial = ms_serial_text(X509_get0_serialNumber(cert));
	info->key_type = key_type_text(cert);
	info->not_before = time_text(X509_get0_notBefore(cert));
	info->not_after = time_text(X509_get0_notAfter(cert));
	if (skid_len > 0)
		info->skid = ms_hex_colons(ASN1_STRING_get0_data(skid), (size_t)skid_len);
}

static void describe_unreadable(struct ms_cert_info *info)
{
	info->subject = strdup("");
	info->issuer = strdup("");
	info->serial = strdup("");
	info->key_type = strdup("unknown");
	info->not_before = strdup("");
	info->not_after = strdup("");
}

int ms_cert_text(struct ms_ctx *ctx, const uint8_t *der, size_t len,
		 struct ms_cert_info *info)
{
	_cleanup_(ms_x509_done) X509 *cert = ms_x509_decode(der, len);
	struct ms_cert_info text = { 0 };

	if (cert)
		describe(cert, &text);
	else
		describe_unreadable(&text);
	text.sha256 = sha256_text(ctx, der, len);
	ERR_clear_error();
	if (!text.subject || !text.issuer || !text.serial || !text.key_type ||
	    !text.not_before || !text.not_after || !text.sha256) {
		ms_cert_text_done(&text);
		return ms_fail(ctx, -EIO, "cannot describe a certificate");
	}
	info->subject = text.subject;
	info->issuer = text.issuer;
	info->serial = text.serial;
	info->skid = text.skid;
	info->key_type = text.key_type;
	info->not_before = text.not_before;
	info->not_after = text.not_after;
	info->sha256 = text.sha256;
	return 0;
}
