/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Small files that may also be pipes: keys, certificates, passphrases and PINs, which may
 * come from a program that decrypts them (/dev/fd/63 of a shell's <(...), or a FIFO).
 *
 * A pipe is opened without waiting, and waited for here: until its writer has closed it,
 * the caller's context is cancelled, or it is known that there is no writer. Nothing
 * tells whether one will come to a FIFO; it gets a few seconds, since a shell starts both
 * sides at once. How much is read is bounded for both. Who writes into a pipe may have to
 * wait for its reader, and does it in the same way.
 */

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <modseal/secret.h>

#include "../base/cleanup.h"
#include "../base/context.h"

enum {
	TICK = 50,	/* ms until cancellation is looked for again */
	PATIENCE = 100, /* ticks, in which a writer has to come */
};

struct source {
	struct ms_ctx *ctx;
	const char *path;
	int fd;
	bool is_pipe;
};

/* Waits a tick for something to read. 1: there is, or the writer has gone. */
static int wait_a_tick(struct ms_ctx *ctx, int fd, const char *shown)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	int r = ms_check_cancelled(ctx);

	if (r < 0)
		return r;
	r = poll(&waiting, 1, TICK);
	if (r < 0 && errno != EINTR)
		return ms_fail_errno(ctx, -errno, "cannot read %s", shown);
	return r > 0;
}

int ms_pipe_write(struct ms_ctx *ctx, int fd, const char *path, const void *data,
		  size_t len)
{
	struct pollfd waiting = {.fd = fd, .events = POLLOUT};
	const char *at = data;

	while (len > 0) {
		int r = ms_check_cancelled(ctx);
		ssize_t n;

		if (r < 0)
			return r;
		poll(&waiting, 1, TICK);
		n = write(fd, at, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return ms_fail_errno(ctx, -errno, "cannot write '%s'", path);
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int ms_wait_readable(struct ms_ctx *ctx, int fd, const char *shown)
{
	int r;

	while ((r = wait_a_tick(ctx, fd, shown)) == 0)
		;
	return r < 0 ? r : 0;
}

static int wait_for_data(const struct source *source)
{
	if (!source->is_pipe) {
		int r = ms_check_cancelled(source->ctx);

		return r < 0 ? r : 1;
	}
	return wait_a_tick(source->ctx, source->fd, source->path);
}

/*
 * Reads once. *@ret: the number of bytes; 0 at the end, and -EAGAIN where there may be
 * more later. A pipe that nobody has opened for writing yet reads as if it were at its
 * end, but wait_for_data() has not said that it is.
 */
static int read_some(const struct source *source, uint8_t *data, size_t size,
		     ssize_t *ret, unsigned *patience)
{
	int ready = wait_for_data(source);
	ssize_t n;

	if (ready < 0)
		return ready;
	n = read(source->fd, data, size);
	*ret = n < 0 ? -errno : n;
	if (*ret == -EINTR)
		*ret = -EAGAIN;
	if (n == 0 && !ready) {
		*ret = -EAGAIN;
		if (!--*patience)
			return ms_fail(source->ctx, -ETIMEDOUT,
				       "nobody writes to the pipe '%s'", source->path);
	}
	if (*ret < 0 && *ret != -EAGAIN)
		return ms_fail_errno(source->ctx, (int)*ret, "cannot read '%s'",
				     source->path);
	return 0;
}

static int read_all(const struct source *source, size_t max_size, struct ms_buf *ret)
{
	unsigned patience = PATIENCE;

	if (ms_buf_reserve(ret, max_size + 1) < 0)
		return ms_fail_nomem(source->ctx);
	while (ret->len <= max_size) {
		ssize_t n;
		int r = read_some(source, ret->data + ret->len, max_size + 1 - ret->len,
				  &n, &patience);

		if (r < 0 || n == 0)
			return r;
		ret->len += n > 0 ? (size_t)n : 0;
	}
	return ms_fail(source->ctx, -EFBIG, "'%s' is larger than %zu bytes", source->path,
		       max_size);
}

int ms_file_read_piped(struct ms_ctx *ctx, const char *path, size_t max_size,
		       struct ms_buf *ret, mode_t *ret_mode)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct source source = {.ctx = ctx, .path = path, .fd = fd};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode))
		return ms_fail_errno(ctx, -EISDIR, "cannot read '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return ms_fail(ctx, -EINVAL, "'%s' is neither a file nor a pipe", path);
	source.is_pipe = S_ISFIFO(st.st_mode);
	*ret_mode = S_ISREG(st.st_mode) ? st.st_mode & 07777 : 0;
	return read_all(&source, max_size, ret);
}

int ms_text_load(struct ms_ctx *ctx, const char *path, size_t max_size, char **ret_text,
		 size_t *ret_len)
{
	_cleanup_(ms_buf_done) struct ms_buf content = {0};
	mode_t mode;
	int r = ms_file_read_piped(ctx, path, max_size, &content, &mode);

	if (r < 0)
		return r;
	if (ret_len)
		*ret_len = content.len;
	content.data[content.len] = '\0'; /* for which there is room */
	*ret_text = (char *)ms_steal(&content.data);
	return 0;
}

static void warn_if_open_to_all(struct ms_ctx *ctx, const char *path, mode_t mode)
{
	if (mode & 0006)
		ms_warn(ctx, "the pin file '%s' is open to all users (mode %04o)", path,
			(unsigned)mode);
}

int ms_secret_read_file(struct ms_ctx *ctx, const char *path, char *buffer, size_t size)
{
	_cleanup_(ms_buf_done) struct ms_buf content = {.secret = true};
	mode_t mode;
	int r = ms_file_read_piped(ctx, path, size + 1, &content, &mode);

	if (r == -EFBIG)
		return ms_fail(ctx, -EMSGSIZE, "the secret in '%s' is too long", path);
	if (r < 0)
		return r;
	if (content.len > 0 && content.data[content.len - 1] == '\n')
		content.len--;
	if (content.len > size)
		return ms_fail(ctx, -EMSGSIZE, "the secret in '%s' is too long", path);
	warn_if_open_to_all(ctx, path, mode);
	memcpy(buffer, content.data, content.len);
	return (int)content.len;
}
