/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* OpenSSL without engines: this way to a token is never there. */

#include <errno.h>

#include "../base/context.h"
#include "key-pkcs11.h"

static bool is_there(void)
{
	return false;
}

static int load(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri, struct ms_secret *pin,
		EVP_PKEY **ret_key, X509 **ret_cert)
{
	(void)pin;
	(void)ret_key;
	(void)ret_cert;
	return ms_fail(ctx, -ENXIO, "no engine for '%s': OpenSSL is built without engines",
		       uri->object);
}

const struct ms_pkcs11_way ms_pkcs11_engine = { load, is_there };
