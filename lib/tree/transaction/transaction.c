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
 * after another kill. A check that fails in step 5 takes the decision back first. Of
 * several roots one decides for all: see journals.c.
 *
 * And if a step fails? Until step 5 all is undone at once, and after it as long as
 * nothing was renamed; only where even the journal cannot be written any more, journals
 * and files stay for a recovery to look at. Once one file was renamed there is no way
 * back: what cannot be renamed waits, and so does the journal, until a recovery can finish
 * it. Where it is let go instead, the others are synced all the same before their journal
 * goes.
 */

#include "transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "journals.h"
#include "../output.h"
#include "renames.h"
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

int ms_transaction_begin(struct ms_ctx *ctx, struct ms_tree *tree)
{
	int r;

	if (!tree->locked)
		return ms_fail(ctx, -EINVAL, "the tree was not opened for writing");
	r = tree->output ? ms_output_plan_dirs(ctx, tree) : 0;
	if (r == 0)
		r = ms_journals_begin(ctx, tree);
	if (r == 0 && tree->output)
		r = ms_output_prepare(ctx, tree);
	if (r == 0 && tree->output)
		r = ms_journals_note(ctx, tree);
	if (r < 0)
		ms_transaction_abort(ctx, tree);
	else
		ms_transaction_step("begun");
	return r;
}

void ms_transaction_abort(struct ms_ctx *ctx, struct ms_tree *tree)
{
	struct ms_ctx *quiet = ms_ctx_fork(ctx); /* keeps the message of the failure */

	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].leader == i)
			ms_stage_remove(quiet ? quiet : ctx, tree, &tree->entries[i]);
	ms_ctx_free(quiet);
	if (tree->output)
		ms_output_tidy(tree);
	ms_journals_clear(tree);
}

/* Those that files are renamed on, and those that journals are on. */
static int note_file_systems(struct ms_ctx *ctx, const struct ms_tree *tree,
			     struct ms_sync *sync)
{
	_cleanup_(ms_dirs_done) struct ms_dirs dirs = MS_DIRS_INIT;
	size_t last = SIZE_MAX;
	int r = 0;

	for (size_t i = 0; i < tree->n_roots && r == 0; i++)
		if (tree->roots[i].lock >= 0)
			r = ms_sync_add(ctx, sync, tree->roots[i].dir);
	for (size_t i = 0; i < tree->n_entries && r == 0; i++) {
		const struct ms_entry *entry = &tree->entries[i];

		if (!entry->staged.there || entry->target_dir == last)
			continue;
		last = entry->target_dir;
		r = ms_dirs_open(ctx, tree, last, &dirs);
		if (r == 0)
			r = ms_sync_add(ctx, sync, dirs.dir.fd);
	}
	return r;
}

/*
 * Before anything is renamed: takes the decision back, so that a kill finds it undone.
 * Where that cannot be written down a kill might find it decided, so that nothing may be
 * removed.
 */
static int withdraw(struct ms_ctx *ctx, struct ms_tree *tree, int error)
{
	struct ms_ctx *quiet = ms_ctx_fork(ctx);
	int r = quiet ? ms_journals_withdraw(quiet, tree) : -ENOMEM;

	ms_transaction_step("withdrawn");
	if (r < 0) {
		ms_warn(ctx, "cannot take back what was decided, and leave it to be "
			     "recovered: %s",
			quiet ? ms_ctx_message(quiet) : strerror(ENOMEM));
		ms_journals_keep(tree);
	} else {
		ms_transaction_abort(ctx, tree);
	}
	ms_ctx_free(quiet);
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
	return r == 0 ? ms_journals_decide(ctx, tree) : r;
}

/* Syncs after the renames, of which @result is the result. Its message stays. */
static int sync_renamed(struct ms_ctx *ctx, const struct ms_sync *sync, int result)
{
	struct ms_ctx *quiet;
	int r;

	if (result == 0) {
		r = ms_sync_run(ctx, sync);
		return r < 0 ? ms_fail_prefix(ctx, r, "all files were replaced, but") : 0;
	}
	quiet = ms_ctx_fork(ctx);
	r = ms_sync_run(quiet ? quiet : ctx, sync);
	if (r < 0)
		ms_warn(ctx, "what was replaced may not be on disk: %s",
			ms_ctx_message(quiet ? quiet : ctx));
	ms_ctx_free(quiet);
	return r;
}

/* Where a journal stays, there is something to recover. */
static int hint_recovery(struct ms_ctx *ctx, const struct ms_tree *tree, int error)
{
	for (size_t i = 0; i < tree->n_roots; i++)
		if (tree->roots[i].lock >= 0 && tree->roots[i].stays)
			return ms_hint_command(ctx, error,
					       "mend the cause, then: modseal recover %s",
					       tree->roots[i].real);
	return error;
}

/*
 * After the renames. A journal of what may not be on disk stays: it is still right, for
 * those files too that were all renamed.
 */
static int conclude(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_sync *sync,
		    int result)
{
	int r = tree->options.no_sync ? 0 : sync_renamed(ctx, sync, result);

	if (r < 0) {
		ms_journals_keep(tree);
		return hint_recovery(ctx, tree, result < 0 ? result : r);
	}
	if (tree->output)
		ms_output_tidy(tree);
	ms_journals_clear(tree);
	ms_transaction_step("done");
	return result < 0 ? hint_recovery(ctx, tree, result) : 0;
}

static int finish(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_sync *sync,
		  bool *ret_committed)
{
	bool begun;
	int r = ms_renames_run(ctx, tree, &begun);

	if (!begun)
		return withdraw(ctx, tree, r);
	*ret_committed = true;
	ms_transaction_step("all-renamed");
	return conclude(ctx, tree, sync, r);
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
		if (tree->output)
			ms_output_tidy(tree);
		ms_journals_clear(tree);
		return 0;
	}
	*ret_committed = false;
	r = prepare(ctx, tree, &sync);
	if (r < 0)
		return withdraw(ctx, tree, r);
	r = ms_renames_check(ctx, tree, &good);
	if (r == 0)
		r = ms_check_cancelled(ctx);
	if (r < 0 || (!good && !tree->options.keep_going))
		return withdraw(ctx, tree, r);
	ms_transaction_step("checked");
	return finish(ctx, tree, &sync, ret_committed);
}
