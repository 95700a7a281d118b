/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* OpenSSL without engines: this way to a token is never there. */

#include <errno.h>

#include "../../base/context.h"
#include "pkcs11.h"

static int open_token(struct ms_ctx *ctx, struct ms_token *token)
{
	(void)token;
	return ms_fail(ctx, -ENOPKG, "this OpenSSL has no engines");
}

const struct ms_pkcs11_way ms_pkcs11_engine = { .open = open_token };
