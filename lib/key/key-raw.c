/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Raw signatures. RSA (PKCS#1 v1.5) and ECDSA sign a digest that is there already, so
 * that a module is read once however often its digest is needed. ML-DSA in its pure mode
 * takes the data (RFC 9882, 3.1; algo_takes_data in the kernel's pkcs7_parser.c).
 *
 * The key is shared by all threads; the operation's context is each call's own.
 *
 * The parameters are named by their text and not by OpenSSL's macros, so that one build
 * of modseal uses what the library at hand can do.
 */

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "../base/context.h"
#include "../hash/hash.h"
#include "key.h"

#define NONCE_TYPE    "nonce-type"    /* OpenSSL 3.2, ECDSA: 1 is RFC 6979 */
#define DETERMINISTIC "deterministic" /* OpenSSL 3.5, ML-DSA */

static const char *nonce_parameter(const struct ms_key_type *type)
{
	return type->family == MS_KEY_MLDSA ? DETERMINISTIC : NONCE_TYPE;
}

bool ms_raw_can_be_deterministic(const struct ms_raw_signing *how)
{
	_cleanup_(ms_evp_md_ctx_done) EVP_MD_CTX *md_ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL; /* md_ctx's */
	const OSSL_PARAM *settable;
	const char *md = how->type->family == MS_KEY_MLDSA ? NULL : "SHA2-256";

	if (!md_ctx || EVP_DigestSignInit_ex(md_ctx, &ctx, md, how->libctx,
					     how->properties, how->key, NULL) != 1) {
		ERR_clear_error();
		return false;
	}
	settable = EVP_PKEY_CTX_settable_params(ctx);
	return settable && OSSL_PARAM_locate_const(settable, nonce_parameter(how->type));
}

static int set_deterministic(const struct ms_key_type *type, EVP_PKEY_CTX *ctx)
{
	unsigned nonce_type = 1;
	int deterministic = 1;
	OSSL_PARAM params[2] = {
		type->family == MS_KEY_MLDSA ?
			OSSL_PARAM_construct_int(DETERMINISTIC, &deterministic) :
			OSSL_PARAM_construct_uint(NONCE_TYPE, &nonce_type),
		OSSL_PARAM_construct_end(),
	};

	return EVP_PKEY_CTX_set_params(ctx, params);
}

static bool sign_digest(const struct ms_raw_signing *how, const uint8_t *digest,
			size_t len, uint8_t *signature, size_t *size)
{
	_cleanup_(ms_evp_pkey_ctx_done) EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(how->libctx, how->key, how->properties);

	return ctx && EVP_PKEY_sign_init(ctx) == 1 &&
	       (how->type->family != MS_KEY_RSA ||
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	       EVP_PKEY_CTX_set_signature_md(ctx, how->md) == 1 &&
	       (!how->deterministic || set_deterministic(how->type, ctx) == 1) &&
	       EVP_PKEY_sign(ctx, signature, size, digest, len) == 1;
}

static bool sign_data(const struct ms_raw_signing *how, const uint8_t *data, size_t len,
		      uint8_t *signature, size_t *size)
{
	_cleanup_(ms_evp_md_ctx_done) EVP_MD_CTX *md_ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL; /* md_ctx's */

	return md_ctx &&
	       EVP_DigestSignInit_ex(md_ctx, &ctx, NULL, how->libctx, how->properties,
				     how->key, NULL) == 1 &&
	       (!how->deterministic || set_deterministic(how->type, ctx) == 1) &&
	       EVP_DigestSign(md_ctx, signature, size, data, len) == 1;
}

static bool sign(const struct ms_raw_signing *how, const uint8_t *data, size_t len,
		 uint8_t *signature, size_t *size)
{
	bool ok;

	if (how->lock)
		pthread_mutex_lock(how->lock);
	if (how->type->family == MS_KEY_MLDSA)
		ok = sign_data(how, data, len, signature, size);
	else
		ok = sign_digest(how, data, len, signature, size);
	if (how->lock)
		pthread_mutex_unlock(how->lock);
	return ok;
}

int ms_raw_sign(struct ms_ctx *ctx, const struct ms_raw_signing *how, const uint8_t *data,
		size_t len, struct ms_buf *ret)
{
	int max = EVP_PKEY_get_size(how->key);
	size_t size = max > 0 ? (size_t)max : 0;

	if (size == 0)
		return ms_fail_openssl(ctx, -EIO, "cannot sign");
	if (ms_buf_reserve(ret, size) < 0)
		return ms_fail_nomem(ctx);
	if (!sign(how, data, len, ret->data + ret->len, &size))
		return ms_fail_openssl(ctx, -EIO, "cannot sign");
	ret->len += size;
	return 0;
}

bool ms_raw_verify(const struct ms_raw_signing *how, EVP_PKEY *public,
		   const uint8_t *digest, size_t len, const struct ms_buf *signature)
{
	_cleanup_(ms_evp_pkey_ctx_done) EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);

	return ctx && EVP_PKEY_verify_init(ctx) == 1 &&
	       (how->type->family != MS_KEY_RSA ||
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	       EVP_PKEY_CTX_set_signature_md(ctx, how->md) == 1 &&
	       EVP_PKEY_verify(ctx, signature->data, signature->len, digest, len) == 1;
}
