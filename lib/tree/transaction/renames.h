/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_RENAMES_H
#define MS_TREE_TRANSACTION_RENAMES_H

/* The last steps of a transaction: is all still as it was read, and the renames. */

#include "../tree.h"

/**
 * Looks whether the roots are still where their paths lead, and every target still what
 * was read. Items that are not fail, and *@ret_good is false. -EBUSY: a root is not.
 */
int ms_renames_check(struct ms_ctx *ctx, struct ms_tree *tree, bool *ret_good);

/**
 * Renames what was staged. The first rename is tried alone: where it fails nothing has
 * happened, *@ret_begun is false, the item failed, and the caller undoes the run.
 *
 * After it there is no way back. Items that cannot be renamed fail; their new files and
 * the journals of their roots stay, but where the run keeps going: an item that has one
 * name is let go there. Returns the error of one of them, with a message that says how far
 * it came.
 */
int ms_renames_run(struct ms_ctx *ctx, struct ms_tree *tree, bool *ret_begun);

#endif
