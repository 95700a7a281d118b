/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The signer: a key, its certificate, and how to sign with them. Everything that can be
 * known beforehand is found out when it is opened, so that the thousandth signature
 * fails for no other reason than the first: the key's kind, that the certificate is the
 * key's, whether the nonce can be deterministic, and that OpenSSL has the hash.
 *
 * Once open it is never changed, and so is used by any number of threads.
 */

#include "signer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include <modseal/secret.h>

#include "../base/context.h"
#include "../base/sized.h"
#include "../base/text.h"
#include "../hash/hash.h"
#include "cert-text.h"
#include "pkcs11/pkcs11.h"
#include "key.h"
#include "signer-message.h"

struct ms_signer {
	struct ms_token *token;      /* the key's; NULL for a file */
	struct ms_token *cert_token; /* the certificate's, where it has one of its own */
	EVP_PKEY *key;
	X509 *cert;
	ASN1_OCTET_STRING *skid; /* the certificate's; NULL: it has none */
	struct ms_raw_signing how;
	struct ms_message message;
	bool deterministic;
	struct ms_buf cert_der;
	char *subject;
	char *serial;
	char *skid_text;
};

MS_DEFINE_CLEANUP(ms_signer_done, struct ms_signer *, ms_signer_free)

struct ms_signer *ms_signer_free(struct ms_signer *signer)
{
	if (!signer)
		return NULL;
	EVP_PKEY_free(signer->key);
	X509_free(signer->cert);
	ASN1_OCTET_STRING_free(signer->skid);
	ms_token_free(signer->token);
	ms_token_free(signer->cert_token);
	ms_buf_done(&signer->cert_der);
	free(signer->subject);
	free(signer->serial);
	free(signer->skid_text);
	free(signer);
	return NULL;
}

/* A file that others can read has given its key away, or its passphrase to be guessed. */
static void warn_of_mode(struct ms_ctx *ctx, const char *path, mode_t mode)
{
	if (mode & 044)
		ms_warn(ctx, "the private key '%s' can be read by others (mode %04o)",
			path, (unsigned)mode);
}

/* The key in a file, and with @ret_cert the certificate in the same file. */
static int load_key_file(struct ms_ctx *ctx, const struct ms_signer_options *options,
			 EVP_PKEY **ret_key, X509 **ret_cert)
{
	_cleanup_(ms_secret_done) struct ms_secret secret = {
		.fn = options->secret,
		.userdata = options->secret_userdata,
		.name = "passphrase",
	};
	_cleanup_(ms_buf_done) struct ms_buf content = {.secret = true};
	mode_t mode = 0;
	int r;

	snprintf(secret.what, sizeof(secret.what), "private key '%s'", options->key);
	r = ms_key_read_file(ctx, options->key, &content, &mode);
	if (r < 0)
		return r;
	r = ms_key_decode(ctx, options->key, &content, &secret, ret_key);
	if (r < 0)
		return r;
	warn_of_mode(ctx, options->key, mode);
	if (!ret_cert)
		return 0;
	r = ms_cert_decode(ctx, options->key, &content, *ret_key, ret_cert);
	if (r == -EBADMSG)
		ms_hint(ctx, r, "name the key's certificate with -c");
	return r;
}

static int load_cert(struct ms_ctx *ctx, const struct ms_signer_options *options,
		     struct ms_signer *signer)
{
	_cleanup_(ms_buf_done) struct ms_buf content = { 0 };
	mode_t mode;
	int r;

	if (ms_is_pkcs11(options->cert))
		return ms_pkcs11_load(ctx, options->cert, options->secret,
				      options->secret_userdata, &signer->cert_token, NULL,
				      &signer->cert);
	r = ms_key_read_file(ctx, options->cert, &content, &mode);
	if (r < 0)
		return r;
	return ms_cert_decode(ctx, options->cert, &content, signer->key, &signer->cert);
}

static int load(struct ms_ctx *ctx, const struct ms_signer_options *options,
		struct ms_signer *signer)
{
	X509 **cert = options->cert ? NULL : &signer->cert;
	int r;

	if (ms_is_pkcs11(options->key))
		r = ms_pkcs11_load(ctx, options->key, options->secret,
				   options->secret_userdata, &signer->token, &signer->key,
				   cert);
	else
		r = load_key_file(ctx, options, &signer->key, cert);
	if (r < 0 || !options->cert)
		return r;
	return load_cert(ctx, options, signer);
}

static int no_determinism(struct ms_ctx *ctx, const struct ms_signer *signer)
{
	if (signer->token)
		return ms_fail(
			ctx, -EOPNOTSUPP,
			"the token makes the nonces of its signatures itself: they "
			"cannot be made deterministic");
	return ms_fail(
		ctx, -EOPNOTSUPP,
		"deterministic nonces need OpenSSL %s or newer for %s keys; this is "
		"OpenSSL %s",
		signer->how.type->family == MS_KEY_MLDSA ? "3.5" : "3.2",
		signer->how.type->name, OpenSSL_version(OPENSSL_VERSION_STRING));
}

/* RSA's signatures (PKCS#1 v1.5) are deterministic and have no nonce. */
static int settle_nonce(struct ms_ctx *ctx, const struct ms_signer_options *options,
			struct ms_signer *signer)
{
	bool can;

	if (signer->how.type->family == MS_KEY_RSA) {
		signer->deterministic = true;
		return 0;
	}
	if (options->nonce == MS_NONCE_RANDOM)
		return 0;
	can = ms_raw_can_be_deterministic(&signer->how);
	if (!can && options->nonce == MS_NONCE_DETERMINISTIC)
		return no_determinism(ctx, signer);
	signer->how.deterministic = can;
	signer->deterministic = can;
	return 0;
}

static int settle_hash(struct ms_ctx *ctx, const struct ms_signer_options *options,
		       struct ms_signer *signer)
{
	enum ms_hash hash = options->hash ? options->hash : MS_HASH_SHA512;

	if (hash > MS_HASH_SHA3_512)
		return ms_fail(ctx, -EINVAL, "modules are not signed with %s",
			       ms_hash_name(hash));
	if (signer->how.type->family == MS_KEY_MLDSA) {
		if (hash != MS_HASH_SHA512)
			ms_info(ctx, "ML-DSA signs the module itself: %s is not used",
				ms_hash_name(hash));
		signer->message.hash = MS_HASH_SHA512;
		return 0;
	}
	signer->message.hash = hash;
	return ms_hash_md(ctx, hash, &signer->how.md);
}

static char *skid_text(const ASN1_OCTET_STRING *skid)
{
	if (!skid)
		return strdup("");
	return ms_hex_colons(ASN1_STRING_get0_data(skid),
			     (size_t)ASN1_STRING_length(skid));
}

static int describe(struct ms_ctx *ctx, struct ms_signer *signer)
{
	uint8_t *der = NULL;
	int len = i2d_X509(signer->cert, &der);
	int r;

	if (len <= 0)
		return ms_fail_openssl(ctx, -EIO, "cannot write the certificate");
	r = ms_buf_append(&signer->cert_der, der, (size_t)len);
	OPENSSL_free(der);
	signer->subject = ms_name_text(X509_get_subject_name(signer->cert));
	signer->serial = ms_serial_text(X509_get0_serialNumber(signer->cert));
	signer->skid = ms_x509_skid(signer->cert);
	signer->skid_text = skid_text(signer->skid);
	ERR_clear_error(); /* of an extension that does not parse */
	if (r < 0 || !signer->subject || !signer->serial || !signer->skid_text)
		return ms_fail_nomem(ctx);
	return 0;
}

static void mention_validity(struct ms_ctx *ctx, const struct ms_signer *signer)
{
	if (X509_cmp_current_time(X509_get0_notAfter(signer->cert)) < 0)
		ms_info(ctx,
			"the certificate has expired; the kernel does not look at that");
	if (X509_cmp_current_time(X509_get0_notBefore(signer->cert)) > 0)
		ms_info(ctx, "the certificate is not valid yet; the kernel does not look "
			     "at that");
}

/* What goes into every message, and that it can be written at all. */
static int settle_message(struct ms_ctx *ctx, const struct ms_signer_options *options,
			  struct ms_signer *signer)
{
	signer->message.cert = signer->cert;
	signer->message.type = signer->how.type;
	signer->message.skid = signer->skid;
	signer->message.use_skid = options->use_skid;
	if (options->use_skid && !signer->skid_text[0])
		return ms_fail(
			ctx, -EINVAL,
			"the certificate has no subject key identifier to name it by");
	return 0;
}

/* For messages: a URI without its query, where a PIN may stand. */
static const char *shown(const struct ms_token *token, const char *name)
{
	return token ? token->uri.object : name;
}

/* Where the key is: its library context, and what may be done with it at a time. */
static void settle_place(struct ms_signer *signer)
{
	struct ms_token *token = signer->token;

	signer->how.key = signer->key;
	signer->how.in_token = token != NULL;
	signer->how.libctx = token ? token->libctx : NULL;
	signer->how.properties = token ? NULL : "?provider!=pkcs11";
	signer->how.lock = token && token->serialize ? &token->lock : NULL;
}

static int settle(struct ms_ctx *ctx, const struct ms_signer_options *options,
		  struct ms_signer *signer)
{
	const char *key = shown(signer->token, options->key);
	const char *cert = shown(signer->cert_token, options->cert);
	int r = ms_key_type_of(ctx, key, signer->key, &signer->how.type);

	if (r < 0)
		return r;
	settle_place(signer);
	r = settle_hash(ctx, options, signer);
	if (r < 0)
		return r;
	r = ms_key_pair_check(ctx, &signer->how, ms_hash_size(signer->message.hash),
			      signer->cert, key, cert);
	if (r < 0)
		return r;
	r = settle_nonce(ctx, options, signer);
	if (r < 0)
		return r;
	r = describe(ctx, signer);
	if (r < 0)
		return r;
	return settle_message(ctx, options, signer);
}

int ms_signer_open(struct ms_ctx *ctx, const struct ms_signer_options *caller,
		   struct ms_signer **ret)
{
	_cleanup_(ms_signer_done) struct ms_signer *signer = calloc(1, sizeof(*signer));
	struct ms_signer_options options;
	int r = signer ? ms_sized_in(ctx, &options, sizeof(options), caller)
		       : ms_fail_nomem(ctx);

	if (r == 0 && !options.key)
		r = ms_fail(ctx, -EINVAL, "no private key given");
	if (r == 0)
		r = load(ctx, &options, signer);
	if (r == 0)
		r = settle(ctx, &options, signer);
	if (r < 0)
		return r;
	mention_validity(ctx, signer);
	*ret = ms_steal(&signer);
	return 0;
}

const char *ms_signer_key_type(const struct ms_signer *signer)
{
	return signer->how.type->name;
}

enum ms_hash ms_signer_hash(const struct ms_signer *signer)
{
	return signer->message.hash;
}

const char *ms_signer_subject(const struct ms_signer *signer)
{
	return signer->subject;
}

const char *ms_signer_serial(const struct ms_signer *signer)
{
	return signer->serial;
}

const char *ms_signer_skid(const struct ms_signer *signer)
{
	return signer->skid_text;
}

bool ms_signer_is_deterministic(const struct ms_signer *signer)
{
	return signer->deterministic;
}

struct ms_bytes ms_signer_cert_der(const struct ms_signer *signer)
{
	return (struct ms_bytes){ signer->cert_der.data, signer->cert_der.len };
}

int ms_signer_sign_payload(struct ms_ctx *ctx, const struct ms_signer *signer,
			   struct ms_payload *payload, struct ms_buf *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf signature = { 0 };
	const uint8_t *data = payload->data;
	size_t len = payload->len;
	int r;

	if (signer->how.type->family != MS_KEY_MLDSA) {
		r = ms_payload_digest(ctx, payload, signer->message.hash, &data);
		if (r < 0)
			return r;
		len = ms_hash_size(signer->message.hash);
	}
	r = ms_raw_sign(ctx, &signer->how, data, len, &signature);
	if (r < 0)
		return r;
	return ms_message_write(ctx, &signer->message, &signature, ret);
}

int ms_signer_sign(struct ms_ctx *ctx, const struct ms_signer *signer, const void *data,
		   size_t len, uint8_t **ret_der, size_t *ret_len)
{
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	struct ms_payload payload = { .data = data, .len = len };
	int r = ms_signer_sign_payload(ctx, signer, &payload, &der);

	if (r < 0)
		return r;
	*ret_len = der.len;
	*ret_der = ms_steal(&der.data);
	return 0;
}
