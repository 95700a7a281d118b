/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opening and closing a tree, and the words for what became of its modules. */

#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/sized.h"
#include "../base/queue.h"
#include "../elf/elf.h"
#include "transaction/locks.h"
#include "output.h"
#include "transaction/recover.h"
#include "skipped.h"
#include "walk.h"

static void item_done(struct ms_item *item)
{
	free(item->message);
	free(item->hint);
	free(item->vouched_by);
	free(item->reason);
	for (size_t i = 0; i < item->n_warnings; i++)
		free(item->warnings[i]);
	free(item->warnings);
	ms_signature_list_free(item->signatures);
	ms_modinfo_free(item->modinfo);
}

void ms_walk_undo(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_entries; i++) {
		item_done(&tree->entries[i].item);
		free(tree->entries[i].path);
		free(tree->entries[i].name);
	}
	for (size_t i = 0; i < tree->n_dirs; i++) {
		if (tree->dirs[i].fd >= 0) {
			close(tree->dirs[i].fd);
			tree->fd_budget++;
		}
		free(tree->dirs[i].path);
	}
	free(tree->entries);
	free(tree->dirs);
	tree->entries = NULL;
	tree->dirs = NULL;
	tree->n_entries = tree->n_dirs = 0;
	tree->long_paths = 0;
	ms_skipped_forget(tree);
}

struct ms_tree *ms_tree_free(struct ms_tree *tree)
{
	if (!tree)
		return NULL;
	ms_locks_release(tree);
	ms_made_remove(&tree->made_roots);
	ms_output_forget(tree);
	ms_walk_undo(tree);
	for (size_t i = 0; i < tree->n_roots; i++) {
		if (tree->roots[i].dir >= 0)
			close(tree->roots[i].dir);
		free(tree->roots[i].real);
	}
	free(tree->roots);
	free(tree->output);
	free(tree);
	return NULL;
}

MS_DEFINE_CLEANUP(tree_cleanup, struct ms_tree *, ms_tree_free)

/* Half of the descriptors the process may have, less those of the roots and locks. */
static size_t descriptor_budget(size_t n_roots)
{
	struct rlimit limit;
	size_t half;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	half = limit.rlim_cur > 65536 ? 32768 : (size_t)limit.rlim_cur / 2;
	return half > 2 * n_roots ? half - 2 * n_roots : 0;
}

static int open_tree(struct ms_ctx *ctx, struct ms_starts *starts, struct ms_tree *tree)
{
	int r = ms_roots_make(ctx, tree, starts);

	if (r == 0 && tree->output)
		r = ms_output_open(ctx, tree, starts);
	if (r < 0)
		return r;
	tree->fd_budget = descriptor_budget(tree->n_roots);
	r = ms_locks_walk(ctx, tree, starts);
	ms_skipped_warn(ctx, tree);
	if (r == 0 && tree->output)
		r = ms_output_plan(ctx, tree);
	return r;
}

int ms_tree_open(struct ms_ctx *ctx, const char *const *paths, size_t n_paths,
		 const struct ms_tree_options *caller, struct ms_tree **ret)
{
	_cleanup_(tree_cleanup) struct ms_tree *tree = calloc(1, sizeof(*tree));
	struct ms_starts starts = { 0 };
	const struct ms_tree_options *options;
	int r = tree ? ms_sized_in(ctx, &tree->options, sizeof(tree->options), caller)
		     : ms_fail_nomem(ctx);

	if (r < 0)
		return r;
	options = &tree->options;
	if (!tree->options.jobs)
		tree->options.jobs = ms_queue_cores();
	if (!tree->options.max_size)
		tree->options.max_size = 1ull << 30;
	if (options->output && options->writes && !options->dry_run) {
		tree->output = strdup(options->output);
		if (!tree->output)
			return ms_fail_nomem(ctx);
	}
	r = ms_starts_resolve(ctx, paths, n_paths, &starts);
	if (r == 0)
		r = open_tree(ctx, &starts, tree);
	ms_starts_done(&starts);
	if (r < 0)
		return r;
	*ret = ms_steal(&tree);
	return 0;
}

size_t ms_tree_count(const struct ms_tree *tree)
{
	return tree->n_entries;
}

const struct ms_item *ms_tree_item(const struct ms_tree *tree, size_t i)
{
	return i < tree->n_entries ? &tree->entries[i].item : NULL;
}
