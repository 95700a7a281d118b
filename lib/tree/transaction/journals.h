/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_JOURNALS_H
#define MS_TREE_TRANSACTION_JOURNALS_H

/* What a run writes into the journals of its roots. */

#include "../tree.h"

/**
 * The journal of the output says, before anything else is done, that the run made the
 * directory that it is in. Errors of writing.
 */
int ms_journals_claim(struct ms_ctx *ctx, struct ms_tree *tree);

/**
 * Gives the transaction its number. All journals say which one is at work, which roots it
 * has, and which directories it will make. Errors of writing.
 */
int ms_journals_begin(struct ms_ctx *ctx, struct ms_tree *tree);

/**
 * The journals say, once the directories of the output are made, which those are. Errors
 * of writing.
 */
int ms_journals_note(struct ms_ctx *ctx, const struct ms_tree *tree);

/** All journals get the names of what was staged, and the lead's, at last, the decision. */
int ms_journals_decide(struct ms_ctx *ctx, const struct ms_tree *tree);

/**
 * Takes the decision back, the lead's first. Where that fails nobody knows what is on the
 * disk: the files must stay then, and the journals with them.
 */
int ms_journals_withdraw(struct ms_ctx *ctx, const struct ms_tree *tree);

/**
 * Empties the journals, the lead's last: nothing is left to be recovered. Those of roots
 * that cannot be cleared stay, and the lead's with them.
 */
void ms_journals_clear(struct ms_tree *tree);

/** All journals stay as they are, for a recovery to end what they say. */
void ms_journals_keep(struct ms_tree *tree);

#endif
