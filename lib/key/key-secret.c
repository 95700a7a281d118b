/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A secret is asked for at most once: a token locks itself after a few wrong PINs, and
 * OpenSSL would call back for every attempt of its own.
 */

#include <errno.h>
#include <string.h>

#include <modseal/secret.h>

#include "../base/context.h"
#include "key.h"

static bool make_room(struct ms_secret *secret)
{
	if (!secret->text)
		secret->text = ms_secret_new(MS_SECRET_SIZE + 1);
	return secret->text != NULL;
}

static int ask(struct ms_secret *secret)
{
	int n;

	if (!secret->fn)
		return -ENOKEY;
	if (!make_room(secret))
		return -ENOMEM;
	n = secret->fn(secret->userdata, secret->what, secret->text, MS_SECRET_SIZE);
	if (n < 0 || n > MS_SECRET_SIZE)
		return n < 0 ? n : -ENOKEY;
	secret->len = (size_t)n;
	secret->text[n] = '\0';
	return 0;
}

int ms_secret_ask(struct ms_secret *secret)
{
	if (!secret->asked) {
		secret->asked = true;
		secret->error = ask(secret);
	}
	return secret->error;
}

int ms_secret_fail(struct ms_ctx *ctx, const struct ms_secret *secret)
{
	return ms_fail(ctx, secret->error, "%s needs a %s, and none is to be had",
		       secret->what, secret->name);
}

int ms_secret_set(struct ms_secret *secret, const char *text, size_t len)
{
	secret->asked = true;
	secret->error = len > MS_SECRET_SIZE || !make_room(secret) ? -ENOKEY : 0;
	if (secret->error < 0)
		return secret->error;
	memcpy(secret->text, text, len);
	secret->text[len] = '\0';
	secret->len = len;
	return 0;
}

int ms_secret_copy(struct ms_secret *secret, char *buffer, int size)
{
	if (ms_secret_ask(secret) < 0 || size < 0 || secret->len > (size_t)size)
		return -1;
	memcpy(buffer, secret->text, secret->len);
	return (int)secret->len;
}

void ms_secret_done(struct ms_secret *secret)
{
	ms_secret_free(secret->text, MS_SECRET_SIZE + 1);
	*secret = (struct ms_secret){0};
}
