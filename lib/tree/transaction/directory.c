/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Directories, opened from the next one above that is open and recognised by device and
 * inode. Some are kept open: a tree of thousands of modules has hundreds of directories,
 * and a process has as many descriptors as its limit says, of which half are left to
 * others. The last of them are for directories that are far from any open one, so that
 * each can be opened by one system call.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../files/mark.h"
#include "../../base/text.h"
#include "../tree.h"

enum {
	FAR = 2048,	/* bytes of a path: more are split */
	KEPT_BACK = 64, /* descriptors */
};

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

size_t ms_path_common(const char *a, const char *b)
{
	size_t same = 0;

	for (size_t i = 0;; i++) {
		if ((!a[i] || a[i] == '/') && (!b[i] || b[i] == '/'))
			same = i;
		if (a[i] != b[i] || !a[i])
			return same;
	}
}

/* -EBUSY: @fd is another directory than that one. */
static int check_same(int fd, dev_t device, ino_t inode)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_dev == device && st.st_ino == inode ? 0 : -EBUSY;
}

static int fail_open(struct ms_ctx *ctx, int error, const char *root, const char *path)
{
	const char *between = *path && !ms_ends_with(root, "/") ? "/" : "";

	if (error == -EBUSY)
		return ms_fail(ctx, error, "directory '%s%s%s' changed while at work",
			       root, between, path);
	return ms_fail_errno(ctx, error, "cannot open directory '%s%s%s'", root, between,
			     path);
}

int ms_root_find(struct ms_ctx *ctx, const struct ms_tree *tree, struct ms_root *root,
		 bool held)
{
	const struct ms_workdir *work =
		root->is_output == (tree->output != NULL) ? tree->options.work : NULL;
	_cleanup_fd_ int fd = ms_open_resolved(root->real, held ? O_RDONLY : O_PATH);
	struct stat st;

	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", root->real);
	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", root->real);
	if (work && !ms_same_file(fd, ms_workdir_fd(work)))
		return fail_open(ctx, -EBUSY, root->real, "");
	root->device = st.st_dev;
	root->inode = st.st_ino;
	root->mount = ms_mark_mount(fd);
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
	r = fd < 0 ? fd : check_same(fd, root->device, root->inode);
	if (r < 0)
		return fail_open(ctx, r, root->real, "");
	*ret = (struct ms_dirfd){ .fd = ms_steal_fd(&fd) };
	return 0;
}

/*
 * The path to directory @i from the root, or from the next directory above that is open,
 * where @ret_from is not NULL: its index, SIZE_MAX for the root.
 */
static char *way_to(const struct ms_tree *tree, size_t i, size_t *ret_from)
{
	size_t len = 0, from = i;
	char *path, *at;

	do {
		len += strlen(tree->dirs[from].path) + 1;
		from = tree->dirs[from].base;
	} while (from != SIZE_MAX && (!ret_from || tree->dirs[from].fd < 0));
	path = malloc(len);
	if (!path)
		return NULL;
	at = path + len - 1;
	*at = '\0';
	for (size_t dir = i; dir != from; dir = tree->dirs[dir].base) {
		size_t part = strlen(tree->dirs[dir].path);

		if (part && *at) /* not the last one, nor the root itself */
			*--at = '/';
		at -= part;
		memcpy(at, tree->dirs[dir].path, part);
	}
	memmove(path, at, strlen(at) + 1);
	if (ret_from)
		*ret_from = from;
	return path;
}

char *ms_directory_path(const struct ms_tree *tree, size_t i)
{
	return way_to(tree, i, NULL);
}

static int fail_directory(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
			  int error)
{
	_cleanup_free_ char *path = ms_directory_path(tree, i);

	if (!path)
		return ms_fail_nomem(ctx);
	return fail_open(ctx, error, tree->roots[tree->dirs[i].root].real, path);
}

int ms_directory_open(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		      struct ms_dirfd *ret)
{
	_cleanup_(ms_directory_close) struct ms_dirfd base = MS_DIRFD_INIT;
	_cleanup_free_ char *path = NULL;
	_cleanup_fd_ int fd = -1;
	size_t from;
	int r = 0;

	if (tree->dirs[i].fd >= 0) {
		*ret = (struct ms_dirfd){ .fd = tree->dirs[i].fd, .borrowed = true };
		return 0;
	}
	path = way_to(tree, i, &from);
	if (!path)
		return ms_fail_nomem(ctx);
	if (from == SIZE_MAX)
		r = ms_root_open(ctx, &tree->roots[tree->dirs[i].root], &base);
	else
		base = (struct ms_dirfd){ .fd = tree->dirs[from].fd, .borrowed = true };
	if (r < 0)
		return r;
	fd = ms_open_beneath(base.fd, path, O_RDONLY);
	r = fd < 0 ? fd : check_same(fd, tree->dirs[i].device, tree->dirs[i].inode);
	if (r < 0)
		return fail_directory(ctx, tree, i, r);
	*ret = (struct ms_dirfd){ .fd = ms_steal_fd(&fd) };
	return 0;
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

	/* the array has the size of the next power of two, 16 at least */
	if (tree->n_dirs & (tree->n_dirs - 1) || (tree->n_dirs && tree->n_dirs < 16))
		return 0;
	dirs = reallocarray(tree->dirs, capacity, sizeof(*dirs));
	if (!dirs)
		return -ENOMEM;
	tree->dirs = dirs;
	return 0;
}

/*
 * The next directory above @path that is known, of those that lead to the one that was
 * added last. @ret_rest: the path from there.
 */
static int find_base(struct ms_ctx *ctx, const struct ms_tree *tree, size_t root,
		     const char *path, size_t *ret, const char **ret_rest)
{
	size_t at = tree->n_dirs - 1, len, same;
	_cleanup_free_ char *last = NULL;

	*ret = SIZE_MAX;
	*ret_rest = path;
	if (!tree->n_dirs || tree->dirs[at].root != root)
		return 0;
	last = ms_directory_path(tree, at);
	if (!last)
		return ms_fail_nomem(ctx);
	same = ms_path_common(last, path);
	len = strlen(last);
	while (at != SIZE_MAX && len > same) {
		size_t part = strlen(tree->dirs[at].path);

		len -= part;
		len -= len > 0; /* the slash before it */
		at = tree->dirs[at].base;
	}
	if (at == SIZE_MAX || !len)
		return 0;
	*ret = at;
	*ret_rest = path + len + (path[len] == '/');
	return 0;
}

/* Is the next open directory above @base so far that this one should stay open? */
static bool is_far(const struct ms_tree *tree, size_t base, size_t len)
{
	while (base != SIZE_MAX && tree->dirs[base].fd < 0 && len <= FAR) {
		len += strlen(tree->dirs[base].path) + 1;
		base = tree->dirs[base].base;
	}
	return len > FAR;
}

/* Adds one directory, which takes over @path and takes @fd. */
static int add_one(struct ms_ctx *ctx, struct ms_tree *tree, size_t root, size_t base,
		   char *path, int fd, size_t *ret)
{
	_cleanup_fd_ int owned = fd;
	_cleanup_free_ char *owned_path = path;
	struct ms_directory *dir;
	struct stat st;

	if (!path || grow(tree) < 0)
		return ms_fail_nomem(ctx);
	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", path);
	dir = &tree->dirs[tree->n_dirs];
	*dir = (struct ms_directory){
		.root = root,
		.base = base,
		.device = st.st_dev,
		.inode = st.st_ino,
		.mount = ms_mark_mount(fd),
		.fd = -1,
	};
	if (tree->fd_budget > (is_far(tree, base, strlen(path)) ? 0 : KEPT_BACK)) {
		tree->fd_budget--;
		dir->fd = ms_steal_fd(&owned);
	}
	dir->path = ms_steal(&owned_path);
	*ret = tree->n_dirs++;
	return 0;
}

/* Adds a directory on the way from *@base along *@rest, which both are moved on to it. */
static int add_between(struct ms_ctx *ctx, struct ms_tree *tree, size_t root,
		       size_t *base, const char **rest)
{
	const char *slash = memrchr(*rest, '/', FAR);
	_cleanup_(ms_directory_close) struct ms_dirfd above = MS_DIRFD_INIT;
	_cleanup_free_ char *part = strndup(*rest, slash ? (size_t)(slash - *rest) : 0);
	int fd, r;

	if (!slash)
		return ms_fail(ctx, -ENAMETOOLONG, "cannot open directory '%s'", *rest);
	if (!part)
		return ms_fail_nomem(ctx);
	r = *base == SIZE_MAX ? ms_root_open(ctx, &tree->roots[root], &above)
			      : ms_directory_open(ctx, tree, *base, &above);
	if (r < 0)
		return r;
	fd = ms_open_beneath(above.fd, part, O_RDONLY);
	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", part);
	*rest = slash + 1;
	return add_one(ctx, tree, root, *base, ms_steal(&part), fd, base);
}

int ms_directory_add(struct ms_ctx *ctx, struct ms_tree *tree, size_t root,
		     const char *path, int fd, size_t *ret)
{
	_cleanup_fd_ int owned = fd;
	const char *rest;
	size_t base;
	int r = find_base(ctx, tree, root, path, &base, &rest);

	while (r == 0 && strnlen(rest, FAR + 1) > FAR)
		r = add_between(ctx, tree, root, &base, &rest);
	return r < 0 ? r
		     : add_one(ctx, tree, root, base, strdup(rest), ms_steal_fd(&owned),
			       ret);
}

int ms_tree_allow_path(struct ms_ctx *ctx, struct ms_tree *tree, size_t len,
		       const char *shown)
{
	if (len < PATH_MAX)
		return 0;
	if (len > MS_LONG_PATHS_MAX - tree->long_paths)
		return ms_fail(
			ctx, -ENAMETOOLONG,
			"directories in '%s' are nested too deeply: paths of more than "
			"%d bytes take more than %u MiB together",
			shown, PATH_MAX, MS_LONG_PATHS_MAX >> 20);
	tree->long_paths += len;
	return 0;
}
