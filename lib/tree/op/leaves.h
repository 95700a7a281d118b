/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_OP_LEAVES_H
#define MS_TREE_OP_LEAVES_H

/* Hashing a tree of modules into its Merkle tree. */

#include "../../merkle/merkle.h"
#include "../engine.h"
#include "../order.h"

/** What is hashed, and what comes of it. Set the first three, the rest zero. */
struct ms_leaves {
	const struct ms_order *order;          /* or NULL */
	const struct ms_kernel_hashes *kernel; /* modules must be for its machine; or NULL */
	bool one_name_each;                    /* two names of one inode: -EMLINK */
	uint32_t *positions;                   /* by entry */
	struct ms_merkle *tree;                /* NULL where a module failed */
	ms_merkle_hash *hashes;                /* the leaves, by position */
};

/**
 * Hashes every module, items MS_OUTCOME_HASHED, and makes the tree where none failed.
 * Free with ms_leaves_done() in either case.
 */
int ms_leaves_hash(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_leaves *leaves);
void ms_leaves_done(struct ms_leaves *leaves);

#endif
