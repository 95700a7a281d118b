/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The directory of -o itself: made as mkdir -p does, over whatever links the user's path
 * has. Each directory that is made is known by its parent's descriptor: what was made is
 * removed again where it was made, and not wherever the path leads by then.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/room.h"
#include "output.h"

enum { LOOK = O_PATH | O_DIRECTORY | O_CLOEXEC };

/* Notes that @name of @parent, which is open as @fd, was made. */
static int note_made(struct ms_ctx *ctx, struct ms_tree *tree, int parent, const char *name)
{
	struct ms_made_root *list = ms_room(tree->made_roots, tree->n_made_roots,
					    &tree->made_roots_capacity, sizeof(*list));
	struct ms_made_root made = { .name = strdup(name) };
	struct stat st;

	if (list)
		tree->made_roots = list;
	if (!list || !made.name) {
		free(made.name);
		return ms_fail_nomem(ctx);
	}
	made.parent = fcntl(parent, F_DUPFD_CLOEXEC, 0);
	if (made.parent >= 0 && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		made.device = st.st_dev;
		made.inode = st.st_ino;
	}
	list[tree->n_made_roots++] = made;
	return 0;
}

/* Makes and opens the component @name of @path, below *@fd, which becomes it. */
static int make_component(struct ms_ctx *ctx, struct ms_tree *tree, const char *path,
			  const char *name, int *fd)
{
	int next, r = 0;

	if (mkdirat(*fd, name, 0777) == 0)
		r = note_made(ctx, tree, *fd, name);
	else if (errno != EEXIST)
		r = ms_fail_errno(ctx, -errno, "cannot make directory '%s'", path);
	if (r < 0)
		return r;
	next = openat(*fd, name, LOOK);
	if (next < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", path);
	close(*fd);
	*fd = next;
	return 0;
}

/* @ret: the directory, made where it was not there. */
static int make_path(struct ms_ctx *ctx, struct ms_tree *tree, const char *path, int *ret)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_fd_ int fd = open(*path == '/' ? "/" : ".", LOOK);
	char *rest = copy, *name;
	int r = 0;

	if (!copy)
		return ms_fail_nomem(ctx);
	if (fd < 0 || !*path)
		return ms_fail_errno(ctx, fd < 0 ? -errno : -ENOENT,
				     "cannot make directory '%s'", path);
	while (r == 0 && (name = strsep(&rest, "/")))
		if (*name)
			r = make_component(ctx, tree, path, name, &fd);
	if (r == 0)
		*ret = ms_steal_fd(&fd);
	return r;
}

static bool was_made(const struct ms_tree *tree, const char *real)
{
	struct stat st;

	if (lstat(real, &st) < 0)
		return false;
	for (size_t i = 0; i < tree->n_made_roots; i++)
		if (tree->made_roots[i].device == st.st_dev &&
		    tree->made_roots[i].inode == st.st_ino)
			return true;
	return false;
}

/* How many directories that this run made lead to @real, the last ones. */
static size_t count_made(const struct ms_tree *tree, const char *real)
{
	_cleanup_free_ char *part = strdup(real);
	size_t n = 0;

	while (part && *part && was_made(tree, part)) {
		n++;
		*strrchr(part, '/') = '\0';
	}
	return n;
}

/* By whatever path: a mount may show one directory at two places. */
static bool is_where_modules_are(const struct ms_starts *starts, int output)
{
	struct stat out, st;

	if (fstat(output, &out) < 0)
		return true;
	for (size_t i = 0; i < starts->n; i++)
		if (stat(starts->list[i].real, &st) == 0 && ms_same_inode(&st, &out))
			return true;
	return false;
}

int ms_output_open(struct ms_ctx *ctx, struct ms_tree *tree,
		   const struct ms_starts *starts)
{
	_cleanup_free_ char *real = NULL;
	_cleanup_fd_ int fd = -1;
	struct ms_root *root;
	int r = make_path(ctx, tree, tree->output, &fd);

	if (r < 0)
		return r;
	real = realpath(tree->output, NULL);
	if (!real)
		return ms_fail_errno(ctx, -errno, "cannot resolve '%s'", tree->output);
	if (is_where_modules_are(starts, fd))
		return ms_fail(ctx, -EINVAL, "'%s' is where the modules are",
			       tree->output);
	tree->made_root = count_made(tree, real);
	root = &tree->roots[tree->n_roots++];
	*root = (struct ms_root){
		.real = ms_steal(&real),
		.dir = -1,
		.is_output = true,
		.lock = -1,
	};
	r = ms_root_find(ctx, tree, root, true);
	if (r == 0 && !ms_same_file(fd, root->dir))
		r = ms_fail(ctx, -EBUSY, "directory '%s' changed while at work",
			    root->real);
	return r;
}

void ms_output_root_tidy(struct ms_tree *tree)
{
	for (size_t i = tree->n_made_roots; i-- > 0;) {
		const struct ms_made_root *made = &tree->made_roots[i];

		/* what is not empty stays: it was put to use */
		if (made->parent >= 0)
			unlinkat(made->parent, made->name, AT_REMOVEDIR);
	}
}

void ms_output_root_forget(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_made_roots; i++) {
		if (tree->made_roots[i].parent >= 0)
			close(tree->made_roots[i].parent);
		free(tree->made_roots[i].name);
	}
	free(tree->made_roots);
	tree->made_roots = NULL;
	tree->n_made_roots = tree->made_roots_capacity = 0;
}
