/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * keyUsage and extendedKeyUsage (RFC 5280, 4.2.1.3 and 4.2.1.12). For modules the kernel
 * heeds neither, but shim tells by the latter what a machine owner's key is for.
 */

#include "cert-usage.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "../base/context.h"
#include "cert-text.h"
#include "openssl.h"

#define MODULE_SIGNING "1.3.6.1.4.1.2312.16.1.2"

enum { DIGITAL_SIGNATURE = 0 }; /* the bit's number in KeyUsage */

MS_OPENSSL_CLEANUP(bits_done, ASN1_BIT_STRING, ASN1_BIT_STRING_free)

/* X509_get_key_usage() would decode all other extensions, too (cert-text.h). */
static void read_usage(const X509 *cert, struct ms_cert_usage *usage)
{
	int found = -1; /* -1: there is none; else it may still be one that is no usage */
	_cleanup_(bits_done) ASN1_BIT_STRING *bits =
		X509_get_ext_d2i(cert, NID_key_usage, &found, NULL);

	usage->has_usage = found != -1;
	usage->digital_signature =
		bits && ASN1_BIT_STRING_get_bit(bits, DIGITAL_SIGNATURE) == 1;
}

static void read_extended(const X509 *cert, struct ms_cert_usage *usage)
{
	_cleanup_(ms_usages_done) EXTENDED_KEY_USAGE *list =
		X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	char oid[64];

	usage->has_extended = list;
	for (int i = 0; list && i < sk_ASN1_OBJECT_num(list); i++) {
		const ASN1_OBJECT *object = sk_ASN1_OBJECT_value(list, i);

		if (OBJ_obj2nid(object) == NID_code_sign)
			usage->code_signing = true;
		if (OBJ_obj2txt(oid, sizeof(oid), object, 1) > 0 &&
		    strcmp(oid, MODULE_SIGNING) == 0)
			usage->module_signing = true;
	}
}

int ms_cert_usage(struct ms_ctx *ctx, const uint8_t *der, size_t len,
		  struct ms_cert_usage *ret)
{
	_cleanup_(ms_x509_done) X509 *cert = ms_x509_decode(der, len);
	struct ms_cert_usage usage = { 0 };

	if (!cert) {
		ERR_clear_error();
		return ms_fail(ctx, -EBADMSG, "OpenSSL cannot read the certificate");
	}
	read_usage(cert, &usage);
	read_extended(cert, &usage);
	ERR_clear_error();
	*ret = usage;
	return 0;
}
