/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The directory of -o itself. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../files/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "output.h"

/* Of the directories that this run made, the one that @path leads to; or NULL. */
static const struct ms_made_directory *find_made(const struct ms_tree *tree,
						 const char *path)
{
	_cleanup_fd_ int fd = ms_open_resolved(path, O_PATH);

	for (size_t i = 0; fd >= 0 && i < tree->made_roots.n; i++)
		if (ms_mark_fits(fd, &tree->made_roots.list[i].mark))
			return &tree->made_roots.list[i];
	return NULL;
}

/* Notes those that lead to @real without one between that was there before. */
static int note_paths(struct ms_ctx *ctx, struct ms_tree *tree, const char *real)
{
	_cleanup_free_ char *part = strdup(real);
	const struct ms_made_directory *made;

	tree->made_paths = calloc(tree->made_roots.n + 1, sizeof(*tree->made_paths));
	if (!part || !tree->made_paths)
		return ms_fail_nomem(ctx);
	while (tree->n_made_paths < tree->made_roots.n && *part &&
	       (made = find_made(tree, part))) {
		struct ms_journal_root *noted = &tree->made_paths[tree->n_made_paths];

		*noted = (struct ms_journal_root){ made->mark, strdup(part) };
		if (!noted->path)
			return ms_fail_nomem(ctx);
		tree->n_made_paths++;
		*strrchr(part, '/') = '\0';
	}
	return 0;
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
	r = note_paths(ctx, tree, real);
	if (r < 0)
		return r;
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
