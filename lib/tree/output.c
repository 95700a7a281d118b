/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The tree that -o writes. Its directories are made before the work begins, one after
 * the other, so that workers only ever open them; those that stay empty because nothing
 * was committed are removed again. A copy may replace a file of the same name.
 */

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"

static int note_made(struct ms_tree *tree, const char *path)
{
	char **list = reallocarray(tree->made_dirs, tree->n_made_dirs + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	tree->made_dirs = list;
	list[tree->n_made_dirs] = strdup(path);
	if (!list[tree->n_made_dirs])
		return -ENOMEM;
	tree->n_made_dirs++;
	return 0;
}

/* As mkdir -p; directories that it makes are noted. */
static int make_path(struct ms_ctx *ctx, struct ms_tree *tree, const char *path)
{
	_cleanup_free_ char *part = strdup(path);
	char *at = part;

	if (!part)
		return ms_fail_nomem(ctx);
	while (at && *at) {
		at = strchr(at + 1, '/');
		if (at)
			*at = '\0';
		if (mkdir(part, 0777) == 0) {
			if (note_made(tree, part) < 0)
				return ms_fail_nomem(ctx);
		} else if (errno != EEXIST) {
			return ms_fail_errno(ctx, -errno, "cannot make directory '%s'",
					     part);
		}
		if (at)
			*at = '/';
	}
	return 0;
}

int ms_output_open(struct ms_ctx *ctx, struct ms_tree *tree,
		   const struct ms_starts *starts)
{
	_cleanup_free_ char *real = NULL;
	int r = make_path(ctx, tree, tree->output);

	if (r < 0)
		return r;
	real = realpath(tree->output, NULL);
	if (!real)
		return ms_fail_errno(ctx, -errno, "cannot resolve '%s'", tree->output);
	for (size_t i = 0; i < starts->n; i++)
		if (!strcmp(starts->list[i].real, real))
			return ms_fail(ctx, -EINVAL, "'%s' is where the modules are",
				       tree->output);
	tree->roots[tree->n_roots++] = (struct ms_root){
		.real = ms_steal(&real),
		.is_output = true,
		.lock = -1,
	};
	return 0;
}

static int compare_relpaths(const void *a, const void *b)
{
	const struct ms_entry *const *x = a, *const *y = b;

	return strcmp((*x)->item.relpath, (*y)->item.relpath);
}

int ms_output_plan(struct ms_ctx *ctx, struct ms_tree *tree)
{
	_cleanup_free_ const struct ms_entry **order =
		calloc(tree->n_entries + 1, sizeof(*order));
	size_t n = 0;

	if (!order)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].name)
			order[n++] = &tree->entries[i];
	qsort(order, n, sizeof(*order), compare_relpaths);
	for (size_t i = 1; i < n; i++)
		if (!compare_relpaths(&order[i - 1], &order[i]))
			return ms_fail(ctx, -EEXIST,
				       "'%s' and '%s' would become one file",
				       order[i - 1]->path, order[i]->path);
	return 0;
}

/* The directory of @relpath under the output, made where it is not there. */
static int make_target(struct ms_ctx *ctx, struct ms_tree *tree, const char *dir,
		       size_t *ret)
{
	size_t root = tree->n_roots - 1;
	_cleanup_free_ char *path = ms_path_join(tree->roots[root].real, dir);
	int fd, r;

	if (!path)
		return ms_fail_nomem(ctx);
	r = make_path(ctx, tree, path);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", path);
	return ms_directory_add(ctx, tree, root, dir, fd, ret);
}

int ms_output_prepare(struct ms_ctx *ctx, struct ms_tree *tree)
{
	_cleanup_free_ char *last = NULL; /* sorted by path: mostly the same as before */
	size_t last_dir = 0;

	for (size_t i = 0; i < tree->n_entries; i++) {
		struct ms_entry *entry = &tree->entries[i];
		const char *relpath = entry->item.relpath;
		const char *slash = strrchr(relpath, '/');
		_cleanup_free_ char *dir =
			strndup(relpath, slash ? (size_t)(slash - relpath) : 0);
		int r;

		if (!dir)
			return ms_fail_nomem(ctx);
		if (!entry->name)
			continue;
		if (!last || strcmp(last, dir)) {
			r = make_target(ctx, tree, dir, &last_dir);
			if (r < 0)
				return r;
			free(last);
			last = ms_steal(&dir);
		}
		entry->target_dir = last_dir;
		entry->target_name = slash ? slash + 1 : relpath;
	}
	return 0;
}

void ms_output_tidy(struct ms_tree *tree)
{
	/* what is not empty stays: rmdir says so */
	for (size_t i = tree->n_made_dirs; i-- > 0;)
		rmdir(tree->made_dirs[i]);
}

void ms_output_forget(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_made_dirs; i++)
		free(tree->made_dirs[i]);
	free(tree->made_dirs);
	tree->made_dirs = NULL;
	tree->n_made_dirs = 0;
}
