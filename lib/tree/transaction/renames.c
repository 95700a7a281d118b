/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "renames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../base/queue.h"
#include "journal.h"
#include "transaction.h"

/* Whoever named a path wants what it leads to when the files appear there. */
static int check_root(struct ms_ctx *ctx, const struct ms_root *root)
{
	_cleanup_fd_ int fd = ms_open_resolved(root->real, O_PATH);

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", root->real);
	if (fd < 0 || !ms_same_file(fd, root->dir))
		return ms_fail(ctx, -EBUSY, "directory '%s' changed while at work",
			       root->real);
	return 0;
}

static int check_target(struct ms_ctx *ctx, const struct ms_tree *tree,
			const struct ms_entry *entry, struct ms_dirs *dirs)
{
	struct ms_identity now;
	struct stat st;
	bool there;
	int r = ms_dirs_open(ctx, tree, entry->target_dir, dirs);

	if (r < 0)
		return r;
	there = fstatat(dirs->dir.fd, entry->target_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", entry->path);
	if (there)
		now = ms_identity_of(&st);
	if (there != entry->staged.had_old ||
	    (there && !ms_identity_same(&now, &entry->staged.old)))
		return ms_fail(ctx, -EBUSY, "'%s' changed while at work", entry->path);
	return 0;
}

/*
 * Fails the whole inode: its names get the same bytes or none does. Unless the others are
 * committed without it, its files stay until the decision is taken back: a kill in
 * between must not find a part of what was decided.
 */
static void fail_inode(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_entry *leader,
		       int error)
{
	for (size_t i = (size_t)(leader - tree->entries); i != SIZE_MAX;
	     i = tree->entries[i].next_name)
		ms_entry_fail(ctx, &tree->entries[i], error);
	if (tree->options.keep_going)
		ms_stage_remove(ctx, tree, leader);
}

int ms_renames_check(struct ms_ctx *ctx, struct ms_tree *tree, bool *ret_good)
{
	_cleanup_(ms_dirs_done) struct ms_dirs dirs = MS_DIRS_INIT;
	int r = 0;

	*ret_good = true;
	for (size_t i = 0; i < tree->n_roots && r == 0; i++)
		if (tree->roots[i].lock >= 0)
			r = check_root(ctx, &tree->roots[i]);
	for (size_t i = 0; i < tree->n_entries && r == 0; i++) {
		struct ms_entry *entry = &tree->entries[i];
		int error;

		if (!entry->staged.there)
			continue;
		error = check_target(ctx, tree, entry, &dirs);
		if (error == 0)
			continue;
		fail_inode(ctx, tree, &tree->entries[entry->leader], error);
		*ret_good = false;
	}
	return r;
}

struct renaming {
	struct ms_tree *tree;
	atomic_size_t renamed, failed;
	atomic_int error;
};

static int rename_entry(struct ms_ctx *ctx, struct ms_tree *tree, size_t i)
{
	struct ms_entry *entry = &tree->entries[i];
	struct ms_dirfd dir = MS_DIRFD_INIT;
	char name[MS_STAGED_NAME_SIZE];
	int r = ms_directory_open(ctx, tree, entry->target_dir, &dir);

	if (r < 0)
		return r;
	ms_staged_name(tree->txid, i, name);
	if (renameat(dir.fd, name, dir.fd, entry->target_name) < 0)
		r = ms_fail_errno(ctx, -errno, "cannot replace '%s'", entry->path);
	else
		entry->staged.there = false;
	ms_directory_close(&dir);
	return r;
}

/* What cannot be renamed waits for a recovery, or is let go. */
static void give_up(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_entry *entry)
{
	if (tree->options.keep_going && entry->names == 1 &&
	    &tree->entries[entry->leader] == entry)
		ms_stage_remove(ctx, tree, entry);
	else
		__atomic_store_n(&tree->roots[tree->dirs[entry->target_dir].root].stays,
				 true, __ATOMIC_RELAXED);
}

/* One item of the queue. It never fails: the queue would stop there. */
static int rename_one(struct ms_ctx *ctx, unsigned worker, size_t i, void *userdata)
{
	struct renaming *renaming = userdata;
	struct ms_tree *tree = renaming->tree;
	int r = rename_entry(ctx, tree, i);

	(void)worker;
	if (r == 0) {
		renaming->renamed++;
	} else {
		renaming->failed++;
		renaming->error = r;
		ms_entry_fail(ctx, &tree->entries[i], r);
		give_up(ctx, tree, &tree->entries[i]);
	}
	ms_transaction_step("renamed");
	return 0;
}

/* The first of all, which says whether the file system takes any. */
static bool rename_first(struct ms_ctx *ctx, struct ms_tree *tree, size_t i)
{
	int r = rename_entry(ctx, tree, i);

	if (r < 0)
		ms_entry_fail(ctx, &tree->entries[i], r);
	ms_transaction_step("renamed");
	return r == 0;
}

static int fail_midway(struct ms_ctx *ctx, const struct renaming *renaming)
{
	return ms_fail_errno(ctx, renaming->error,
			     "%zu files were replaced, %zu could not be",
			     (size_t)renaming->renamed, (size_t)renaming->failed);
}

/*
 * Begun, it is gone through with: a context of its own knows of no cancellation, and an
 * item that cannot be renamed fails alone. On all cores, because a rename over a file
 * frees what that file held.
 */
static void rename_rest(struct ms_ctx *ctx, struct renaming *renaming, const size_t *order,
			size_t n)
{
	struct ms_tree *tree = renaming->tree;
	struct ms_ctx *unstoppable = ms_ctx_new();

	if (!unstoppable || ms_queue_run(unstoppable, tree->options.jobs, order, n,
					 rename_one, renaming) < 0)
		/* no memory or thread for a queue: what is decided is done without */
		for (size_t i = 0; i < n; i++)
			if (tree->entries[order[i]].staged.there)
				rename_one(ctx, 0, order[i], renaming);
	ms_ctx_free(unstoppable);
}

int ms_renames_run(struct ms_ctx *ctx, struct ms_tree *tree, bool *ret_begun)
{
	_cleanup_free_ size_t *order = calloc(tree->n_entries + 1, sizeof(*order));
	struct renaming renaming = { .tree = tree };
	size_t n = 0;

	*ret_begun = false;
	if (!order)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].staged.there)
			order[n++] = i;
	if (n == 0) {
		*ret_begun = true; /* all that were staged were let go */
		return 0;
	}
	if (!tree->options.keep_going) {
		if (!rename_first(ctx, tree, order[0]))
			return 0;
		renaming.renamed = 1;
	}
	*ret_begun = true;
	rename_rest(ctx, &renaming, order + renaming.renamed, n - renaming.renamed);
	return renaming.error ? fail_midway(ctx, &renaming) : 0;
}
