/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sign-file personality's files: work directories, signatures, messages. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "sign-file-request.h"
#include "util.h"

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

/* The directory that @path lies in, with its slash, to free(). */
char *sign_file_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? cli_check(strndup(path, (size_t)(slash - path) + 1))
		     : cli_check(strdup("./"));
}

const char *sign_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int sign_file_make_directory(const struct request *request, const char *beside,
			     char **ret)
{
	_cleanup_string_ char *parent = sign_file_directory(beside);
	_cleanup_string_ char *path = cli_format("%s.modseal-XXXXXX", parent);

	if (!mkdtemp(path))
		return sign_file_fail(request, "cannot make a directory in '%s': %s",
				      parent, strerror(errno));
	*ret = cli_steal(&path);
	return OK;
}

void sign_file_remove_directory(const char *path)
{
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, NULL);

	for (int i = 0; i < n; i++) {
		_cleanup_string_ char *name =
			cli_format("%s/%s", path, entries[i]->d_name);

		unlink(name); /* which "." and ".." refuse */
		free(entries[i]);
	}
	free(entries);
	rmdir(path);
}

static bool write_whole(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* Replaces @path atomically by a file of these bytes. */
int sign_file_write(const struct request *request, const char *path, const uint8_t *data,
		    size_t len)
{
	_cleanup_string_ char *temporary = cli_format("%s.XXXXXX", path);
	_cleanup_fd_ int fd = mkostemp(temporary, O_CLOEXEC);
	mode_t mask = umask(0);
	int error;

	umask(mask);
	if (fd < 0)
		return sign_file_fail(request, "cannot make '%s': %s", temporary,
				      strerror(errno));
	if (write_whole(fd, data, len) && fchmod(fd, 0666 & ~mask) == 0 &&
	    fsync(fd) == 0 && rename(temporary, path) == 0)
		return OK;
	error = errno;
	unlink(temporary);
	return sign_file_fail(request, "cannot write '%s': %s", path, strerror(error));
}

/* Reads a whole file, to free(). A signature is small: a kernel takes 65535 bytes. */
int sign_file_read_raw(const struct request *request, uint8_t **ret, size_t *ret_len)
{
	enum { MOST = (1 << 16) - 1 };
	char *text;

	if (ms_text_load(request->ctx, request->raw, MOST, &text, ret_len) < 0)
		return sign_file_fail_ctx(request);
	*ret = (uint8_t *)text;
	return OK;
}
