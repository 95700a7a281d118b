/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A secret is asked for at most once: a token locks itself after a few wrong PINs, and
 * OpenSSL would call back for every attempt of its own.
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "../base/context.h"
#include "key.h"

static int ask(struct ms_ctx *ctx, struct ms_secret *secret)
{
	int n;

	if (!secret->fn)
		return ms_fail(ctx, -ENOKEY, "%s needs a %s, and there is none", secret->what,
			       secret->name);
	n = secret->fn(secret->userdata, secret->what, secret->text, MS_SECRET_SIZE);
	if (n < 0)
		return ms_fail(ctx, n, "no %s for %s", secret->name, secret->what);
	if (n > MS_SECRET_SIZE)
		return ms_fail(ctx, -ENOKEY, "the %s for %s is longer than %d bytes",
			       secret->name, secret->what, MS_SECRET_SIZE);
	secret->len = (size_t)n;
	secret->text[n] = '\0';
	return 0;
}

int ms_secret_get(struct ms_ctx *ctx, struct ms_secret *secret)
{
	if (!secret->asked) {
		secret->asked = true;
		secret->error = ask(ctx, secret);
	}
	return secret->error;
}

int ms_secret_set(struct ms_ctx *ctx, struct ms_secret *secret, const char *text, size_t len)
{
	if (len > MS_SECRET_SIZE)
		return ms_fail(ctx, -ENOKEY, "the %s for %s is longer than %d bytes",
			       secret->name, secret->what, MS_SECRET_SIZE);
	memcpy(secret->text, text, len);
	secret->text[len] = '\0';
	secret->len = len;
	secret->asked = true;
	secret->error = 0;
	return 0;
}

void ms_secret_done(struct ms_secret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}
