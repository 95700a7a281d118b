/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Key files are read into a buffer whose memory is taken once, so that no copy of a key
 * is left behind by a buffer that had to grow. Pipes are allowed: a key may come from a
 * program that decrypts it.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/context.h"
#include "key.h"

enum { MAX_FILE = 1 << 20 };

static int read_all(struct ms_ctx *ctx, int fd, const char *path, struct ms_buf *ret)
{
	int r = ms_buf_reserve(ret, MAX_FILE + 1);

	if (r < 0)
		return ms_fail_nomem(ctx);
	while (ret->len <= MAX_FILE) {
		ssize_t n = read(fd, ret->data + ret->len, MAX_FILE + 1 - ret->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ms_fail_errno(ctx, -errno, "cannot read '%s'", path);
		if (n == 0)
			return 0;
		ret->len += (size_t)n;
	}
	return ms_fail(ctx, -EFBIG, "'%s' is too large for a key or a certificate", path);
}

int ms_key_read_file(struct ms_ctx *ctx, const char *path, struct ms_buf *ret,
		     mode_t *ret_mode)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode))
		return ms_fail_errno(ctx, -EISDIR, "cannot read '%s'", path);
	*ret_mode = S_ISREG(st.st_mode) ? st.st_mode & 07777 : 0;
	return read_all(ctx, fd, path, ret);
}
