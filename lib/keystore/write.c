/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../files/beneath.h"
#include "../base/context.h"
#include "../files/directory.h"
#include "../files/file.h"
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
	if (dir->name[0] && dir->fd >= 0)
		ms_directory_remove(dir->parent, dir->name, dir->fd, 0);
	else if (dir->name[0])
		unlinkat(dir->parent, dir->name, AT_REMOVEDIR);
	dir->name[0] = '\0';
	if (dir->fd >= 0)
		close(ms_steal_fd(&dir->fd));
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

int ms_new_dir_seal(struct ms_ctx *ctx, const struct ms_new_dir *dir, const char *shown,
		    mode_t mode)
{
	if (fchmod(dir->fd, mode) < 0 || fsync(dir->fd) < 0)
		return ms_fail_errno(ctx, -errno, "cannot sync a directory in '%s'",
				     shown);
	return 0;
}

int ms_new_link_begin(struct ms_ctx *ctx, int parent, const char *shown,
		      const char *target, struct ms_new_link *ret)
{
	struct ms_new_link link = {.parent = parent};
	int r = ms_store_temporary_name(ctx, link.name);

	if (r < 0)
		return r;
	if (symlinkat(target, parent, link.name) < 0)
		return ms_fail_errno(ctx, -errno, "cannot make a link in '%s'", shown);
	*ret = link;
	return 0;
}

void ms_new_link_done(struct ms_new_link *link)
{
	if (link->name[0])
		unlinkat(link->parent, link->name, 0);
	link->name[0] = '\0';
}

int ms_store_add_to(struct ms_ctx *ctx, struct ms_file_set *set, const char *store,
		    const struct ms_new_dir *dir, const char *name,
		    struct ms_new_link *link)
{
	int r = ms_new_link_begin(ctx, dir->parent, store, name, link);

	if (r == 0)
		r = ms_file_set_hold(ctx, set, dir->parent, store);
	if (r == 0)
		r = ms_file_set_rename(ctx, set, store, dir->name, name);
	if (r == 0)
		r = ms_file_set_rename(ctx, set, store, link->name, MS_STORE_LINK);
	return r;
}

int ms_store_commit(struct ms_ctx *ctx, struct ms_file_set *set, struct ms_new_dir *dir,
		    struct ms_new_link *link)
{
	int r = ms_file_set_commit(ctx, set);

	if (ms_file_set_is_done(set) || ms_file_set_is_pending(set))
		dir->name[0] = link->name[0] = '\0';
	return r;
}

int ms_store_remove(int dirfd, const char *name, const struct stat *was)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	if (!S_ISDIR(was->st_mode))
		return unlinkat(dirfd, name, 0) < 0 ? -errno : 0;
	fd = ms_open_directory(dirfd, name);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!ms_same_inode(&st, was))
		return -ESTALE;
	return ms_directory_remove(dirfd, name, fd, 0);
}
