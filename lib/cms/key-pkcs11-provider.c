/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tokens by way of the provider "pkcs11" (pkcs11-provider) and OSSL_STORE.
 *
 * The provider is loaded into the process once, with one module, and stays: unloading it
 * under keys that are in use is not safe. It asks for the PIN when it finds that it must
 * log in, and remains logged in.
 */

#include <errno.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>

#include "../base/context.h"
#include "../hash/hash.h"
#include "key-pkcs11.h"

static void store_done(OSSL_STORE_CTX **store)
{
	OSSL_STORE_close(*store);
}

static void info_done(OSSL_STORE_INFO **info)
{
	OSSL_STORE_INFO_free(*info);
}

static bool is_there(void)
{
	bool loaded = OSSL_PROVIDER_available(NULL, "pkcs11") == 1 ||
		      OSSL_PROVIDER_try_load(NULL, "pkcs11", 1) != NULL;

	ERR_clear_error();
	return loaded;
}

static void close_token(struct ms_token *token)
{
	UI_destroy_method(token->opaque);
}

static int open_token(struct ms_ctx *ctx, struct ms_token *token)
{
	token->opaque = UI_UTIL_wrap_read_pem_callback(ms_token_give_pin, 0);
	token->close = close_token;
	return token->opaque ? 0 : ms_fail_nomem(ctx);
}

static OSSL_STORE_INFO *first_of_type(OSSL_STORE_CTX *store, int type)
{
	while (OSSL_STORE_eof(store) != 1) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info && OSSL_STORE_INFO_get_type(info) == type)
			return info;
		OSSL_STORE_INFO_free(info);
		if (!info && OSSL_STORE_error(store) == 1)
			return NULL;
	}
	return NULL;
}

static int load_object(struct ms_ctx *ctx, struct ms_token *token, const char *uri, int type,
		       OSSL_STORE_INFO **ret)
{
	_cleanup_(store_done) OSSL_STORE_CTX *store =
		OSSL_STORE_open_ex(uri, NULL, "?provider=pkcs11", token->opaque, token, NULL,
				   NULL, NULL);

	if (store && OSSL_STORE_expect(store, type) == 1)
		*ret = first_of_type(store, type);
	return *ret ? 0 : ms_token_fail(ctx, token, uri);
}

static int load_key(struct ms_ctx *ctx, struct ms_token *token, const char *uri,
		    EVP_PKEY **ret)
{
	_cleanup_(info_done) OSSL_STORE_INFO *info = NULL;
	int r = load_object(ctx, token, uri, OSSL_STORE_INFO_PKEY, &info);

	if (r < 0)
		return r;
	*ret = OSSL_STORE_INFO_get1_PKEY(info);
	return *ret ? 0 : ms_token_fail(ctx, token, uri);
}

static int load_cert(struct ms_ctx *ctx, struct ms_token *token, const char *uri, X509 **ret)
{
	_cleanup_(info_done) OSSL_STORE_INFO *info = NULL;
	int r = load_object(ctx, token, uri, OSSL_STORE_INFO_CERT, &info);

	if (r < 0)
		return r;
	*ret = OSSL_STORE_INFO_get1_CERT(info);
	return *ret ? 0 : ms_token_fail(ctx, token, uri);
}

const struct ms_pkcs11_way ms_pkcs11_provider = {
	.is_there = is_there,
	.open = open_token,
	.load_key = load_key,
	.load_cert = load_cert,
};
