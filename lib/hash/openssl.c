/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* OpenSSL's error queue as part of a message. */

#include "openssl.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first error is the cause; those behind it say which calls it passed through. */
static const char *first_reason(char *text, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *reason;

	if (!code)
		return "no reason given";
	if (ERR_SYSTEM_ERROR(code))
		return strerror_r(ERR_GET_REASON(code), text, size);
	reason = ERR_reason_error_string(code);
	if (reason)
		return reason;
	snprintf(text, size, "error %08lX", code);
	return text;
}

int ms_fail_openssl(struct ms_ctx *ctx, int error, const char *format, ...)
{
	char message[4096 + 512];
	char text[128];
	va_list args;
	int r;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	r = ms_fail(ctx, error, "%s: %s", message, first_reason(text, sizeof(text)));
	ERR_clear_error();
	return r;
}
