/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The commit.
 *
 *	1. begin    the journals get the transaction's number
 *	2. stage    each new file is made beside its target
 *	3. sync     one syncfs() a file system: what will be renamed is on disk
 *	4. decide   the journals get all names and, at their end, the commit line; on disk
 *	5. check    every target is still the file that was read
 *	6. rename   and one syncfs() more
 *	7. done     the journals are emptied
 *
 * Killed before the commit line is whole, a transaction is undone by removing its files;
 * after that it is finished by renaming what is not renamed yet. Both can be begun again
 * after another kill. A check that fails in step 5 takes the decision back first.
 *
 * A run over several roots has a journal in each. Each root is decided by its own commit
 * line; a kill between two of these writes, which stand right behind one another, can end
 * with one root finished and another undone, every one of them whole in itself. One line
 * for all would have to lie outside of all but one of them, and recovery never leaves the
 * directory that it was called for.
 */

#include "transaction.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/queue.h"
#include "journal.h"
#include "output.h"
#include "sync.h"

void (*ms_transaction_hook)(const char *step);

void ms_transaction_step(const char *step)
{
	if (ms_transaction_hook)
		ms_transaction_hook(step);
}

void ms_entry_fail(struct ms_ctx *ctx, struct ms_entry *entry, int error)
{
	struct ms_item *item = &entry->item;

	free(item->message);
	free(item->hint);
	item->outcome = MS_OUTCOME_UNDECIDED;
	item->error = error;
	item->message = strdup(ms_ctx_message(ctx));
	item->hint = ms_ctx_hint(ctx) ? strdup(ms_ctx_hint(ctx)) : NULL;
}

/* Replaces what the journal of @root says. */
static int journal_write(struct ms_ctx *ctx, const struct ms_root *root,
			 const struct ms_buf *text, bool sync)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = pwrite(root->lock, text->data + done, text->len - done,
				   (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ms_fail_errno(ctx, -errno,
					     "cannot write the journal in '%s'",
					     root->real);
		done += (size_t)n;
	}
	if (ftruncate(root->lock, (off_t)text->len) < 0 ||
	    (sync && fsync(root->lock) < 0))
		return ms_fail_errno(ctx, -errno, "cannot write the journal in '%s'",
				     root->real);
	return 0;
}

/* All journals say no more than which transaction is at work. */
static int journals_begin(struct ms_ctx *ctx, struct ms_tree *tree, bool sync)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	int r = ms_journal_begin(&text, tree->txid) < 0 ? ms_fail_nomem(ctx) : 0;

	for (size_t i = 0; i < tree->n_roots && r == 0; i++)
		if (tree->roots[i].lock >= 0)
			r = journal_write(ctx, &tree->roots[i], &text, sync);
	return r;
}

int ms_transaction_begin(struct ms_ctx *ctx, struct ms_tree *tree)
{
	uint64_t tag;
	int r = 0;

	if (!tree->locked)
		return ms_fail(ctx, -EINVAL, "the tree was not opened for writing");
	if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
		return ms_fail_errno(ctx, -errno, "cannot get random bytes");
	snprintf(tree->txid, sizeof(tree->txid), "%016" PRIx64, tag);
	r = journals_begin(ctx, tree, false);
	if (r == 0 && tree->output)
		r = ms_output_prepare(ctx, tree);
	if (r < 0)
		ms_transaction_abort(ctx, tree);
	else
		ms_transaction_step("begun");
	return r;
}

/* Nothing is left to be recovered, but where something could not be cleared up. */
static void journals_clear(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_roots; i++) {
		struct ms_root *root = &tree->roots[i];

		if (root->lock >= 0 && !root->stays && ftruncate(root->lock, 0) < 0)
			root->stays = true;
	}
}

void ms_transaction_abort(struct ms_ctx *ctx, struct ms_tree *tree)
{
	struct ms_ctx *quiet = ms_ctx_fork(ctx); /* keeps the message of the failure */

	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].leader == i)
			ms_stage_remove(quiet ? quiet : ctx, tree, &tree->entries[i]);
	ms_ctx_free(quiet);
	journals_clear(tree);
}

/* Opens directories one after the other: entries of one directory mostly come together.
 */
struct walker {
	struct ms_dirfd dir;
	size_t at;
	bool open;
};

static int walker_open(struct ms_ctx *ctx, const struct ms_tree *tree, size_t dir,
		       struct walker *walker)
{
	int r;

	if (walker->open && walker->at == dir)
		return 0;
	if (walker->open)
		ms_directory_close(&walker->dir);
	walker->open = false;
	r = ms_directory_open(ctx, tree, dir, &walker->dir);
	walker->open = r == 0;
	walker->at = dir;
	return r;
}

static void walker_done(struct walker *walker)
{
	if (walker->open)
		ms_directory_close(&walker->dir);
}

static int note_file_systems(struct ms_ctx *ctx, const struct ms_tree *tree,
			     struct ms_sync *sync)
{
	_cleanup_(walker_done) struct walker walker = { .dir = MS_DIRFD_INIT };
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < tree->n_entries; i++) {
		const struct ms_entry *entry = &tree->entries[i];
		int r;

		if (!entry->staged.there || entry->target_dir == last)
			continue;
		last = entry->target_dir;
		r = walker_open(ctx, tree, last, &walker);
		if (r == 0)
			r = ms_sync_add(ctx, sync, walker.dir.fd);
		if (r < 0)
			return r;
	}
	return 0;
}

static int journal_entry(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
			 struct ms_buf *text)
{
	const struct ms_entry *entry = &tree->entries[i];
	_cleanup_free_ char *path =
		ms_path_join(tree->dirs[entry->target_dir].path, entry->target_name);
	struct ms_journal_entry line = {
		.number = i,
		.size = entry->staged.size,
		.had_old = entry->staged.had_old,
		.old_size = (uint64_t)entry->staged.old.size,
		.old_seconds = entry->staged.old.mtime.tv_sec,
		.old_nanoseconds = (uint32_t)entry->staged.old.mtime.tv_nsec,
		.path = path,
	};

	return path && ms_journal_add(text, &line) == 0 ? 0 : ms_fail_nomem(ctx);
}

static int journal_root(struct ms_ctx *ctx, const struct ms_tree *tree, size_t root)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	int r = ms_journal_begin(&text, tree->txid) < 0 ? ms_fail_nomem(ctx) : 0;

	for (size_t i = 0; i < tree->n_entries && r == 0; i++)
		if (tree->entries[i].staged.there &&
		    tree->dirs[tree->entries[i].target_dir].root == root)
			r = journal_entry(ctx, tree, i, &text);
	if (r == 0)
		r = ms_journal_commit(ctx, &text);
	if (r == 0)
		r = journal_write(ctx, &tree->roots[root], &text, !tree->options.no_sync);
	if (r == 0)
		ms_transaction_step("decided");
	return r;
}

static int journals_decide(struct ms_ctx *ctx, const struct ms_tree *tree)
{
	int r = 0;

	for (size_t i = 0; i < tree->n_roots && r == 0; i++)
		if (tree->roots[i].lock >= 0)
			r = journal_root(ctx, tree, i);
	return r;
}

static int check_target(struct ms_ctx *ctx, const struct ms_tree *tree,
			const struct ms_entry *entry, struct walker *walker)
{
	struct ms_identity now;
	struct stat st;
	bool there;
	int r = walker_open(ctx, tree, entry->target_dir, walker);

	if (r < 0)
		return r;
	there = fstatat(walker->dir.fd, entry->target_name, &st, AT_SYMLINK_NOFOLLOW) ==
		0;
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

static bool check_targets(struct ms_ctx *ctx, struct ms_tree *tree)
{
	_cleanup_(walker_done) struct walker walker = { .dir = MS_DIRFD_INIT };
	bool good = true;

	for (size_t i = 0; i < tree->n_entries; i++) {
		struct ms_entry *entry = &tree->entries[i];
		int r;

		if (!entry->staged.there)
			continue;
		r = check_target(ctx, tree, entry, &walker);
		if (r == 0)
			continue;
		fail_inode(ctx, tree, &tree->entries[entry->leader], r);
		good = false;
	}
	return good;
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

/* One item of the queue. It never fails: the queue would stop there. */
static int rename_one(struct ms_ctx *ctx, unsigned worker, size_t i, void *userdata)
{
	struct renaming *renaming = userdata;
	int r = rename_entry(ctx, renaming->tree, i);

	(void)worker;
	if (r == 0) {
		renaming->renamed++;
	} else {
		renaming->failed++;
		renaming->error = r;
		ms_entry_fail(ctx, &renaming->tree->entries[i], r);
	}
	ms_transaction_step("renamed");
	return 0;
}

/*
 * Begun, it is gone through with: a context of its own knows of no cancellation, and an
 * item that cannot be renamed fails alone. On all cores, because a rename over a file
 * frees what that file held.
 */
static int rename_all(struct ms_ctx *ctx, struct ms_tree *tree)
{
	_cleanup_free_ size_t *order = calloc(tree->n_entries + 1, sizeof(*order));
	struct renaming renaming = { .tree = tree };
	struct ms_ctx *unstoppable = ms_ctx_new();
	size_t n = 0;

	for (size_t i = 0; order && i < tree->n_entries; i++)
		if (tree->entries[i].staged.there)
			order[n++] = i;
	if (!order || !unstoppable ||
	    ms_queue_run(unstoppable, tree->options.jobs, order, n, rename_one,
			 &renaming) < 0)
		/* no memory for a queue: what is decided is done without */
		for (size_t i = 0; i < tree->n_entries; i++)
			if (tree->entries[i].staged.there)
				rename_one(ctx, 0, i, &renaming);
	ms_ctx_free(unstoppable);
	if (renaming.error)
		return ms_fail_errno(ctx, renaming.error,
				     "%zu files were replaced, %zu could not be",
				     (size_t)renaming.renamed, (size_t)renaming.failed);
	return 0;
}

/* Before anything is renamed: takes the decision back, so that a kill finds it undone. */
static int withdraw(struct ms_ctx *ctx, struct ms_tree *tree, int error)
{
	struct ms_ctx *quiet = ms_ctx_fork(ctx);

	if (quiet && journals_begin(quiet, tree, !tree->options.no_sync) < 0)
		ms_warn(ctx, "cannot take back the journal: %s", ms_ctx_message(quiet));
	ms_ctx_free(quiet);
	ms_transaction_step("withdrawn");
	ms_transaction_abort(ctx, tree);
	return error;
}

static int prepare(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_sync *sync)
{
	int r = note_file_systems(ctx, tree, sync);

	if (r == 0 && !tree->options.no_sync)
		r = ms_sync_run(ctx, sync);
	if (r == 0)
		r = ms_check_cancelled(ctx);
	if (r == 0)
		ms_transaction_step("synced");
	return r == 0 ? journals_decide(ctx, tree) : r;
}

static int finish(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_sync *sync)
{
	int r = rename_all(ctx, tree), s = 0;

	ms_transaction_step("all-renamed");
	if (r == 0 && !tree->options.no_sync) {
		s = ms_sync_run(ctx, sync);
		if (s < 0)
			ms_fail_prefix(ctx, s, "all files were replaced, but");
	}
	ms_transaction_abort(ctx, tree); /* what could not be renamed */
	ms_transaction_step("done");
	return r < 0 ? r : s;
}

static bool anything_staged(const struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].staged.there)
			return true;
	return false;
}

int ms_transaction_commit(struct ms_ctx *ctx, struct ms_tree *tree, bool *ret_committed)
{
	_cleanup_(ms_sync_done) struct ms_sync sync = { 0 };
	bool good;
	int r;

	*ret_committed = true;
	if (!anything_staged(tree)) {
		journals_clear(tree);
		return 0;
	}
	*ret_committed = false;
	r = prepare(ctx, tree, &sync);
	if (r < 0)
		return withdraw(ctx, tree, r);
	good = check_targets(ctx, tree);
	r = ms_check_cancelled(ctx);
	if (r < 0 || (!good && !tree->options.keep_going))
		return withdraw(ctx, tree, r);
	*ret_committed = true;
	ms_transaction_step("checked");
	return finish(ctx, tree, &sync);
}
