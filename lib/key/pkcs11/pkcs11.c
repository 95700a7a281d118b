/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which way leads to a token: the provider where OpenSSL finds one, since engines are on
 * their way out, else the engine. The PIN is the URI's, else the caller's; there is one
 * attempt with it, because a token locks itself after a few that fail.
 */

#include "pkcs11.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <string.h>

#include "../../base/checked.h"
#include "../../base/context.h"

MS_DEFINE_CLEANUP(ms_token_done, struct ms_token *, ms_token_free)

/* PKCS#11 v2.40, 4.1: return values, which both ways hand on as OpenSSL's reasons. */
enum {
	CKR_PIN_INCORRECT = 0xa0,
	CKR_PIN_INVALID = 0xa1,
	CKR_PIN_LEN_RANGE = 0xa2,
	CKR_PIN_EXPIRED = 0xa3,
	CKR_PIN_LOCKED = 0xa4,
	CKR_USER_PIN_NOT_INITIALIZED = 0x102,
};

static int no_way(struct ms_ctx *ctx, const struct ms_token *token)
{
	ms_fail(ctx, -ENXIO,
		"OpenSSL has no PKCS#11 provider or engine to open '%s' with",
		token->uri.object);
	return ms_hint(
		ctx, -ENXIO,
		"install the package pkcs11-provider (Debian 13, bookworm-backports) or "
		"libengine-pkcs11-openssl (Debian 12)");
}

static const char *from_environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value && value[0] ? value : NULL;
}

const char *ms_pkcs11_module(const struct ms_pkcs11_uri *uri)
{
	/* NOLINTNEXTLINE: the analyzer thinks that ms_secret_fail() may return 0 */
	const char *module = uri->module;

	if (!module)
		module = from_environment("PKCS11_MODULE_PATH");
	if (!module)
		module = from_environment("PKCS11_PROVIDER_MODULE");
	return module;
}

int ms_pkcs11_open_module(struct ms_ctx *ctx, const char *module, void **ret)
{
	void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return ms_fail(ctx, -ENXIO, "cannot load the PKCS#11 module: %s",
			       dlerror());
	if (!dlsym(handle, "C_GetFunctionList")) {
		dlclose(handle);
		return ms_fail(ctx, -ENXIO, "'%s' is no PKCS#11 module", module);
	}
	*ret = handle;
	return 0;
}

/* The engine would print why a module cannot be loaded, and the provider not say it. */
static int try_module(struct ms_ctx *ctx, const struct ms_token *token)
{
	const char *module = ms_pkcs11_module(&token->uri);
	void *handle = NULL;
	int r = module ? ms_pkcs11_open_module(ctx, module, &handle) : 0;

	if (handle)
		dlclose(handle);
	return r;
}

/*
 * A second question before the key is there means that the first answer was wrong, or
 * that it is for another token: neither gets one.
 */
int ms_token_give_pin(char *buffer, int size, int for_writing, void *userdata)
{
	struct ms_token *token = userdata;

	(void)for_writing;
	if (!token->opened && token->asked++ > 0)
		return -1;
	token->too_long =
		ms_secret_ask(&token->pin) == 0 && token->pin.len > (size_t)size;
	return ms_secret_copy(&token->pin, buffer, size);
}

/* What OpenSSL's queue says of a failure. */
struct reasons {
	int pin;         /* the first that is about the PIN, else 0 */
	bool pin_length; /* the PIN never got to the token */
	char first[128]; /* the text of the first of all */
};

static void note_reason(struct reasons *reasons, unsigned long code)
{
	int reason = ERR_GET_REASON(code);
	const char *text = ERR_reason_error_string(code);

	if (ERR_GET_LIB(code) == ERR_LIB_UI)
		reasons->pin_length |= reason == UI_R_RESULT_TOO_SMALL ||
				       reason == UI_R_RESULT_TOO_LARGE;
	else if (!reasons->pin && ERR_GET_LIB(code) >= ERR_LIB_USER &&
		 ((reason >= CKR_PIN_INCORRECT && reason <= CKR_PIN_LOCKED) ||
		  reason == CKR_USER_PIN_NOT_INITIALIZED))
		reasons->pin = reason;
	if (!reasons->first[0] && text)
		snprintf(reasons->first, sizeof(reasons->first), "%s", text);
}

static int no_object(struct ms_ctx *ctx, const struct reasons *reasons, const char *uri)
{
	if (!reasons->first[0] || !strcmp(reasons->first, "object not found"))
		return ms_fail(ctx, -ENXIO, "no object '%s' in any token", uri);
	return ms_fail(ctx, -ENXIO, "cannot load '%s': %s", uri, reasons->first);
}

int ms_token_fail(struct ms_ctx *ctx, struct ms_token *token, const char *uri)
{
	struct reasons reasons = { .pin_length = token->too_long };
	const char *what = token->pin.what;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		note_reason(&reasons, code);
	if (token->pin.asked && token->pin.error < 0)
		return ms_secret_fail(ctx, &token->pin);
	if (reasons.pin_length)
		return ms_fail(ctx, -EKEYREJECTED, "no PIN of %s is so short or so long",
			       what);
	return reasons.pin ? ms_pkcs11_pin_fail(ctx, what, reasons.pin)
			   : no_object(ctx, &reasons, uri);
}

int ms_pkcs11_pin_fail(struct ms_ctx *ctx, const char *what, int rv)
{
	switch (rv) {
	case CKR_PIN_LOCKED:
		return ms_fail(ctx, -EKEYREJECTED,
			       "%s is locked after too many wrong PINs", what);
	case CKR_PIN_EXPIRED:
		return ms_fail(ctx, -EKEYREJECTED, "the PIN of %s has expired", what);
	case CKR_USER_PIN_NOT_INITIALIZED:
		return ms_fail(ctx, -EKEYREJECTED, "%s has no user PIN yet", what);
	default:
		return ms_fail(ctx, -EKEYREJECTED, "wrong PIN for %s", what);
	}
}

static int load_key(struct ms_ctx *ctx, const struct ms_pkcs11_way *way,
		    struct ms_token *token, EVP_PKEY **ret)
{
	_cleanup_free_ char *uri = NULL;
	int r = ms_pkcs11_uri_for(ctx, &token->uri, "private", &uri);

	ERR_clear_error();
	return r < 0 ? r : way->load_key(ctx, token, uri, ret);
}

static int load_cert(struct ms_ctx *ctx, const struct ms_pkcs11_way *way,
		     struct ms_token *token, X509 **ret)
{
	_cleanup_free_ char *uri = NULL;
	int r = ms_pkcs11_uri_for(ctx, &token->uri, "cert", &uri);

	ERR_clear_error();
	return r < 0 ? r : way->load_cert(ctx, token, uri, ret);
}

static void close_way(struct ms_token *token)
{
	if (token->close)
		token->close(token);
	token->close = NULL;
	token->opaque = NULL;
	token->libctx = NULL;
}

static int open_way(struct ms_ctx *ctx, struct ms_token *token,
		    const struct ms_pkcs11_way **ret)
{
	static const struct ms_pkcs11_way *const ways[] = { &ms_pkcs11_provider,
							    &ms_pkcs11_engine };

	for (size_t i = 0; i < MS_ARRAY_SIZE(ways); i++) {
		int r = ways[i]->open(ctx, token);

		if (r != -ENOPKG) {
			*ret = ways[i];
			return r;
		}
		close_way(token);
	}
	return no_way(ctx, token);
}

static int token_new(struct ms_ctx *ctx, const char *text, ms_secret_fn fn,
		     void *userdata, struct ms_token **ret)
{
	_cleanup_(ms_token_done) struct ms_token *token = calloc(1, sizeof(*token));
	struct ms_secret *pin;
	int r;

	if (!token)
		return ms_fail_nomem(ctx);
	pthread_mutex_init(&token->lock, NULL);
	r = ms_pkcs11_uri_parse(ctx, text, &token->uri);
	if (r < 0)
		return r;
	pin = &token->pin;
	*pin = (struct ms_secret){ .fn = fn, .userdata = userdata, .name = "PIN" };
	if (token->uri.token)
		snprintf(pin->what, sizeof(pin->what), "token '%s'", token->uri.token);
	else
		snprintf(pin->what, sizeof(pin->what), "the token of '%s'",
			 token->uri.object);
	if (token->uri.pin &&
	    ms_secret_set(pin, token->uri.pin, strlen(token->uri.pin)) < 0)
		return ms_secret_fail(ctx, pin);
	*ret = ms_steal(&token);
	return 0;
}

int ms_pkcs11_load(struct ms_ctx *ctx, const char *text, ms_secret_fn fn, void *userdata,
		   struct ms_token **ret, EVP_PKEY **ret_key, X509 **ret_cert)
{
	_cleanup_(ms_token_done) struct ms_token *token = NULL;
	const struct ms_pkcs11_way *way = NULL;
	int r = token_new(ctx, text, fn, userdata, &token);

	if (r < 0)
		return r;
	r = try_module(ctx, token);
	if (r < 0)
		return r;
	r = open_way(ctx, token, &way);
	if (r == 0 && ret_key)
		r = load_key(ctx, way, token, ret_key);
	if (r == 0 && ret_cert)
		r = load_cert(ctx, way, token, ret_cert);
	if (r < 0)
		return r;
	token->opened = true;
	*ret = ms_steal(&token);
	return 0;
}

struct ms_token *ms_token_free(struct ms_token *token)
{
	if (!token)
		return NULL;
	close_way(token);
	ms_pkcs11_uri_done(&token->uri);
	ms_secret_done(&token->pin);
	pthread_mutex_destroy(&token->lock);
	free(token);
	return NULL;
}
