/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The directory of -o itself. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "output.h"

static bool was_made(const struct ms_tree *tree, const char *real)
{
	struct stat st;

	if (lstat(real, &st) < 0)
		return false;
	for (size_t i = 0; i < tree->made_roots.n; i++)
		if (tree->made_roots.list[i].device == st.st_dev &&
		    tree->made_roots.list[i].inode == st.st_ino)
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
	_cleanup_fd_ int fd = ms_make_directories(ctx, tree->output, 0777, 0777,
						  &tree->made_roots);
	struct ms_root *root;
	int r;

	if (fd < 0)
		return fd;
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
