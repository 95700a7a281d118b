/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * recover TREE: ends every interrupted transaction that a module of TREE may be part of:
 * those whose journal is in TREE itself, in a directory above it, or in one below it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "recover.h"
#include "../tree.h"
#include "../walk.h"

struct search {
	struct ms_ctx *ctx;
	bool no_wait;
	enum ms_recovery how;
};

MS_DEFINE_CLEANUP(tree_cleanup, struct ms_tree *, ms_tree_free)

/* Ends what is in @dir, waiting for whoever is at work there. */
static int recover_one(struct search *search, const char *dir, enum ms_lock_answer *ret)
{
	enum ms_recovery how;
	int r = ms_recover_dir(search->ctx, dir, search->no_wait, &how, ret);

	/* of several the one that changed modules is told */
	if (r == 0 && how > search->how)
		search->how = how;
	return r;
}

/* Directories above are looked at first: there may be such as this user cannot read. */
static int recover_if_any(struct search *search, const char *dir)
{
	enum ms_lock_answer answer;
	int r = ms_lock_look(search->ctx, dir, &answer);

	if (r == 0 && (answer == MS_LOCK_TAKEN || answer == MS_LOCK_BUSY))
		r = recover_one(search, dir, &answer);
	return r;
}

static int recover_above(struct search *search, const char *real)
{
	_cleanup_free_ char *dir = strdup(real);
	int r = 0;

	if (!dir)
		return ms_fail_nomem(search->ctx);
	while (r == 0 && strcmp(dir, "/")) {
		char *slash = strrchr(dir, '/');

		slash[slash == dir] = '\0';
		r = recover_if_any(search, dir);
	}
	return r;
}

static int recover_below(struct search *search, struct ms_starts *starts)
{
	_cleanup_(tree_cleanup) struct ms_tree *tree = calloc(1, sizeof(*tree));
	_cleanup_(ms_foreign_done) struct ms_foreign foreign = { 0 };
	enum ms_lock_answer answer;
	int r;

	if (!tree)
		return ms_fail_nomem(search->ctx);
	tree->only_journals = true;
	r = ms_roots_make(search->ctx, tree, starts);
	if (r == 0)
		r = ms_walk(search->ctx, tree, starts, &foreign);
	if (r == -ENODATA) /* modules are not what is looked for */
		r = 0;
	for (size_t i = 0; i < foreign.n && r == 0; i++)
		if (strcmp(foreign.dirs[i], starts->list[0].real) != 0)
			r = recover_one(search, foreign.dirs[i], &answer);
	return r;
}

int ms_tree_recover(struct ms_ctx *ctx, struct ms_starts *starts, bool no_wait,
		    enum ms_recovery *ret)
{
	struct search search = { .ctx = ctx,
				 .no_wait = no_wait,
				 .how = MS_RECOVERY_NOTHING };
	const char *real = starts->list[0].real;
	enum ms_lock_answer answer;
	int r = recover_above(&search, real);

	if (r == 0 && !starts->list[0].is_file)
		r = recover_below(&search, starts);
	/* at last, since the directory itself may go with what the run made */
	if (r == 0)
		r = recover_one(&search, real, &answer);
	if (r == 0 && answer == MS_LOCK_FOREIGN)
		r = ms_lock_fail_foreign(ctx, real);
	if (r < 0)
		return r;
	*ret = search.how;
	return 0;
}
