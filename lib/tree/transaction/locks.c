/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which locks keep two runs apart whose trees overlap: each run locks its own roots, and
 * then looks for journals in all directories above them and below them. Since everybody
 * locks first and looks then, of two runs at least one sees the other.
 *
 * A run that meets a lock that is held gives all of its own back before it waits, and
 * begins anew: nobody waits while holding, so nobody waits for ever. A journal that is
 * not held belongs to a run that was killed. It is ended in the same way, with nothing held:
 * it may belong to a run over several roots, of which this run may have locked one.
 *
 * Locks are taken in the order of the roots' paths, and given back in the other, so that
 * the journal that decides for the others (journals.c) is the last to go.
 */

#include "locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "journal.h"
#include "journals.h"
#include "lock.h"
#include "recover.h"

/* What kept a round from being the last: a directory, to free(). */
struct round {
	struct ms_ctx *ctx;
	struct ms_tree *tree;
	char *busy;	   /* somebody else holds it */
	char *interrupted; /* it has a journal of a run that was killed */
};

static bool is_over(const struct round *round)
{
	return round->busy || round->interrupted;
}

void ms_locks_release(struct ms_tree *tree)
{
	for (size_t i = tree->n_roots; i-- > 0;) {
		struct ms_root *root = &tree->roots[i];

		ms_lock_release(root->dir, root->lock, !root->stays);
		root->lock = -1;
	}
	tree->locked = false;
}

static int note(struct round *round, char **field, const char *dir)
{
	*field = strdup(dir);
	return *field ? 0 : ms_fail_nomem(round->ctx);
}

/*
 * Somebody holds @dir. It is this run itself where a mount shows one directory at two
 * places: there is no end to wait for, and no way to write both.
 */
static int note_busy(struct round *round, const char *dir)
{
	_cleanup_fd_ int fd = ms_open_resolved(dir, O_PATH);
	struct stat there, ours;

	if (fd < 0 || fstatat(fd, MS_JOURNAL_NAME, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return note(round, &round->busy, dir);
	for (size_t i = 0; i < round->tree->n_roots; i++) {
		const struct ms_root *root = &round->tree->roots[i];

		if (root->lock >= 0 && fstat(root->lock, &ours) == 0 &&
		    ms_same_inode(&there, &ours))
			return ms_fail(round->ctx, -EINVAL,
				       "'%s' is also at '%s': a mount shows it twice",
				       dir, root->real);
	}
	return note(round, &round->busy, dir);
}

/* Looks at another directory than a root. */
static int look(struct round *round, const char *dir)
{
	enum ms_lock_answer answer;
	int r = ms_lock_look(round->ctx, dir, &answer);

	if (r == 0 && answer == MS_LOCK_BUSY)
		return note_busy(round, dir);
	if (r == 0 && answer == MS_LOCK_TAKEN)
		return note(round, &round->interrupted, dir);
	return r;
}

static int look_above(struct round *round, const char *real)
{
	_cleanup_free_ char *dir = strdup(real);
	int r = 0;

	if (!dir)
		return ms_fail_nomem(round->ctx);
	while (r == 0 && !is_over(round) && strcmp(dir, "/")) {
		char *slash = strrchr(dir, '/');

		slash[slash == dir] = '\0';
		r = look(round, dir);
	}
	return r;
}

static int lock_root(struct round *round, struct ms_root *root)
{
	enum ms_lock_answer answer = MS_LOCK_UNDECIDED;
	struct stat st;
	int r;

	r = ms_lock_take(round->ctx, root->dir, root->real, true, &answer, &root->lock);
	if (r < 0)
		return r;
	if (answer == MS_LOCK_BUSY)
		return note_busy(round, root->real);
	if (answer != MS_LOCK_TAKEN)
		return ms_lock_fail_foreign(round->ctx, root->real);
	/* unless it is seen to be empty, it must not be removed */
	root->stays = fstat(root->lock, &st) < 0 || st.st_size != 0;
	if (root->stays)
		return note(round, &round->interrupted, root->real);
	return root->is_output && round->tree->n_made_paths
		       ? ms_journals_claim(round->ctx, round->tree)
		       : 0;
}

static bool is_locked_kind(const struct ms_tree *tree, const struct ms_root *root)
{
	return root->is_output == (tree->output != NULL);
}

static int lock_roots(struct round *round)
{
	struct ms_tree *tree = round->tree;
	int r = 0;

	for (size_t i = 0; i < tree->n_roots && r == 0 && !is_over(round); i++)
		if (is_locked_kind(tree, &tree->roots[i]))
			r = lock_root(round, &tree->roots[i]);
	for (size_t i = 0; i < tree->n_roots && r == 0 && !is_over(round); i++)
		if (is_locked_kind(tree, &tree->roots[i]) && !tree->options.output_stands_in)
			r = look_above(round, tree->roots[i].real);
	tree->locked = r == 0 && !is_over(round);
	return r;
}

/* Below a root: a journal is waited for where this run writes, else only spoken of. */
static int look_below(struct round *round, const struct ms_foreign *foreign)
{
	bool in_place = round->tree->locked && !round->tree->output;
	int r = 0;

	for (size_t i = 0; i < foreign->n && r == 0 && !is_over(round); i++) {
		if (in_place)
			r = look(round, foreign->dirs[i]);
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
	return r < 0 ? r : look_below(round, &foreign);
}

/* What a round met is waited for or ended, with nothing held. */
static int deal_with(struct ms_ctx *ctx, const struct round *round)
{
	enum ms_lock_answer answer;
	enum ms_recovery how;
	bool no_wait = round->tree->options.no_wait;

	return round->busy ? ms_lock_wait(ctx, round->busy, no_wait)
			   : ms_recover_dir(ctx, round->interrupted, no_wait, &how,
					    &answer);
}

int ms_locks_walk(struct ms_ctx *ctx, struct ms_tree *tree,
		  const struct ms_starts *starts)
{
	bool writes = tree->options.writes && !tree->options.dry_run;
	bool done = false;
	int r = 0;

	while (r == 0 && !done) {
		struct round round = { .ctx = ctx, .tree = tree };

		r = writes ? lock_roots(&round) : 0;
		if (r == 0 && !is_over(&round))
			r = walk_once(&round, starts);
		done = r == 0 && !is_over(&round);
		if (!done)
			ms_locks_release(tree);
		if (r == 0 && !done)
			r = deal_with(ctx, &round);
		free(round.busy);
		free(round.interrupted);
	}
	return r;
}
