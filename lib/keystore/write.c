/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/context.h"
#include "../base/file.h"
#include "store.h"

int ms_store_temporary_name(struct ms_ctx *ctx, char ret[MS_TEMPORARY_SIZE])
{
	uint64_t tag;

	if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
		return ms_fail(ctx, -EIO, "cannot get random bytes");
	snprintf(ret, MS_TEMPORARY_SIZE, MS_STORE_TEMPORARY "%016llx",
		 (unsigned long long)tag);
	return 0;
}

int ms_new_dir_begin(struct ms_ctx *ctx, int parent, const char *shown,
		     struct ms_new_dir *ret)
{
	struct ms_new_dir dir = { .parent = parent, .fd = -1 };
	int r = ms_store_temporary_name(ctx, dir.name);

	if (r < 0)
		return r;
	if (mkdirat(parent, dir.name, 0700) < 0)
		return ms_fail_errno(ctx, -errno, "cannot make a directory in '%s'", shown);
	*ret = dir; /* from now on it goes away with ms_new_dir_done() */
	ret->fd = openat(parent, dir.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open a directory in '%s'", shown);
	return 0;
}

void ms_new_dir_done(struct ms_new_dir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	dir->fd = -1;
	if (dir->name[0])
		ms_store_remove(dir->parent, dir->name);
	dir->name[0] = '\0';
}

int ms_store_write(struct ms_ctx *ctx, int dirfd, const char *shown, const char *name,
		   mode_t mode, const struct iovec *iov, int n)
{
	/* NOFOLLOW goes without saying: EXCL does not follow either */
	_cleanup_fd_ int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot create '%s/%s'", shown, name);
	/* the umask can only have taken away */
	if (fchmod(fd, mode) < 0)
		return ms_fail_errno(ctx, -errno, "cannot set the mode of '%s/%s'", shown,
				     name);
	r = ms_write_all(fd, iov, n);
	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot write '%s/%s'", shown, name);
	if (fsync(fd) < 0)
		return ms_fail_errno(ctx, -errno, "cannot sync '%s/%s'", shown, name);
	return 0;
}

/* Not every file system knows NOREPLACE; a directory that is not empty stays anyway. */
static int take_name(const struct ms_new_dir *dir, const char *name)
{
	if (renameat2(dir->parent, dir->name, dir->parent, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return renameat(dir->parent, dir->name, dir->parent, name) < 0 ? -errno : 0;
}

int ms_new_dir_finish(struct ms_ctx *ctx, struct ms_new_dir *dir, const char *shown,
		      const char *name, mode_t mode)
{
	int r;

	if (fchmod(dir->fd, mode) < 0 || fsync(dir->fd) < 0)
		return ms_fail_errno(ctx, -errno, "cannot sync a directory in '%s'", shown);
	r = take_name(dir, name);
	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot make '%s/%s'", shown, name);
	dir->name[0] = '\0';
	if (fsync(dir->parent) < 0)
		return ms_fail_errno(ctx, -errno, "cannot sync '%s'", shown);
	return 0;
}

int ms_store_point(struct ms_ctx *ctx, int dirfd, const char *shown, const char *name,
		   const char *target)
{
	char temporary[MS_TEMPORARY_SIZE];
	int r = ms_store_temporary_name(ctx, temporary);

	if (r < 0)
		return r;
	if (symlinkat(target, dirfd, temporary) < 0)
		return ms_fail_errno(ctx, -errno, "cannot make a link in '%s'", shown);
	if (renameat(dirfd, temporary, dirfd, name) < 0) {
		r = ms_fail_errno(ctx, -errno, "cannot replace '%s/%s'", shown, name);
		unlinkat(dirfd, temporary, 0);
		return r;
	}
	if (fsync(dirfd) < 0)
		return ms_fail_errno(ctx, -errno, "cannot sync '%s'", shown);
	return 0;
}

/* Empties a directory of files. */
static void empty(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir)))
		unlinkat(fd, d->d_name, 0); /* of "." and "..", too: refused */
	closedir(dir);
}

int ms_store_remove(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	empty(dirfd, name);
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}
