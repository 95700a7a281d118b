/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_OUTPUT_H
#define MS_TREE_OUTPUT_H

/* -o DIR: copies go there, under their relative paths. */

#include "tree.h"
#include "walk.h"

/**
 * Makes the directory of -o where it is not there and adds it to the roots, of which it
 * is the last. -EINVAL: it is one of the PATHs themselves.
 */
int ms_output_open(struct ms_ctx *ctx, struct ms_tree *tree,
		   const struct ms_starts *starts);

/** -EEXIST where two modules would become one copy. */
int ms_output_plan(struct ms_ctx *ctx, struct ms_tree *tree);

/** Makes the directories of all copies and assigns them to the entries. */
int ms_output_prepare(struct ms_ctx *ctx, struct ms_tree *tree);

/** Removes what ms_output_prepare() made and nothing was put into. */
void ms_output_tidy(struct ms_tree *tree);

/** Frees the list of directories that were made. */
void ms_output_forget(struct ms_tree *tree);

#endif
