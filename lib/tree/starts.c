/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * PATHs, resolved to directories, and the roots made of them.
 *
 * A root is a directory that is locked as a whole: each directory PATH, and the directory
 * of each file PATH. One that lies in another is part of that one, so that no run waits
 * for itself, and every module is under exactly one root.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "walk.h"

bool ms_path_is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (!strcmp(dir, "/"))
		return true;
	return !strncmp(path, dir, len) && (path[len] == '/' || path[len] == '\0');
}

static void start_done(struct ms_start *start)
{
	free(start->shown);
	free(start->real);
	free(start->name);
	free(start->prefix);
}

void ms_starts_done(struct ms_starts *starts)
{
	for (size_t i = 0; i < starts->n; i++)
		start_done(&starts->list[i]);
	free(starts->list);
	for (size_t i = 0; i < starts->n_dead_ends; i++) {
		free(starts->dead_ends[i].shown);
		free(starts->dead_ends[i].message);
	}
	free(starts->dead_ends);
	*starts = (struct ms_starts){ 0 };
}

/* @real is a file: splits it into directory and name. */
static int split_file(struct ms_start *start)
{
	char *slash = strrchr(start->real, '/');

	start->is_file = true;
	start->name = strdup(slash + 1);
	if (!start->name)
		return -ENOMEM;
	slash[slash == start->real] = '\0';
	return 0;
}

static int resolve(struct ms_ctx *ctx, const char *path, struct ms_start *start)
{
	struct stat st;
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	start->shown = strndup(path, len);
	if (!start->shown)
		return ms_fail_nomem(ctx);
	/* the path as it was given: "file/" is no file */
	if (stat(path, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return ms_fail(ctx, -EINVAL, "'%s' is neither file nor directory", path);
	start->real = realpath(path, NULL);
	if (!start->real)
		return ms_fail_errno(ctx, -errno, "cannot resolve '%s'", path);
	if (S_ISREG(st.st_mode) && split_file(start) < 0)
		return ms_fail_nomem(ctx);
	return 0;
}

/* Moves a start that could not be resolved to the dead ends. */
static int give_up(struct ms_ctx *ctx, struct ms_starts *starts, int error)
{
	struct ms_start *start = &starts->list[--starts->n];
	struct ms_dead_end *end = &starts->dead_ends[starts->n_dead_ends++];

	end->error = error;
	end->shown = ms_steal(&start->shown);
	end->message = strdup(ms_ctx_message(ctx));
	start_done(start);
	*start = (struct ms_start){ 0 };
	return end->shown && end->message ? 0 : ms_fail_nomem(ctx);
}

int ms_starts_resolve(struct ms_ctx *ctx, const char *const *paths, size_t n,
		      struct ms_starts *ret)
{
	_cleanup_(ms_starts_done) struct ms_starts starts = { 0 };
	int r = 0;

	starts.list = calloc(n + 1, sizeof(*starts.list));
	starts.dead_ends = calloc(n + 1, sizeof(*starts.dead_ends));
	if (!starts.list || !starts.dead_ends)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = resolve(ctx, paths[i], &starts.list[starts.n++]);
		if (r < 0 && r != -ENOMEM)
			r = give_up(ctx, &starts, r);
	}
	if (r < 0)
		return r;
	if (n && starts.n == 0)
		return ms_fail(ctx, starts.dead_ends[0].error, "%s",
			       starts.dead_ends[0].message);
	*ret = starts;
	starts = (struct ms_starts){ 0 };
	return 0;
}

static int compare_reals(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The first bytes of a path. */
struct part {
	const char *path;
	size_t len;
};

static int compare_root(const void *key, const void *element)
{
	const struct part *part = key;
	const struct ms_root *root = element;
	int order = strncmp(part->path, root->real, part->len);

	return order ? order : -(root->real[part->len] != '\0');
}

/*
 * The root that is @real or that it lies in, or NULL: each directory on the way up is
 * looked for, since there may be as many roots as PATHs. No root lies in another.
 */
static struct ms_root *root_of(const struct ms_tree *tree, const char *real)
{
	struct part part = { real, strlen(real) };
	struct ms_root *root;

	for (;;) {
		root = bsearch(&part, tree->roots, tree->n_roots, sizeof(*root),
			       compare_root);
		if (root || part.len <= 1)
			return root;
		while (real[part.len - 1] != '/')
			part.len--;
		part.len -= part.len > 1;
	}
}

static int add_roots(struct ms_tree *tree, const char **reals, size_t n)
{
	qsort(reals, n, sizeof(*reals), compare_reals);
	for (size_t i = 0; i < n; i++) {
		struct ms_root *root = &tree->roots[tree->n_roots];

		/* sorted, each directory comes before those that lie in it */
		if (root_of(tree, reals[i]))
			continue;
		*root = (struct ms_root){
			.real = strdup(reals[i]),
			.dir = -1,
			.lock = -1,
		};
		if (!root->real)
			return -ENOMEM;
		tree->n_roots++;
	}
	return 0;
}

/*
 * Finds the roots in the file system. Those that may be written are held from here on:
 * locks, journals and files go where they are, even if somebody renames them meanwhile.
 */
static int open_roots(struct ms_ctx *ctx, struct ms_tree *tree)
{
	bool held = tree->options.writes && !tree->options.dry_run && !tree->output;

	for (size_t i = 0; i < tree->n_roots; i++) {
		int r = ms_root_find(ctx, tree, &tree->roots[i], held);

		if (r < 0)
			return r;
	}
	return 0;
}

static int place_start(const struct ms_tree *tree, struct ms_start *start)
{
	const struct ms_root *root = root_of(tree, start->real);
	const char *rest;

	if (!root)
		return -EINVAL; /* never: each start's directory is a root or in one */
	start->root = (size_t)(root - tree->roots);
	rest = start->real + strlen(root->real);
	start->prefix = strdup(*rest == '/' ? rest + 1 : rest);
	return start->prefix ? 0 : -ENOMEM;
}

int ms_roots_make(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_starts *starts)
{
	_cleanup_free_ const char **reals = calloc(starts->n + 1, sizeof(*reals));

	/* one more than PATHs: -o adds a root */
	tree->roots = calloc(starts->n + 1, sizeof(*tree->roots));
	tree->n_roots = 0;
	if (!reals || !tree->roots)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < starts->n; i++)
		reals[i] = starts->list[i].real;
	if (add_roots(tree, reals, starts->n) < 0)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < starts->n; i++)
		if (place_start(tree, &starts->list[i]) < 0)
			return ms_fail_nomem(ctx);
	return open_roots(ctx, tree);
}
