/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The certificate of a new key, but for its signature. It is what the kernel's own build
 * makes of certs/default_x509.genkey, save that the identifier of the signing key is
 * always there: OpenSSL leaves that out of self-signed certificates since 3.0.
 *
 * The serial number is random, with its highest bit but the sign set: 20 bytes always,
 * positive, as RFC 5280 (4.1.2.2) allows at most. The validity begins a day ago: kernels
 * do not look at it, but others do, on machines whose clock is behind or runs in local
 * time.
 */

#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../hash/hash.h"
#include "key-make.h"

#define DEFAULT_CN "Local Out of tree kernel module signing key"

enum {
	DEFAULT_DAYS = 36500,
	MAX_DAYS = 2900000, /* in the year 9966: no time is behind 9999 */
	DAYS_BEFORE = 1,
	SERIAL_BITS = 159,
};

MS_OPENSSL_CLEANUP(ms_extension_done, X509_EXTENSION, X509_EXTENSION_free)

static int set_serial(struct ms_ctx *ctx, X509 *cert)
{
	_cleanup_(ms_bn_done) BIGNUM *number = BN_new();

	if (!number ||
	    BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
	    !BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)))
		return ms_fail_openssl(ctx, -EIO, "cannot make a serial number");
	return 0;
}

static int set_validity(struct ms_ctx *ctx, unsigned days, X509 *cert)
{
	if (days > MAX_DAYS)
		return ms_fail(ctx, -EINVAL,
			       "a certificate cannot be valid for %u days: at most %d",
			       days, MAX_DAYS);
	if (!X509_time_adj_ex(X509_getm_notBefore(cert), -DAYS_BEFORE, 0, NULL) ||
	    !X509_time_adj_ex(X509_getm_notAfter(cert), days ? (int)days : DEFAULT_DAYS,
			      0, NULL))
		return ms_fail_openssl(ctx, -EIO, "cannot write the validity");
	return 0;
}

bool ms_name_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static int add_cn(struct ms_ctx *ctx, const char *cn, X509_NAME *name)
{
	if (!*cn)
		return ms_fail(ctx, -EINVAL, "the subject's name is empty");
	if (ms_name_has_control(cn))
		return ms_fail(ctx, -EINVAL,
			       "control characters in the subject's name '%s'", cn);
	if (X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
				       (const unsigned char *)cn, -1, -1, 0) != 1)
		return ms_fail_openssl(
			ctx, -EINVAL,
			"'%s' cannot be the subject's name, which is UTF-8 of at most 64 "
			"characters",
			cn);
	return 0;
}

static int set_names(struct ms_ctx *ctx, const struct ms_key_request *request,
		     const struct ms_genkey *genkey, X509 *cert)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	int r;

	if (genkey)
		r = ms_genkey_add_subject(ctx, genkey, subject);
	else
		r = add_cn(ctx, request->cn ? request->cn : DEFAULT_CN, subject);
	if (r < 0)
		return r;
	if (X509_set_issuer_name(cert, subject) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot name the issuer");
	return 0;
}

/* OpenSSL's way of leaving out an AuthorityKeyIdentifier: one with nothing in it. */
static bool is_empty(X509_EXTENSION *extension)
{
	const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(extension);

	return OBJ_obj2nid(X509_EXTENSION_get_object(extension)) ==
		       NID_authority_key_identifier &&
	       ASN1_STRING_length(data) <= 2;
}

int ms_cert_add_extension(struct ms_ctx *ctx, CONF *conf, X509 *cert, const char *name,
			  const char *value)
{
	_cleanup_(ms_extension_done) X509_EXTENSION *extension = NULL;
	X509V3_CTX how;

	X509V3_set_ctx(&how, cert, cert, NULL, NULL, 0);
	X509V3_set_nconf(&how, conf);
	ERR_clear_error();
	extension = X509V3_EXT_nconf(conf, &how, name, value);
	if (!extension ||
	    (!is_empty(extension) && X509_add_ext(cert, extension, -1) != 1))
		return ms_fail_openssl(ctx, -EINVAL,
				       "cannot write the extension '%s = %s'", name,
				       value);
	return 0;
}

static int add_default_extensions(struct ms_ctx *ctx, X509 *cert)
{
	static const char *const lines[][2] = {
		{ "basicConstraints", "critical,CA:FALSE" },
		{ "keyUsage", "digitalSignature" },
		{ "subjectKeyIdentifier", "hash" },
		{ "authorityKeyIdentifier", "keyid:always" },
	};
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(lines) && r == 0; i++)
		r = ms_cert_add_extension(ctx, NULL, cert, lines[i][0], lines[i][1]);
	return r;
}

/* A genkey file may have an extendedKeyUsage of its own, which must say so too then. */
static int add_code_signing(struct ms_ctx *ctx, X509 *cert)
{
	_cleanup_(ms_usages_done) EXTENDED_KEY_USAGE *usages =
		X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);

	if (!usages)
		return ms_cert_add_extension(ctx, NULL, cert, "extendedKeyUsage",
					     "codeSigning");
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		if (OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i)) == NID_code_sign)
			return 0;
	return ms_fail(ctx, -EINVAL,
		       "the genkey file's extendedKeyUsage is without codeSigning");
}

static int add_extensions(struct ms_ctx *ctx, const struct ms_key_request *request,
			  const struct ms_genkey *genkey, X509 *cert)
{
	bool any = false;
	int r = 0;

	if (genkey)
		r = ms_genkey_add_extensions(ctx, genkey, cert, &any);
	if (r == 0 && !any)
		r = add_default_extensions(ctx, cert);
	if (r == 0 && request->code_signing)
		r = add_code_signing(ctx, cert);
	return r;
}

int ms_cert_draft(struct ms_ctx *ctx, const struct ms_key_request *request,
		  EVP_PKEY *public, X509 **ret)
{
	_cleanup_(ms_x509_done) X509 *cert = X509_new();
	_cleanup_(ms_cleanup_genkey) struct ms_genkey *genkey = NULL;
	int r = 0;

	if (!cert || X509_set_version(cert, X509_VERSION_3) != 1 ||
	    X509_set_pubkey(cert, public) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot begin the certificate");
	if (request->genkey)
		r = ms_genkey_read(ctx, request->genkey, &genkey);
	if (r == 0)
		r = set_serial(ctx, cert);
	if (r == 0)
		r = set_validity(ctx, request->days, cert);
	if (r == 0)
		r = set_names(ctx, request, genkey, cert);
	if (r == 0)
		r = add_extensions(ctx, request, genkey, cert);
	if (r < 0)
		return r;
	*ret = ms_steal(&cert);
	return 0;
}
