/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "file-set.h"

struct ms_identity ms_identity_of(const struct stat *st)
{
	return (struct ms_identity){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
}

bool ms_identity_same(const struct ms_identity *a, const struct ms_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec;
}

static int read_exactly(struct ms_ctx *ctx, int fd, const char *shown, size_t len,
			struct ms_buf *ret)
{
	uint8_t beyond;
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, ret->data + ret->len, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ms_fail_errno(ctx, -errno, "cannot read '%s'", shown);
		if (n == 0)
			return ms_fail(ctx, -EBUSY, "'%s' shrank while it was read", shown);
		got += (size_t)n;
		ret->len += (size_t)n;
	}
	if (read(fd, &beyond, 1) > 0)
		return ms_fail(ctx, -EBUSY, "'%s' grew while it was read", shown);
	return 0;
}

int ms_file_read_fd(struct ms_ctx *ctx, int fd, const char *shown, uint64_t max_size,
		    struct ms_buf *ret, struct stat *ret_stat)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", shown);
	if (!S_ISREG(st.st_mode))
		return ms_fail(ctx, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL,
			       "'%s' is no regular file", shown);
	if ((uint64_t)st.st_size > max_size)
		return ms_fail(ctx, -EFBIG, "'%s' is larger than %llu bytes", shown,
			       (unsigned long long)max_size);
	if (ms_buf_reserve(ret, (size_t)st.st_size) < 0)
		return ms_fail_nomem(ctx);
	r = read_exactly(ctx, fd, shown, (size_t)st.st_size, ret);
	if (r < 0)
		return r;
	if (ret_stat)
		*ret_stat = st;
	return 0;
}

int ms_file_read_at(struct ms_ctx *ctx, int dirfd, const char *name, const char *shown,
		    bool nofollow, uint64_t max_size, struct ms_buf *ret,
		    struct stat *ret_stat)
{
	/* NONBLOCK: a pipe in the place of a file must not hold us up */
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
		    (nofollow ? O_NOFOLLOW : 0);
	_cleanup_fd_ int fd = openat(dirfd, name, flags);

	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", shown);
	return ms_file_read_fd(ctx, fd, shown, max_size, ret, ret_stat);
}

int ms_file_read(struct ms_ctx *ctx, const char *path, uint64_t max_size,
		 struct ms_buf *ret)
{
	return ms_file_read_at(ctx, AT_FDCWD, path, path, false, max_size, ret, NULL);
}

int ms_write_all(int fd, const struct iovec *iov, int n)
{
	for (int i = 0; i < n; i++) {
		const uint8_t *data = iov[i].iov_base;
		size_t left = iov[i].iov_len;

		while (left > 0) {
			ssize_t done = write(fd, data, left);

			if (done < 0 && errno == EINTR)
				continue;
			if (done < 0)
				return -errno;
			data += done;
			left -= (size_t)done;
		}
	}
	return 0;
}

mode_t ms_mode_less_umask(mode_t mode)
{
	mode_t mask = umask(0);

	umask(mask);
	return mode & ~mask;
}

/* Where what is written for a path goes. */
struct target {
	char *real; /* the file that a link leads to; NULL: the path itself */
	int fd;	    /* a device or pipe, open for writing; -1: a file */
};

static void target_done(struct target *target)
{
	free(target->real);
	if (target->fd >= 0)
		close(target->fd);
}

/* The link @path leads to the file that is open, and @opened says what it is. */
static int follow_link(struct ms_ctx *ctx, const char *path, const struct stat *opened,
		       struct target *target)
{
	struct stat st;

	target->real = realpath(path, NULL);
	if (!target->real || lstat(target->real, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot write '%s'", path);
	if (!ms_same_inode(&st, opened))
		return ms_fail(ctx, -EBUSY, "'%s' changed while it was opened", path);
	close(ms_steal_fd(&target->fd));
	return 0;
}

/*
 * Only a file gives way to another file. /dev/null or a pipe that a file took the place of
 * would be gone, so these are written into; and a link stays one. Whether a link may be
 * followed is the kernel's to say (fs.protected_symlinks), so it is opened first.
 */
static int find_target(struct ms_ctx *ctx, const char *path, struct target *target)
{
	struct stat st;

	/* what keeps it from being looked at keeps it from being written, too */
	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
		return 0;
	/* NONBLOCK: a pipe that nobody reads must not hold us up */
	target->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (target->fd < 0 || fstat(target->fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot write '%s'", path);
	if (S_ISREG(st.st_mode))
		return follow_link(ctx, path, &st, target);
	if (!S_ISCHR(st.st_mode) && !S_ISFIFO(st.st_mode))
		return ms_fail(ctx, -EINVAL, "'%s' is no regular file", path);
	return 0;
}

int ms_file_replace(struct ms_ctx *ctx, const char *path, const void *data, size_t len,
		    mode_t mode, bool sync)
{
	_cleanup_(target_done) struct target target = { .fd = -1 };
	int r = find_target(ctx, path, &target);

	if (r < 0)
		return r;
	if (target.fd < 0) {
		const struct ms_new_file file = {
			.path = target.real ? target.real : path,
			.data = data,
			.len = len,
			.mode = mode,
			.keep = MS_KEEP_MODE,
			.beside = true, /* what is to be followed was followed */
		};

		return ms_file_put(ctx, &file, sync);
	}
	return ms_pipe_write(ctx, target.fd, path, data, len);
}

int ms_text_save(struct ms_ctx *ctx, const char *path, const void *text, size_t len,
		 bool sync)
{
	return ms_file_replace(ctx, path, text, len, 0666, sync);
}
