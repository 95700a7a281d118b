/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A new key pair, its certificate signed by itself, and both as PEM.
 *
 * The private key leaves OpenSSL only as PKCS#8 in a secret buffer, which core dumps
 * leave out and which is wiped. With a passphrase it is encrypted by PBES2 with
 * AES-256-CBC and PBKDF2 (RFC 8018), which every OpenSSL opens, in FIPS mode too, and so
 * does the kernel's sign-file.
 *
 * What is handed out was verified: the certificate by its own key, and by the kernel's
 * grammar, because a certificate that no kernel reads is found out too late otherwise.
 */

#include "key-make.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../hash/hash.h"
#include "../judge/cert.h"

/*
 * PBKDF2 by HMAC-SHA-256: what the OWASP Password Storage Cheat Sheet asks for (2023), a
 * few tenths of a second.
 */
enum { PBKDF2_ROUNDS = 600000, PBKDF2_SALT = 16 };

/* Longer than any key and certificate in PEM: ML-DSA-87 needs 7 KiB and 10 KiB. */
enum { PEM_ROOM = 64 << 10 };

/* Keys are never made by a provider for tokens that OpenSSL's configuration loads. */
#define OWN_PROVIDER "?provider!=pkcs11"

static int unsupported(struct ms_ctx *ctx, const struct ms_key_type *type)
{
	ERR_clear_error();
	return ms_fail(
		ctx, -EOPNOTSUPP,
		"keys of the kind %s need OpenSSL 3.5 or newer; this is OpenSSL %s",
		type->openssl, OpenSSL_version(OPENSSL_VERSION_STRING));
}

static bool set_parameters(const struct ms_key_type *type, EVP_PKEY_CTX *ctx)
{
	switch (type->family) {
	case MS_KEY_RSA:
		return EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, type->bits) == 1;
	case MS_KEY_ECDSA:
		return EVP_PKEY_CTX_set_group_name(ctx, type->group) == 1;
	default:
		return true;
	}
}

static int generate(struct ms_ctx *ctx, const struct ms_key_type *type, EVP_PKEY **ret)
{
	_cleanup_(ms_evp_pkey_ctx_done) EVP_PKEY_CTX *generator = NULL;

	ERR_clear_error();
	generator = EVP_PKEY_CTX_new_from_name(NULL, type->openssl, OWN_PROVIDER);
	if (!generator || EVP_PKEY_keygen_init(generator) != 1) {
		if (type->family == MS_KEY_MLDSA)
			return unsupported(ctx, type);
		return ms_fail_openssl(ctx, -EIO, "cannot make a key of the type %s",
				       type->name);
	}
	if (!set_parameters(type, generator) || EVP_PKEY_generate(generator, ret) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot make a key of the type %s",
				       type->name);
	return 0;
}

int ms_key_request_check(struct ms_ctx *ctx, const struct ms_key_request *request,
			 const struct ms_key_type **ret_type, enum ms_hash *ret_hash,
			 const EVP_MD **ret_md)
{
	enum ms_hash hash = request->hash ? request->hash : MS_HASH_SHA512;
	int r = ms_key_type_request(ctx, request->type, ret_type);

	if (r < 0)
		return r;
	if (request->cn && request->genkey)
		return ms_fail(ctx, -EINVAL,
			       "the subject is given twice: by a name and by '%s'",
			       request->genkey);
	if (hash > MS_HASH_SHA3_512)
		return ms_fail(ctx, -EINVAL, "certificates are not signed with %s",
			       ms_hash_name(hash));
	*ret_hash = MS_HASH_NONE;
	*ret_md = NULL;
	if ((*ret_type)->family == MS_KEY_MLDSA)
		return 0;
	*ret_hash = hash;
	return ms_hash_md(ctx, hash, ret_md);
}

/* The BIO's content at the end of @ret, whose memory does not move. */
static int take(struct ms_ctx *ctx, BIO *bio, struct ms_buf *ret)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	if (len <= 0 || len > PEM_ROOM || ms_buf_reserve(ret, PEM_ROOM) < 0)
		return ms_fail_nomem(ctx);
	return ms_buf_append(ret, data, (size_t)len) < 0 ? ms_fail_nomem(ctx) : 0;
}

static int ask_passphrase(struct ms_ctx *ctx, struct ms_secret *secret)
{
	if (ms_secret_ask(secret) < 0)
		return ms_secret_fail(ctx, secret);
	if (secret->len == 0)
		return ms_fail(ctx, -EINVAL, "the passphrase for %s is empty",
			       secret->what);
	return 0;
}

static bool write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *pkcs8,
			    const struct ms_secret *secret)
{
	_cleanup_(ms_x509_sig_done) X509_SIG *encrypted =
		PKCS8_encrypt(NID_hmacWithSHA256, EVP_aes_256_cbc(), secret->text,
			      (int)secret->len, NULL, PBKDF2_SALT, PBKDF2_ROUNDS, pkcs8);

	return encrypted && PEM_write_bio_PKCS8(bio, encrypted) == 1;
}

static int write_key(struct ms_ctx *ctx, const EVP_PKEY *key,
		     const struct ms_secret *secret, struct ms_buf *ret)
{
	_cleanup_(ms_pkcs8_done) PKCS8_PRIV_KEY_INFO *pkcs8 = EVP_PKEY2PKCS8(key);
	_cleanup_(ms_bio_done) BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = pkcs8 && bio;

	if (ok && secret->fn)
		ok = write_encrypted(bio, pkcs8, secret);
	else if (ok)
		ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, pkcs8) == 1;
	if (!ok)
		return ms_fail_openssl(ctx, -EIO, "cannot write the private key");
	return take(ctx, bio, ret);
}

/*
 * What OpenSSL has written has to be a key to the newest kernel, at least, and verified
 * by itself. OpenSSL's own verification does not know ECDSA with SHA-3 before 3.1.
 */
static int check_cert(struct ms_ctx *ctx, const struct ms_buf *der)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = NULL;
	struct ms_rules rules = ms_rules_default();
	int r = ms_cert_parse(ctx, &rules, der->data, der->len, &cert);

	if (r < 0 && ms_is_verdict(r))
		return ms_fail_prefix(ctx, -EINVAL,
				      "no kernel would read such a certificate");
	if (r < 0)
		return r;
	if (ms_cert_pkey(cert) == MS_PKEY_NONE || !rules.pkey[ms_cert_pkey(cert)])
		return ms_fail(ctx, -EINVAL,
			       "no kernel knows the key of the certificate");
	if (!cert->self_signed)
		return ms_fail(ctx, -EIO,
			       "the new certificate does not verify by its own key");
	return 0;
}

static int write_cert(struct ms_ctx *ctx, X509 *cert, struct ms_new_key *ret)
{
	_cleanup_(ms_bio_done) BIO *pem = BIO_new(BIO_s_mem());
	_cleanup_(ms_bio_done) BIO *der = BIO_new(BIO_s_mem());
	int r;

	if (!pem || !der || PEM_write_bio_X509(pem, cert) != 1 ||
	    i2d_X509_bio(der, cert) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot write the certificate");
	r = take(ctx, pem, &ret->cert_pem);
	return r < 0 ? r : take(ctx, der, &ret->cert_der);
}

int ms_new_key_set_cert(struct ms_ctx *ctx, X509 *cert, struct ms_new_key *ret)
{
	int r = write_cert(ctx, cert, ret);

	return r < 0 ? r : check_cert(ctx, &ret->cert_der);
}

/* The passphrase is asked for first: nobody waits for a key that is not to be had. */
static int make(struct ms_ctx *ctx, const struct ms_key_request *request,
		struct ms_secret *secret, struct ms_new_key *key)
{
	_cleanup_(ms_evp_pkey_done) EVP_PKEY *pair = NULL;
	_cleanup_(ms_x509_done) X509 *cert = NULL;
	const struct ms_key_type *type;
	const EVP_MD *md;
	enum ms_hash hash;
	int r = ms_key_request_check(ctx, request, &type, &hash, &md);

	if (r == 0 && secret->fn)
		r = ask_passphrase(ctx, secret);
	if (r == 0)
		r = generate(ctx, type, &pair);
	if (r == 0)
		r = ms_cert_draft(ctx, request, pair, &cert);
	if (r < 0)
		return r;
	if (X509_sign(cert, pair, md) <= 0)
		return ms_fail_openssl(ctx, -EIO, "cannot sign the certificate");
	r = ms_new_key_set_cert(ctx, cert, key);
	if (r < 0)
		return r;
	key->type = type->name;
	return write_key(ctx, pair, secret, &key->key_pem);
}

int ms_key_make(struct ms_ctx *ctx, const struct ms_key_request *request,
		struct ms_new_key *ret)
{
	_cleanup_(ms_new_key_done) struct ms_new_key key = {.key_pem.secret = true};
	_cleanup_(ms_secret_done) struct ms_secret secret = {
		.fn = request->secret,
		.userdata = request->secret_userdata,
		.what = "the new private key",
		.name = "passphrase",
	};
	int r = make(ctx, request, &secret, &key);

	ERR_clear_error(); /* of what was only looked for */
	if (r == 0)
		r = ms_check_cancelled(ctx); /* making it may have taken seconds */
	if (r < 0)
		return r;
	*ret = key;
	key = (struct ms_new_key){ 0 };
	return 0;
}

void ms_new_key_done(struct ms_new_key *key)
{
	ms_buf_wipe(&key->key_pem);
	ms_buf_done(&key->cert_pem);
	ms_buf_done(&key->cert_der);
	*key = (struct ms_new_key){ 0 };
}
