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

#include "../base/cleanup.h"
#include "../base/context.h"

#define MODULE_SIGNING "1.3.6.1.4.1.2312.16.1.2"

static void free_cert(X509 **cert)
{
	X509_free(*cert);
}

static void free_usage(EXTENDED_KEY_USAGE **usage)
{
	EXTENDED_KEY_USAGE_free(*usage);
}

static void read_extended(X509 *cert, struct ms_cert_usage *usage)
{
	_cleanup_(free_usage) EXTENDED_KEY_USAGE *list =
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
	_cleanup_(free_cert) X509 *cert = d2i_X509(NULL, &der, (long)len);
	struct ms_cert_usage usage = { 0 };
	uint32_t flags;

	if (!cert) {
		ERR_clear_error();
		return ms_fail(ctx, -EBADMSG, "OpenSSL cannot read the certificate");
	}
	flags = X509_get_key_usage(cert); /* all bits where there is no keyUsage */
	usage.has_usage = flags != UINT32_MAX;
	usage.digital_signature = usage.has_usage && (flags & KU_DIGITAL_SIGNATURE);
	read_extended(cert, &usage);
	ERR_clear_error();
	*ret = usage;
	return 0;
}
