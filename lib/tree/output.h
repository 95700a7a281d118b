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

/**
 * Finds out which directories have to be made for the copies, so that the journal can say
 * so before they are there. -ENOTDIR: a link or a file stands where one belongs;
 * below the directory of -o no link is followed.
 */
int ms_output_plan_dirs(struct ms_ctx *ctx, struct ms_tree *tree);

/** Makes those directories, and assigns all to the entries. */
int ms_output_prepare(struct ms_ctx *ctx, struct ms_tree *tree);

/**
 * Removes the directories that were made and nothing was put into. The journal stays where
 * one below the root could not be removed.
 */
void ms_output_tidy(struct ms_tree *tree);

/** Frees the lists of directories that were made. */
void ms_output_forget(struct ms_tree *tree);

#endif
