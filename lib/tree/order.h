/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_ORDER_H
#define MS_TREE_ORDER_H

/* The order of modules, and the places of a tree's modules in it. */

#include <modseal/tree-hashes.h>

#include "tree.h"

/** A line of modules.order; its name ends in ".ko". */
struct ms_order_line {
	char *name;
	size_t number; /* from 0, which is the position */
};

struct ms_order {
	char *shown;
	struct ms_order_line *lines; /* sorted by name */
	size_t count, capacity;
};

/**
 * The position of every entry of @tree that is a module, from 0 to the number of them,
 * less 1. @ret: an array by entry, to free(). -EBADMSG: tree and order do not agree.
 */
int ms_order_apply(struct ms_ctx *ctx, const struct ms_tree *tree,
		   const struct ms_order *order, uint32_t **ret);

/** The module's path under its PATH without a compression suffix; to free(), or NULL. */
char *ms_order_path(const struct ms_entry *entry);

/** The number of entries that are modules and did not fail already. */
size_t ms_order_modules(const struct ms_tree *tree);

#endif
