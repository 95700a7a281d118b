/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tokens by way of the engine "pkcs11" (libp11), for OpenSSL 3.0 without the provider.
 * The interface is deprecated, and is all that Debian 12 has of itself.
 *
 * The engine is one object for the whole process, with one module. Signatures are made
 * one at a time, since it was not made for threads.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include <errno.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>

#include "../../base/context.h"
#include "../../hash/hash.h"
#include "pkcs11.h"

/* What the way keeps of a token. */
struct engine_token {
	ENGINE *engine;
	bool initialized;
	UI_METHOD *method; /* how it asks for the PIN */
};

/* How keys are asked for that want their PIN again: load_key() says it of the login. */
static bool set_callback(struct engine_token *own, UI_METHOD *method,
			 struct ms_token *token)
{
	ENGINE *engine = own->engine;

	return ENGINE_ctrl_cmd(engine, "SET_USER_INTERFACE", 0, method, NULL, 1) == 1 &&
	       ENGINE_ctrl_cmd(engine, "SET_CALLBACK_DATA", 0, token, NULL, 1) == 1;
}

static void close_token(struct ms_token *token)
{
	struct engine_token *own = token->opaque;

	if (!own)
		return;
	if (own->initialized)
		set_callback(own, NULL, NULL);
	if (own->initialized)
		ENGINE_finish(own->engine);
	ENGINE_free(own->engine);
	UI_destroy_method(own->method);
	free(own);
}

static int open_token(struct ms_ctx *ctx, struct ms_token *token)
{
	struct engine_token *own = calloc(1, sizeof(*own));
	const char *module = ms_pkcs11_module(&token->uri);

	if (!own)
		return ms_fail_nomem(ctx);
	token->opaque = own;
	token->close = close_token;
	token->serialize = true;
	ENGINE_load_dynamic();
	own->engine = ENGINE_by_id("pkcs11");
	if (!own->engine)
		return ms_fail_openssl(ctx, -ENOPKG, "OpenSSL has no PKCS#11 engine");
	own->method = UI_UTIL_wrap_read_pem_callback(ms_token_give_pin, 0);
	/* it would print to standard error what it gives as errors too */
	if (!own->method || ENGINE_ctrl_cmd_string(own->engine, "QUIET", NULL, 1) != 1 ||
	    (module &&
	     ENGINE_ctrl_cmd_string(own->engine, "MODULE_PATH", module, 0) != 1) ||
	    !set_callback(own, own->method, token) || ENGINE_init(own->engine) != 1)
		return ms_fail_openssl(ctx, -ENXIO,
				       "cannot start the PKCS#11 engine with %s",
				       module ? module : "its default module");
	own->initialized = true;
	return 0;
}

static int load_key(struct ms_ctx *ctx, struct ms_token *token, const char *uri,
		    EVP_PKEY **ret)
{
	const struct engine_token *own = token->opaque;

	*ret = ENGINE_load_private_key(own->engine, uri, own->method, token);
	return *ret ? 0 : ms_token_fail(ctx, token, uri);
}

static int load_cert(struct ms_ctx *ctx, struct ms_token *token, const char *uri,
		     X509 **ret)
{
	const struct engine_token *own = token->opaque;
	struct {
		const char *uri;
		X509 *cert;
	} load = { .uri = uri }; /* the engine's layout */

	if (ENGINE_ctrl_cmd(own->engine, "LOAD_CERT_CTRL", 0, &load, NULL, 1) != 1 ||
	    !load.cert)
		return ms_token_fail(ctx, token, uri);
	*ret = load.cert;
	return 0;
}

const struct ms_pkcs11_way ms_pkcs11_engine = {
	.open = open_token,
	.load_key = load_key,
	.load_cert = load_cert,
};
