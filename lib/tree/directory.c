/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Directories, opened by path and recognised by device and inode. Some are kept open:
 * a tree of thousands of modules has hundreds of directories, and a process has as many
 * descriptors as its limit says, of which half are left to others.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "tree.h"

char *ms_path_join(const char *dir, const char *name)
{
	char *path;

	if (!*dir)
		return strdup(name);
	if (!*name)
		return strdup(dir);
	if (asprintf(&path, "%s%s%s", dir, ms_ends_with(dir, "/") ? "" : "/", name) < 0)
		return NULL;
	return path;
}

int ms_directory_open(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		      struct ms_dirfd *ret)
{
	const struct ms_directory *dir = &tree->dirs[i];
	_cleanup_free_ char *path = NULL;
	_cleanup_fd_ int fd = -1;
	struct stat st;

	if (dir->fd >= 0) {
		*ret = (struct ms_dirfd){ .fd = dir->fd, .borrowed = true };
		return 0;
	}
	path = ms_path_join(tree->roots[dir->root].real, dir->path);
	if (!path)
		return ms_fail_nomem(ctx);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", path);
	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", path);
	if (st.st_dev != dir->device || st.st_ino != dir->inode)
		return ms_fail(ctx, -EBUSY, "directory '%s' changed while at work", path);
	*ret = (struct ms_dirfd){ .fd = ms_steal_fd(&fd) };
	return 0;
}

void ms_directory_close(struct ms_dirfd *dir)
{
	if (dir->fd >= 0 && !dir->borrowed)
		close(dir->fd);
	dir->fd = -1;
}

static int grow(struct ms_tree *tree)
{
	size_t capacity = tree->n_dirs ? tree->n_dirs * 2 : 16;
	struct ms_directory *dirs;

	if (tree->n_dirs & (tree->n_dirs - 1) || (tree->n_dirs && tree->n_dirs < 16))
		return 0; /* the array has the size of the next power of two, 16 at least
			   */
	dirs = reallocarray(tree->dirs, capacity, sizeof(*dirs));
	if (!dirs)
		return -ENOMEM;
	tree->dirs = dirs;
	return 0;
}

int ms_directory_add(struct ms_ctx *ctx, struct ms_tree *tree, size_t root,
		     const char *path, int fd, size_t *ret)
{
	_cleanup_fd_ int owned = fd;
	_cleanup_free_ char *copy = strdup(path);
	struct ms_directory *dir;
	struct stat st;

	if (!copy || grow(tree) < 0)
		return ms_fail_nomem(ctx);
	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", path);
	dir = &tree->dirs[tree->n_dirs];
	*dir = (struct ms_directory){
		.root = root,
		.path = ms_steal(&copy),
		.device = st.st_dev,
		.inode = st.st_ino,
		.fd = -1,
	};
	if (tree->fd_budget > 0) {
		tree->fd_budget--;
		dir->fd = ms_steal_fd(&owned);
	}
	*ret = tree->n_dirs++;
	return 0;
}
