/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The context: a message and a hint for each thread, one log and one cancellation
 * flag for all of them. What threads share lies in struct shared, which the first
 * context owns; forks borrow it.
 *
 * A message is kept in a fixed buffer, so that reporting "out of memory" needs none.
 * A longer one is cut, which only a hostile file name can bring about.
 */

#include "context.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "pin.h"
#include "shell.h"

enum { MESSAGE_SIZE = 1024 + 4096 };

struct shared {
	pthread_mutex_t lock;
	ms_log_fn log;
	void *userdata;
	_Atomic bool cancelled;
};

struct ms_ctx {
	struct shared *shared;
	bool owns_shared;
	char message[MESSAGE_SIZE];
	char hint[MESSAGE_SIZE];
};

struct ms_ctx *ms_ctx_new(void)
{
	struct ms_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->shared = calloc(1, sizeof(*ctx->shared));
	if (!ctx->shared) {
		free(ctx);
		return NULL;
	}
	ctx->owns_shared = true;
	pthread_mutex_init(&ctx->shared->lock, NULL);
	return ctx;
}

struct ms_ctx *ms_ctx_fork(struct ms_ctx *ctx)
{
	struct ms_ctx *fork = calloc(1, sizeof(*fork));

	if (fork)
		fork->shared = ctx->shared;
	return fork;
}

struct ms_ctx *ms_ctx_free(struct ms_ctx *ctx)
{
	if (ctx && ctx->owns_shared) {
		pthread_mutex_destroy(&ctx->shared->lock);
		free(ctx->shared);
	}
	free(ctx);
	return NULL;
}

void ms_ctx_set_log(struct ms_ctx *ctx, ms_log_fn fn, void *userdata)
{
	pthread_mutex_lock(&ctx->shared->lock);
	ctx->shared->log = fn;
	ctx->shared->userdata = userdata;
	pthread_mutex_unlock(&ctx->shared->lock);
}

const char *ms_ctx_message(const struct ms_ctx *ctx)
{
	return ctx->message;
}

const char *ms_ctx_hint(const struct ms_ctx *ctx)
{
	return ctx->hint[0] ? ctx->hint : NULL;
}

void ms_ctx_cancel(struct ms_ctx *ctx)
{
	ctx->shared->cancelled = true;
}

int ms_check_cancelled(struct ms_ctx *ctx)
{
	return ctx->shared->cancelled ? ms_fail(ctx, -ECANCELED, "interrupted") : 0;
}

const char *ms_version(void)
{
	return MODSEAL_VERSION;
}

int ms_fail(struct ms_ctx *ctx, int error, const char *format, ...)
{
	/* the arguments may point into the message that is being replaced */
	char message[MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	ms_pin_strip(message);
	memcpy(ctx->message, message, sizeof(message));
	ctx->hint[0] = '\0';
	return error;
}

int ms_fail_errno(struct ms_ctx *ctx, int error, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return ms_fail(ctx, error, "%s: %s", message,
		       strerror_r(-error, text, sizeof(text)));
}

int ms_fail_nomem(struct ms_ctx *ctx)
{
	return ms_fail(ctx, -ENOMEM, "out of memory");
}

int ms_hint(struct ms_ctx *ctx, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ctx->hint, sizeof(ctx->hint), format, args);
	va_end(args);
	ms_pin_strip(ctx->hint);
	return error;
}

int ms_hint_command(struct ms_ctx *ctx, int error, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = ms_shell_vformat(format, args);
	va_end(args);
	ctx->hint[0] = '\0';
	if (text && strlen(text) < sizeof(ctx->hint))
		ms_hint(ctx, error, "%s", text);
	return error;
}

int ms_fail_prefix(struct ms_ctx *ctx, int error, const char *format, ...)
{
	char prefix[MESSAGE_SIZE];
	char message[2 * MESSAGE_SIZE + 2];
	va_list args;

	va_start(args, format);
	vsnprintf(prefix, sizeof(prefix), format, args);
	va_end(args);
	snprintf(message, sizeof(message), "%s: %s", prefix, ctx->message);
	message[MESSAGE_SIZE - 1] = '\0';
	ms_pin_strip(message);
	memcpy(ctx->message, message, MESSAGE_SIZE);
	return error;
}

void ms_fail_clear(struct ms_ctx *ctx)
{
	ctx->message[0] = '\0';
	ctx->hint[0] = '\0';
}

static void log_text(struct ms_ctx *ctx, enum ms_log_level level, const char *format,
		     va_list args)
{
	struct shared *shared = ctx->shared;
	char text[MESSAGE_SIZE];

	vsnprintf(text, sizeof(text), format, args);
	ms_pin_strip(text);
	pthread_mutex_lock(&shared->lock);
	if (shared->log)
		shared->log(shared->userdata, level, text);
	pthread_mutex_unlock(&shared->lock);
}

void ms_warn(struct ms_ctx *ctx, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_text(ctx, MS_LOG_WARNING, format, args);
	va_end(args);
}

void ms_info(struct ms_ctx *ctx, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_text(ctx, MS_LOG_INFO, format, args);
	va_end(args);
}
