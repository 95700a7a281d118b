/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tokens by way of the provider "pkcs11" (pkcs11-provider) and OSSL_STORE.
 *
 * The provider lives in a library context of its own, which is freed after the token's
 * keys: so the module is closed at a time that we know and not while the process exits,
 * when the module's own memory may be gone (SoftHSM crashes then). It also keeps the
 * provider from being asked for digests and other things of the rest of the process.
 *
 * The context reads OpenSSL's configuration, where the provider's settings may stand. The
 * provider asks for the PIN when it finds that it must log in, and remains logged in.
 */

#include <errno.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <string.h>
#include <unistd.h>

#include "../../base/context.h"
#include "../../hash/hash.h"
#include "pkcs11.h"

static void conf_done(CONF **conf)
{
	NCONF_free(*conf);
}

static void info_done(OSSL_STORE_INFO **info)
{
	OSSL_STORE_INFO_free(*info);
}

/* The value of an OpenSSL configuration line, its special characters escaped. */
static int append_value(struct ms_buf *buf, const char *value)
{
	int r = 0;

	for (; *value && r == 0; value++) {
		if (strchr("\\$#\"'`", *value))
			r = ms_buf_append(buf, "\\", 1);
		if (r == 0)
			r = ms_buf_append(buf, value, 1);
	}
	return r < 0 ? r : ms_buf_append(buf, "\n", 1);
}

/*
 * Parameters get to a provider by configuration only, so one is made here. The provider
 * keeps the PIN for keys that want it for each signature; it would go to the terminal.
 */
static int write_config(struct ms_buf *text, const char *module)
{
	static const char head[] =
		"openssl_conf = modseal\n"
		"[modseal]\nproviders = providers\n"
		"[providers]\npkcs11 = pkcs11\n"
		"[pkcs11]\nactivate = 1\npkcs11-module-cache-pins = cache\n";
	int r = ms_buf_append_str(text, head);

	if (r < 0 || !module)
		return r;
	r = ms_buf_append_str(text, "pkcs11-module-path = ");
	return r < 0 ? r : append_value(text, module);
}

static bool load_by_config(OSSL_LIB_CTX *libctx, const char *module)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_(ms_bio_done) BIO *bio = NULL;
	_cleanup_(conf_done) CONF *conf = NCONF_new_ex(libctx, NULL);
	long line;

	if (!conf || write_config(&text, module) < 0)
		return false;
	bio = BIO_new_mem_buf(text.data, (int)text.len);
	return bio && NCONF_load_bio(conf, bio, &line) == 1 &&
	       CONF_modules_load(conf, NULL, 0) == 1;
}

/*
 * A provider that the configuration has loaded stays as that has it. The default one is
 * needed for everything but the keys, unless the configuration names others.
 */
static bool load_provider(OSSL_LIB_CTX *libctx, const char *module,
			  OSSL_PROVIDER **standard)
{
	char *config = CONF_get1_default_config_file();

	if (config && access(config, R_OK) == 0)
		OSSL_LIB_CTX_load_config(libctx, config);
	OPENSSL_free(config);
	if (OSSL_PROVIDER_available(libctx, "default") == 1)
		*standard = OSSL_PROVIDER_load(libctx, "default");
	return (OSSL_PROVIDER_available(libctx, "pkcs11") == 1 ||
		load_by_config(libctx, module)) &&
	       OSSL_PROVIDER_available(libctx, "pkcs11") == 1;
}

/* What the way keeps of a token. */
struct provider_token {
	OSSL_PROVIDER *standard; /* held while the token is open; NULL: not needed */
	UI_METHOD *method;       /* how it asks for the PIN */
	UI_METHOD *mute;         /* does not answer */
	const UI_METHOD *before; /* OpenSSL's default one while that is mute; else NULL */
};

static int answer_nothing(UI *ui, UI_STRING *string)
{
	(void)ui;
	(void)string;
	return -1;
}

/*
 * Where our callback gives no PIN the provider turns to OpenSSL's default method, which
 * is the terminal. So that becomes mute, until the provider has given up.
 */
static int give_pin(char *buffer, int size, int for_writing, void *userdata)
{
	struct ms_token *token = userdata;
	struct provider_token *own = token->opaque;
	int n = ms_token_give_pin(buffer, size, for_writing, token);

	if (n < 0 && !own->before) {
		own->before = UI_get_default_method();
		UI_set_default_method(own->mute);
	}
	return n;
}

static void end_mute(struct provider_token *own)
{
	if (own->before)
		UI_set_default_method(own->before);
	own->before = NULL;
}

static void close_token(struct ms_token *token)
{
	struct provider_token *own = token->opaque;

	UI_destroy_method(own->method);
	UI_destroy_method(own->mute);
	if (own->standard)
		OSSL_PROVIDER_unload(own->standard);
	free(own);
	OSSL_LIB_CTX_free(token->libctx);
}

static int open_token(struct ms_ctx *ctx, struct ms_token *token)
{
	struct provider_token *own = calloc(1, sizeof(*own));

	if (!own)
		return ms_fail_nomem(ctx);
	token->opaque = own;
	token->close = close_token;
	token->libctx = OSSL_LIB_CTX_new();
	own->method = UI_UTIL_wrap_read_pem_callback(give_pin, 0);
	own->mute = UI_create_method("modseal: no answer");
	if (!token->libctx || !own->method || !own->mute ||
	    UI_method_set_reader(own->mute, answer_nothing) != 0)
		return ms_fail_nomem(ctx);
	if (!load_provider(token->libctx, ms_pkcs11_module(&token->uri), &own->standard))
		return ms_fail_openssl(ctx, -ENOPKG, "OpenSSL has no PKCS#11 provider");
	ERR_clear_error();
	return 0;
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

static OSSL_STORE_INFO *find(struct ms_token *token, const char *uri, int type)
{
	struct provider_token *own = token->opaque;
	OSSL_STORE_CTX *store = OSSL_STORE_open_ex(uri, token->libctx, NULL, own->method,
						   token, NULL, NULL, NULL);
	OSSL_STORE_INFO *info = NULL;

	if (store && OSSL_STORE_expect(store, type) == 1)
		info = first_of_type(store, type);
	OSSL_STORE_close(store);
	end_mute(own);
	return info;
}

/*
 * The provider keeps to itself why there was no login. But where there was one, the
 * token's private keys can be seen without a further question.
 */
static bool sees_keys(struct ms_ctx *ctx, struct ms_token *token)
{
	_cleanup_free_ char *uri = NULL;
	_cleanup_(info_done) OSSL_STORE_INFO *info = NULL;

	if (ms_pkcs11_uri_keys(ctx, &token->uri, &uri) == 0)
		info = find(token, uri, OSSL_STORE_INFO_PKEY);
	return info != NULL;
}

static int fail(struct ms_ctx *ctx, struct ms_token *token, const char *uri)
{
	if (token->asked > 0 && token->pin.error == 0 && !token->too_long &&
	    !sees_keys(ctx, token))
		return ms_fail(
			ctx, -EKEYREJECTED,
			"%s does not take the PIN: it is wrong, or the token is locked",
			token->pin.what);
	return ms_token_fail(ctx, token, uri);
}

static int load_key(struct ms_ctx *ctx, struct ms_token *token, const char *uri,
		    EVP_PKEY **ret)
{
	_cleanup_(info_done) OSSL_STORE_INFO *info =
		find(token, uri, OSSL_STORE_INFO_PKEY);

	*ret = info ? OSSL_STORE_INFO_get1_PKEY(info) : NULL;
	return *ret ? 0 : fail(ctx, token, uri);
}

static int load_cert(struct ms_ctx *ctx, struct ms_token *token, const char *uri,
		     X509 **ret)
{
	_cleanup_(info_done) OSSL_STORE_INFO *info =
		find(token, uri, OSSL_STORE_INFO_CERT);

	*ret = info ? OSSL_STORE_INFO_get1_CERT(info) : NULL;
	return *ret ? 0 : fail(ctx, token, uri);
}

const struct ms_pkcs11_way ms_pkcs11_provider = {
	.open = open_token,
	.load_key = load_key,
	.load_cert = load_cert,
};
