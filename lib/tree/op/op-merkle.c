/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * merkle root, and merkle prove: a tree is read twice for that, once for all hashes, and
 * once more when each module gets its proof. What is proved then is what was hashed: a
 * module that has changed in between fails.
 */

#include <errno.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "leaves.h"

int ms_tree_merkle_root(struct ms_ctx *ctx, struct ms_tree *tree,
			const struct ms_order *order, struct ms_merkle_root *ret,
			bool *ret_known)
{
	_cleanup_(ms_leaves_done) struct ms_leaves leaves = { .order = order };
	int r = ms_leaves_hash(ctx, tree, &leaves);

	if (r < 0)
		return r;
	*ret_known = leaves.tree != NULL;
	if (leaves.tree)
		*ret = ms_merkle_root_of(leaves.tree);
	return 0;
}

static int prove_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const struct ms_leaves *leaves = userdata;
	size_t index = (size_t)(job->entry - job->tree->entries);
	uint32_t position = leaves->positions[index];
	struct ms_buf *proof = &job->worker->scratch;
	ms_merkle_hash hash;
	int r = ms_module_unproved_len(ctx, &job->module, &job->keep);

	if (r == 0)
		r = ms_merkle_leaf(ctx, position, job->module.data, job->keep, hash);
	if (r < 0)
		return r;
	if (memcmp(hash, ms_merkle_leaf_at(leaves->tree, position), sizeof(hash)) != 0)
		return ms_fail(ctx, -EBUSY, "it changed while the tree was hashed");
	r = ms_merkle_prove(ctx, leaves->tree, position, proof);
	if (r == 0)
		r = ms_module_proof_tail(ctx, proof->data, proof->len,
					 &job->worker->tail);
	if (r < 0)
		return r;
	job->change = true;
	job->entry->item.outcome = MS_OUTCOME_PROVED;
	return 0;
}

/* Sets the outcome of all modules that were hashed. */
static void settle(struct ms_tree *tree, enum ms_outcome outcome)
{
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].item.outcome == MS_OUTCOME_HASHED)
			tree->entries[i].item.outcome = outcome;
}

int ms_tree_merkle_prove(struct ms_ctx *ctx, struct ms_tree *tree,
			 const struct ms_order *order,
			 const struct ms_merkle_root *expected,
			 struct ms_merkle_root *ret, bool *ret_known)
{
	_cleanup_(ms_leaves_done) struct ms_leaves leaves = {
		.order = order,
		.one_name_each = true,
	};
	struct ms_op op = {
		.verb = "prove",
		.fn = prove_one,
		.userdata = &leaves,
		.by_inode = true,
		.writes = true,
	};
	int r = ms_leaves_hash(ctx, tree, &leaves);

	if (r < 0)
		return r;
	*ret_known = leaves.tree != NULL;
	if (!leaves.tree) {
		settle(tree, MS_OUTCOME_ROLLED_BACK);
		return 0;
	}
	*ret = ms_merkle_root_of(leaves.tree);
	if (expected && !ms_merkle_root_same(ret, expected)) {
		settle(tree, MS_OUTCOME_OTHER_ROOT);
		return 0;
	}
	ms_engine_again(tree);
	return ms_engine_run(ctx, tree, &op);
}
