/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tokens by way of the provider "pkcs11" (pkcs11-provider) and OSSL_STORE.
 *
 * The provider asks for the PIN when it finds that it must log in, and stays logged in
 * for as long as it is loaded: that is to the end of the process, as unloading it under
 * keys that are in use is not safe.
 */

#include <errno.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <string.h>

#include "../base/context.h"
#include "../hash/hash.h"
#include "key-pkcs11.h"

static void store_done(OSSL_STORE_CTX **store)
{
	OSSL_STORE_close(*store);
}

static void ui_method_done(UI_METHOD **method)
{
	UI_destroy_method(*method);
}

static void info_done(OSSL_STORE_INFO **info)
{
	OSSL_STORE_INFO_free(*info);
}

/* Loaded once for the process: a second load only counts up. */
static bool is_there(void)
{
	bool loaded = OSSL_PROVIDER_try_load(NULL, "pkcs11", 1) != NULL;

	ERR_clear_error();
	return loaded;
}

/* What the PIN's callback is given. */
struct asking {
	struct ms_ctx *ctx;
	struct ms_secret *pin;
	unsigned times;
};

/* A second question means that the first answer was wrong: never answered. */
static int give_pin(char *buffer, int size, int for_writing, void *userdata)
{
	struct asking *asking = userdata;
	struct ms_secret *pin = asking->pin;

	(void)for_writing;
	if (asking->times++ > 0 || ms_secret_get(asking->ctx, pin) < 0 ||
	    pin->len > (size_t)size)
		return -1;
	memcpy(buffer, pin->text, pin->len);
	return (int)pin->len;
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

static int nothing_found(struct asking *asking, const char *uri)
{
	if (asking->pin->asked && asking->pin->error < 0)
		return asking->pin->error;
	if (asking->times > 0)
		return ms_fail_openssl(asking->ctx, -EKEYREJECTED, "cannot log in to %s",
				       asking->pin->what);
	return ms_fail_openssl(asking->ctx, -ENXIO, "no object '%s'", uri);
}

static int load_one(struct asking *asking, const struct ms_pkcs11_uri *uri, int type,
		    OSSL_STORE_INFO **ret)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(ui_method_done) UI_METHOD *method =
		UI_UTIL_wrap_read_pem_callback(give_pin, 0);
	_cleanup_(store_done) OSSL_STORE_CTX *store = NULL;
	int r = ms_pkcs11_uri_for(asking->ctx, uri,
				  type == OSSL_STORE_INFO_PKEY ? "private" : "cert", &text);

	if (r < 0)
		return r;
	ERR_clear_error();
	store = OSSL_STORE_open_ex(text, NULL, "?provider=pkcs11", method, asking, NULL, NULL,
				   NULL);
	if (store && OSSL_STORE_expect(store, type) == 1)
		*ret = first_of_type(store, type);
	return *ret ? 0 : nothing_found(asking, text);
}

static int load(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri, struct ms_secret *pin,
		EVP_PKEY **ret_key, X509 **ret_cert)
{
	_cleanup_(info_done) OSSL_STORE_INFO *key = NULL;
	_cleanup_(info_done) OSSL_STORE_INFO *cert = NULL;
	struct asking asking = { ctx, pin, 0 };
	int r = 0;

	if (ret_key)
		r = load_one(&asking, uri, OSSL_STORE_INFO_PKEY, &key);
	if (r == 0 && ret_cert)
		r = load_one(&asking, uri, OSSL_STORE_INFO_CERT, &cert);
	if (r < 0)
		return r;
	if (ret_key)
		*ret_key = OSSL_STORE_INFO_get1_PKEY(key);
	if (ret_cert)
		*ret_cert = OSSL_STORE_INFO_get1_CERT(cert);
	return 0;
}

const struct ms_pkcs11_way ms_pkcs11_provider = { load, is_there };
