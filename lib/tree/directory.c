/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Directories, opened from their root and recognised by device and inode. Some are kept open:
 * a tree of thousands of modules has hundreds of directories, and a process has as many
 * descriptors as its limit says, of which half are left to others.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/beneath.h"
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

static int check_same(struct ms_ctx *ctx, int fd, dev_t device, ino_t inode,
		      const char *root, const char *path)
{
	const char *between = *path && !ms_ends_with(root, "/") ? "/" : "";
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s%s%s'", root, between,
				     path);
	if (st.st_dev != device || st.st_ino != inode)
		return ms_fail(ctx, -EBUSY, "directory '%s%s%s' changed while at work",
			       root, between, path);
	return 0;
}

int ms_root_find(struct ms_ctx *ctx, struct ms_root *root, bool held)
{
	_cleanup_fd_ int fd = ms_open_resolved(root->real, held ? O_RDONLY : O_PATH);
	struct stat st;

	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", root->real);
	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", root->real);
	root->device = st.st_dev;
	root->inode = st.st_ino;
	if (held)
		root->dir = ms_steal_fd(&fd);
	return 0;
}

int ms_root_open(struct ms_ctx *ctx, const struct ms_root *root, struct ms_dirfd *ret)
{
	_cleanup_fd_ int fd = -1;
	int r;

	if (root->dir >= 0) {
		*ret = (struct ms_dirfd){ .fd = root->dir, .borrowed = true };
		return 0;
	}
	fd = ms_open_resolved(root->real, O_RDONLY);
	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", root->real);
	r = check_same(ctx, fd, root->device, root->inode, root->real, "");
	if (r == 0)
		*ret = (struct ms_dirfd){ .fd = ms_steal_fd(&fd) };
	return r;
}

int ms_directory_open(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		      struct ms_dirfd *ret)
{
	const struct ms_directory *dir = &tree->dirs[i];
	const struct ms_root *root = &tree->roots[dir->root];
	_cleanup_(ms_directory_close) struct ms_dirfd base = MS_DIRFD_INIT;
	_cleanup_fd_ int fd = -1;
	int r;

	if (dir->fd >= 0) {
		*ret = (struct ms_dirfd){ .fd = dir->fd, .borrowed = true };
		return 0;
	}
	r = ms_root_open(ctx, root, &base);
	if (r < 0)
		return r;
	fd = ms_open_beneath(base.fd, dir->path, O_RDONLY);
	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s%s%s'", root->real,
				     *dir->path ? "/" : "", dir->path);
	r = check_same(ctx, fd, dir->device, dir->inode, root->real, dir->path);
	if (r == 0)
		*ret = (struct ms_dirfd){ .fd = ms_steal_fd(&fd) };
	return r;
}

void ms_directory_close(struct ms_dirfd *dir)
{
	if (dir->fd >= 0 && !dir->borrowed)
		close(dir->fd);
	dir->fd = -1;
}

int ms_dirs_open(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		 struct ms_dirs *dirs)
{
	int r;

	if (dirs->open && dirs->at == i)
		return 0;
	ms_dirs_done(dirs);
	r = ms_directory_open(ctx, tree, i, &dirs->dir);
	dirs->open = r == 0;
	dirs->at = i;
	return r;
}

void ms_dirs_done(struct ms_dirs *dirs)
{
	if (dirs->open)
		ms_directory_close(&dirs->dir);
	dirs->open = false;
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
