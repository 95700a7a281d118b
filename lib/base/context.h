/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_CONTEXT_H
#define MS_BASE_CONTEXT_H

/*
 * The library's side of the context: filling in messages. A PIN that stands in a pkcs11:
 * URI (pin-value) is taken out of all of them.
 */

#include <stdarg.h>

#include <modseal/base.h>

/**
 * Records the message of a failure, replacing the last one and its hint, and returns
 * @error (negative), so that a function can end with `return ms_fail(ctx, -EBADMSG, ...)`.
 * The message is lower case without a full stop, and names what and where.
 */
__attribute__((format(printf, 3, 4))) int ms_fail(struct ms_ctx *ctx, int error,
						  const char *format, ...);

/** As ms_fail() with ": " and the text of @error behind the message. */
__attribute__((format(printf, 3, 4))) int ms_fail_errno(struct ms_ctx *ctx, int error,
							const char *format, ...);

/** The failure for want of memory. */
int ms_fail_nomem(struct ms_ctx *ctx);

/**
 * Adds the step that would mend the failure just recorded. Returns @error. Not for names
 * that come from outside: ms_hint_command().
 */
__attribute__((format(printf, 3, 4))) int ms_hint(struct ms_ctx *ctx, int error,
						  const char *format, ...);

/**
 * As ms_hint(), for a command: each %s is quoted for the shell (ms_shell_format()). Where
 * the command is too long to be kept there is no hint: half of one is no command.
 */
__attribute__((format(printf, 3, 4))) int ms_hint_command(struct ms_ctx *ctx, int error,
							  const char *format, ...);

/** Puts "@prefix: " before the recorded message. Returns @error. */
__attribute__((format(printf, 3, 4))) int ms_fail_prefix(struct ms_ctx *ctx, int error,
							 const char *format, ...);

/** Forgets message and hint. */
void ms_fail_clear(struct ms_ctx *ctx);

/** A warning, to the log function. */
__attribute__((format(printf, 2, 3))) void ms_warn(struct ms_ctx *ctx, const char *format,
						   ...);

/** Something that only the curious want to know, to the log function. */
__attribute__((format(printf, 2, 3))) void ms_info(struct ms_ctx *ctx, const char *format,
						   ...);

/** -ECANCELED with a message once ms_ctx_cancel() was called, else 0. */
int ms_check_cancelled(struct ms_ctx *ctx);

#endif
