/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which locks keep two runs apart whose trees overlap: each run locks its own roots, and
 * then looks for journals in all directories above them and below them. Since everybody
 * locks first and looks then, of two runs at least one sees the other.
 *
 * A run that meets a lock that is held gives all of its own back before it waits, and
 * begins anew: nobody waits while holding, so nobody waits for ever. A journal that is
 * not held belongs to a run that was killed; its transaction is ended first.
 */

#include "locks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "lock.h"
#include "recover.h"

struct round {
	struct ms_ctx *ctx;
	struct ms_tree *tree;
	char *busy;	/* the directory that somebody else holds; to free() */
	bool recovered; /* something below the roots was ended: the walk is stale */
};

void ms_locks_release(struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_roots; i++) {
		struct ms_root *root = &tree->roots[i];

		ms_lock_release(root->real, root->lock, !root->stays);
		root->lock = -1;
	}
	tree->locked = false;
}

static int set_busy(struct round *round, const char *dir)
{
	round->busy = strdup(dir);
	return round->busy ? 0 : ms_fail_nomem(round->ctx);
}

/* Ends what was interrupted in another directory than a root. */
static int settle(struct round *round, const char *dir)
{
	enum ms_lock_answer answer;
	enum ms_recovery how;
	int r = ms_recover_dir(round->ctx, dir, &how, &answer);

	if (r == 0 && answer == MS_LOCK_BUSY)
		return set_busy(round, dir);
	if (r == 0 && answer != MS_LOCK_FOREIGN)
		round->recovered = true;
	return r;
}

static int settle_above(struct round *round, const char *real)
{
	_cleanup_free_ char *dir = strdup(real);
	int r = 0;

	if (!dir)
		return ms_fail_nomem(round->ctx);
	while (r == 0 && !round->busy && strcmp(dir, "/")) {
		char *slash = strrchr(dir, '/');

		slash[slash == dir] = '\0';
		r = settle(round, dir);
	}
	return r;
}

static int lock_root(struct round *round, struct ms_root *root)
{
	enum ms_lock_answer answer = MS_LOCK_UNDECIDED;
	enum ms_recovery how;
	int r;

	r = ms_lock_take(round->ctx, root->real, true, &answer, &root->lock);
	if (r < 0)
		return r;
	if (answer == MS_LOCK_BUSY)
		return set_busy(round, root->real);
	if (answer != MS_LOCK_TAKEN)
		return ms_lock_fail_foreign(round->ctx, root->real);
	/* until the journal is seen to be done with, it must not be removed */
	root->stays = true;
	r = ms_recover_journal(round->ctx, root->real, root->lock, &how);
	root->stays = r < 0;
	return r;
}

static bool is_locked_kind(const struct ms_tree *tree, const struct ms_root *root)
{
	return root->is_output == (tree->output != NULL);
}

static int lock_roots(struct round *round)
{
	struct ms_tree *tree = round->tree;
	int r = 0;

	for (size_t i = 0; i < tree->n_roots && r == 0 && !round->busy; i++)
		if (is_locked_kind(tree, &tree->roots[i]))
			r = lock_root(round, &tree->roots[i]);
	for (size_t i = 0; i < tree->n_roots && r == 0 && !round->busy; i++)
		if (is_locked_kind(tree, &tree->roots[i]))
			r = settle_above(round, tree->roots[i].real);
	tree->locked = r == 0 && !round->busy;
	return r;
}

/* Below a root: a journal is waited for where this run writes, else only spoken of. */
static int settle_below(struct round *round, const struct ms_foreign *foreign)
{
	bool in_place = round->tree->locked && !round->tree->output;
	int r = 0;

	round->recovered = false;
	for (size_t i = 0; i < foreign->n && r == 0 && !round->busy; i++) {
		if (in_place)
			r = settle(round, foreign->dirs[i]);
		else
			ms_warn(round->ctx, "a run on '%s' is at work or was interrupted",
				foreign->dirs[i]);
	}
	return r;
}

static int walk_once(struct round *round, const struct ms_starts *starts)
{
	_cleanup_(ms_foreign_done) struct ms_foreign foreign = { 0 };
	int r;

	ms_walk_undo(round->tree);
	r = ms_walk(round->ctx, round->tree, starts, &foreign);
	return r < 0 ? r : settle_below(round, &foreign);
}

int ms_locks_walk(struct ms_ctx *ctx, struct ms_tree *tree,
		  const struct ms_starts *starts)
{
	bool writes = tree->options.writes && !tree->options.dry_run;
	int r;

	for (;;) {
		struct round round = { .ctx = ctx, .tree = tree };

		r = writes ? lock_roots(&round) : 0;
		round.recovered = true;
		while (r == 0 && !round.busy && round.recovered)
			r = walk_once(&round, starts);
		if (r == 0 && !round.busy)
			return 0;
		ms_locks_release(tree);
		if (r == 0)
			r = ms_lock_wait(ctx, round.busy, tree->options.no_wait);
		free(round.busy);
		if (r < 0)
			return r;
	}
}
