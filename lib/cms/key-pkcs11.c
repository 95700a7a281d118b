/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which way leads to a token: the provider where OpenSSL finds one, since engines are on
 * their way out, else the engine. The PIN is the URI's, else the caller's; there is one
 * attempt with it, because a token locks itself after a few that fail.
 */

#include "key-pkcs11.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "../base/context.h"

static const struct ms_pkcs11_way *find_way(void)
{
	if (ms_pkcs11_provider.is_there())
		return &ms_pkcs11_provider;
	if (ms_pkcs11_engine.is_there())
		return &ms_pkcs11_engine;
	return NULL;
}

static int no_way(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri)
{
	ms_fail(ctx, -ENXIO, "no PKCS#11 provider or engine in OpenSSL to open '%s' with",
		uri->object);
	return ms_hint(ctx, -ENXIO,
		       "install pkcs11-provider (Debian 13, bookworm-backports) or "
		       "libengine-pkcs11-openssl (Debian 12)");
}

int ms_pkcs11_load(struct ms_ctx *ctx, const char *text, ms_secret_fn fn, void *userdata,
		   EVP_PKEY **ret_key, X509 **ret_cert)
{
	_cleanup_(ms_pkcs11_uri_done) struct ms_pkcs11_uri uri = { 0 };
	_cleanup_(ms_secret_done) struct ms_secret pin = {
		.fn = fn,
		.userdata = userdata,
		.name = "PIN",
	};
	const struct ms_pkcs11_way *way;
	int r = ms_pkcs11_uri_parse(ctx, text, &uri);

	if (r < 0)
		return r;
	if (uri.token)
		snprintf(pin.what, sizeof(pin.what), "token '%s'", uri.token);
	else
		snprintf(pin.what, sizeof(pin.what), "the token of '%s'", uri.object);
	r = uri.pin ? ms_secret_set(ctx, &pin, uri.pin, strlen(uri.pin)) : 0;
	if (r < 0)
		return r;
	way = find_way();
	if (!way)
		return no_way(ctx, &uri);
	ERR_clear_error();
	return way->load(ctx, &uri, &pin, ret_key, ret_cert);
}
