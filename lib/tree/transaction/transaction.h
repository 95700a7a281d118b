/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_H
#define MS_TREE_TRANSACTION_H

/*
 * All new files of a run, renamed together or not at all. Of one tree, in this order:
 * begin, stage (from any thread), then commit or abort.
 */

#include "../tree.h"

/** Writes the transaction's number to the journals. Nothing is staged before. */
int ms_transaction_begin(struct ms_ctx *ctx, struct ms_tree *tree);

/** -EMLINK where the inode has names that are not in the tree, and must keep them. */
int ms_transaction_check_links(struct ms_ctx *ctx, const struct ms_tree *tree,
			       const struct ms_entry *entry, const struct stat *st);

/**
 * Makes the new file of @entry, a leader, and links it under all the inode's names that
 * are in the tree, each beside its target. @st: of the file when it was read.
 *
 * Errors: -EMLINK it has names elsewhere; -EBUSY it changed; -EPERM it cannot be
 * replaced; those of writing. Nothing is left of the new file then.
 */
int ms_transaction_stage(struct ms_ctx *ctx, struct ms_tree *tree,
			 struct ms_entry *entry, const struct stat *st,
			 const struct iovec *iov, int n_iov);

/**
 * Renames all that was staged. Items whose file changed meanwhile fail; if there are any
 * and the run is not to keep going, nothing is renamed, all is cleared up, and
 * *@ret_committed is false.
 *
 * Errors: as long as nothing was renamed, all was cleared up; after that the message says
 * how far it came, and the journal stays where a recovery has to finish it.
 */
int ms_transaction_commit(struct ms_ctx *ctx, struct ms_tree *tree, bool *ret_committed);

/** Removes what was staged of @leader and the other names of its inode. */
void ms_stage_remove(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_entry *leader);

/** Removes all that was staged. */
void ms_transaction_abort(struct ms_ctx *ctx, struct ms_tree *tree);

/** Marks the item as failed with the message in @ctx. */
void ms_entry_fail(struct ms_ctx *ctx, struct ms_entry *entry, int error);

/**
 * For tests: called at each step with its name, and may end the process there. NULL in
 * every other program.
 */
extern void (*ms_transaction_hook)(const char *step);

/** Calls the hook. */
void ms_transaction_step(const char *step);

#endif
