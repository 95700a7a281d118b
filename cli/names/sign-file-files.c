/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sign-file personality's files: signatures, messages. */

#include <stdarg.h>
#include <string.h>

#include "../cleanup.h"
#include "sign-file-request.h"

int sign_file_fail(const struct request *request, const char *format, ...)
{
	_cleanup_string_ char *text = NULL;
	_cleanup_string_ char *escaped = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		cli_out_of_memory();
	va_end(args);
	escaped = cli_shown(text);
	fprintf(stderr, "%s: %s\n", request->program, escaped);
	return FAILED;
}

int sign_file_fail_ctx(const struct request *request)
{
	const char *hint = ms_ctx_hint(request->ctx);
	int status = sign_file_fail(request, "%s", ms_ctx_message(request->ctx));

	if (hint) {
		_cleanup_string_ char *escaped = cli_shown(hint);

		fprintf(stderr, "hint: %s\n", escaped);
	}
	return status;
}

const char *sign_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Reads a whole file, to free(). A signature is small: a kernel takes 65535 bytes. */
int sign_file_read_raw(const struct request *request, char **ret, size_t *ret_len)
{
	enum { MOST = (1 << 16) - 1 };

	if (ms_text_load(request->ctx, request->raw, MOST, ret, ret_len) < 0)
		return sign_file_fail_ctx(request);
	return OK;
}
