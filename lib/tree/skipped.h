/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_SKIPPED_H
#define MS_TREE_SKIPPED_H

/* What the walk leaves out, and depmod may not. */

#include "tree.h"

/** May the entry of a directory, of type @type (DT_*), be one of those? */
bool ms_skipped_matters(unsigned char type, const char *name);

/**
 * Looks where the entry @name of directory @fd, shown as @shown, leads, and notes in @tree
 * what was left out there. -ENOMEM, -ECANCELED.
 */
int ms_skipped_note(struct ms_ctx *ctx, struct ms_tree *tree, int fd, const char *shown,
		    const char *name);

/** Ends the list: sorted by path, each once. */
void ms_skipped_sort(struct ms_tree *tree);

/** Warns of what was left out, where depmod or a person would take it for a module. */
void ms_skipped_warn(struct ms_ctx *ctx, const struct ms_tree *tree);

/** Forgets all of it. */
void ms_skipped_forget(struct ms_tree *tree);

#endif
