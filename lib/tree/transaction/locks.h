/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_LOCKS_H
#define MS_TREE_TRANSACTION_LOCKS_H

/* All the locks that a run needs, and the walk that must happen under them. */

#include "../tree.h"
#include "../walk.h"

/**
 * Locks the roots of @tree that will be written (the output's where there is one, else
 * all), ends interrupted transactions in them, above them and below them, and walks.
 * -EWOULDBLOCK (no_wait), -EPERM a journal that is not this user's, errors of the walk.
 */
int ms_locks_walk(struct ms_ctx *ctx, struct ms_tree *tree,
		  const struct ms_starts *starts);

/** Gives all locks back. */
void ms_locks_release(struct ms_tree *tree);

#endif
