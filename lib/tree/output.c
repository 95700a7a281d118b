/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The tree that -o writes. Its directories are made before the work begins, one after
 * the other, so that workers only ever open them; those that stay empty because nothing
 * was committed are removed again, after a kill by the recovery, to which the journal names
 * them. A copy may replace a file of the same name.
 *
 * The directory of -o itself is where the user's path leads, over whatever links. Below it
 * nobody named anything: it is reached by descriptors, and a link there is refused.
 */

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../files/attributes.h"
#include "../files/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/room.h"

static int note_made(struct ms_ctx *ctx, struct ms_tree *tree, const char *path)
{
	struct ms_made *list =
		ms_room(tree->made, tree->n_made, &tree->made_capacity, sizeof(*list));
	char *copy = strdup(path);

	if (list)
		tree->made = list;
	if (!list || !copy) {
		free(copy);
		return ms_fail_nomem(ctx);
	}
	list[tree->n_made++] = (struct ms_made){ .as.path = copy };
	return 0;
}

static struct ms_root *output_of(const struct ms_tree *tree)
{
	return &tree->roots[tree->n_roots - 1];
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
	for (size_t i = 0; i < n; i++)
		if (strlen(order[i]->item.relpath) >= PATH_MAX)
			return ms_fail(
				ctx, -ENAMETOOLONG,
				"a copy would have a path of more than %d bytes: '%s'",
				PATH_MAX, order[i]->path);
	qsort(order, n, sizeof(*order), compare_relpaths);
	for (size_t i = 1; i < n; i++)
		if (!compare_relpaths(&order[i - 1], &order[i]))
			return ms_fail(ctx, -EEXIST,
				       "'%s' and '%s' would become one file",
				       order[i - 1]->path, order[i]->path);
	return 0;
}

/* How much of @relpath is its directory; 0 for the root itself. */
static size_t dir_len(const char *relpath)
{
	const char *slash = strrchr(relpath, '/');

	return slash ? (size_t)(slash - relpath) : 0;
}

static int fail_path(struct ms_ctx *ctx, const struct ms_tree *tree, int error,
		     const char *path)
{
	if (error == -ENOTDIR)
		return ms_fail(ctx, error,
			       "'%s/%s' is no directory, or a link, which is not followed",
			       tree->output, path);
	return ms_fail_errno(ctx, error, "cannot open directory '%s/%s'", tree->output,
			     path);
}

/*
 * Notes what is missing of the directory @dir and those above it, but for the first @known
 * bytes of it, which were looked at already. Once one is missing all below it are.
 */
static int plan_dir(struct ms_ctx *ctx, struct ms_tree *tree, const char *dir, size_t known)
{
	_cleanup_free_ char *part = strdup(dir);
	char *at = part ? part + known : NULL;

	if (!part)
		return ms_fail_nomem(ctx);
	while (at) {
		int fd, r = 0;

		at = strchr(at + 1, '/');
		if (at)
			*at = '\0';
		fd = ms_open_beneath(output_of(tree)->dir, part, O_PATH);
		if (fd >= 0)
			close(fd);
		else if (fd == -ENOENT)
			r = note_made(ctx, tree, part);
		else
			r = fail_path(ctx, tree, fd, part);
		if (r < 0)
			return r;
		if (at)
			*at = '/';
	}
	return 0;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void strings_done(char ***strings)
{
	for (size_t i = 0; *strings && (*strings)[i]; i++)
		free((*strings)[i]);
	free(*strings);
}

int ms_output_plan_dirs(struct ms_ctx *ctx, struct ms_tree *tree)
{
	_cleanup_(strings_done) char **dirs = calloc(tree->n_entries + 1, sizeof(*dirs));
	size_t n = 0;
	int r = 0;

	if (!dirs)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < tree->n_entries; i++) {
		const char *relpath = tree->entries[i].item.relpath;

		if (!tree->entries[i].name || !dir_len(relpath))
			continue;
		dirs[n] = strndup(relpath, dir_len(relpath));
		if (!dirs[n++])
			return ms_fail_nomem(ctx);
	}
	qsort(dirs, n, sizeof(*dirs), compare_strings);
	for (size_t i = 0; i < n && r == 0; i++) {
		size_t known = i ? ms_path_common(dirs[i - 1], dirs[i]) : 0;

		if (dirs[i][known])
			r = plan_dir(ctx, tree, dirs[i], known);
	}
	return r;
}

/* Opens the directory that @path, below the root, is in; *@ret_name: the last component. */
static int open_parent(const struct ms_tree *tree, const char *path, const char **ret_name)
{
	size_t len = dir_len(path);
	_cleanup_free_ char *parent = strndup(path, len);

	if (!parent)
		return -ENOMEM;
	*ret_name = path + len + (len > 0);
	return ms_open_beneath(output_of(tree)->dir, parent, O_PATH);
}

static int make_planned(struct ms_ctx *ctx, const struct ms_tree *tree,
			struct ms_made *made)
{
	const char *path = made->as.path, *name;
	_cleanup_fd_ int parent = open_parent(tree, path, &name);
	_cleanup_free_ char *shown = NULL;
	int r;

	if (parent < 0)
		return fail_path(ctx, tree, parent, path);
	if (asprintf(&shown, "%s/%.*s", tree->output, (int)dir_len(path), path) < 0) {
		shown = NULL;
		return ms_fail_nomem(ctx);
	}
	/* what could be made and not removed would be in a recovery's way */
	r = ms_check_removable_from(ctx, parent, shown);
	if (r < 0)
		return r;
	made->there = mkdirat(parent, name, 0777) == 0;
	if (!made->there && errno != EEXIST)
		return ms_fail_errno(ctx, -errno, "cannot make directory '%s/%s'",
				     tree->output, path);
	if (made->there)
		made->as.mark = ms_made_mark(parent, name);
	return 0;
}

/* Those that somebody else was faster to make are not ours to remove. */
static void forget_unmade(struct ms_tree *tree)
{
	size_t n = 0;

	for (size_t i = 0; i < tree->n_made; i++)
		if (tree->made[i].there)
			tree->made[n++] = tree->made[i];
		else
			free(tree->made[i].as.path);
	tree->n_made = n;
}

static int open_target(struct ms_ctx *ctx, struct ms_tree *tree, const char *dir,
		       size_t *ret)
{
	int fd = ms_open_beneath(output_of(tree)->dir, dir, O_RDONLY);

	if (fd < 0)
		return fail_path(ctx, tree, fd, dir);
	return ms_directory_add(ctx, tree, tree->n_roots - 1, dir, fd, ret);
}

/* A mount below the directory of -o may show modules that the run reads. */
static int check_apart(struct ms_ctx *ctx, const struct ms_tree *tree,
		       const struct ms_entry *entry)
{
	const struct ms_directory *from = &tree->dirs[entry->dir],
				  *to = &tree->dirs[entry->target_dir];

	if (from->device != to->device || from->inode != to->inode ||
	    strcmp(entry->name, entry->target_name))
		return 0;
	return ms_fail(ctx, -EINVAL, "'%s/%s' is '%s' itself", tree->output,
		       entry->item.relpath, entry->path);
}

int ms_output_prepare(struct ms_ctx *ctx, struct ms_tree *tree)
{
	_cleanup_free_ char *last = NULL; /* sorted by path: mostly the same as before */
	size_t last_dir = 0;
	int r = 0;

	for (size_t i = 0; i < tree->n_made && r == 0; i++)
		r = make_planned(ctx, tree, &tree->made[i]);
	if (r < 0)
		return r;
	forget_unmade(tree);
	for (size_t i = 0; i < tree->n_entries && r == 0; i++) {
		struct ms_entry *entry = &tree->entries[i];
		const char *relpath = entry->item.relpath;
		size_t len = dir_len(relpath);
		_cleanup_free_ char *dir = NULL;

		if (!entry->name)
			continue;
		dir = strndup(relpath, len);
		if (!dir)
			return ms_fail_nomem(ctx);
		if (!last || strcmp(last, dir)) {
			r = open_target(ctx, tree, dir, &last_dir);
			free(last);
			last = ms_steal(&dir);
		}
		entry->target_dir = last_dir;
		entry->target_name = relpath + len + (len > 0);
		if (r == 0)
			r = check_apart(ctx, tree, entry);
	}
	return r;
}

static void remove_made(struct ms_tree *tree, const struct ms_made *made)
{
	const struct ms_mark *mark = &made->as.mark;
	const char *name;
	_cleanup_fd_ int parent = open_parent(tree, made->as.path, &name);

	if (parent == -ENOENT)
		return; /* somebody was faster */
	if (parent < 0 ||
	    ms_made_remove_one(parent, name, ms_mark_is_known(mark) ? mark : NULL) < 0)
		output_of(tree)->stays = true;
}

void ms_output_tidy(struct ms_tree *tree)
{
	for (size_t i = tree->n_made; i-- > 0;) {
		if (tree->made[i].there)
			remove_made(tree, &tree->made[i]);
		tree->made[i].there = false; /* from here on it may be another run's */
	}
}

void ms_output_forget(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_made; i++)
		free(tree->made[i].as.path);
	free(tree->made);
	tree->made = NULL;
	tree->n_made = tree->made_capacity = 0;
	for (size_t i = 0; i < tree->n_made_paths; i++)
		free(tree->made_paths[i].path);
	free(tree->made_paths);
	tree->made_paths = NULL;
	tree->n_made_paths = 0;
	ms_made_done(&tree->made_roots);
}
