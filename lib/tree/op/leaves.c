/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The leaves of a tree of modules: each is hashed where it lies, at its position. The
 * threads write to different leaves of one array, so they need no lock.
 */

#include "leaves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/context.h"
#include "../elf-kind.h"

static int leaf_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	struct ms_leaves *leaves = userdata;
	const struct ms_entry *entries = job->tree->entries;
	size_t index = (size_t)(job->entry - entries), len;
	uint32_t position = leaves->positions[index];
	int r;

	if (leaves->one_name_each && job->entry->leader != index)
		return ms_fail(ctx, -EMLINK,
			       "it is the same file as '%s', and each needs a proof of its "
			       "own",
			       entries[job->entry->leader].path);
	r = ms_module_unproved_len(ctx, &job->module, &len);
	if (r == 0)
		r = ms_elf_kind_fits(ctx, leaves->kernel, job->module.data, len);
	if (r == 0)
		r = ms_merkle_leaf(ctx, position, job->module.data, len,
				   leaves->hashes[position]);
	if (r == 0)
		job->entry->item.outcome = MS_OUTCOME_HASHED;
	return r;
}

static bool all_hashed(const struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_entries; i++)
		if (tree->entries[i].item.outcome != MS_OUTCOME_HASHED)
			return false;
	return true;
}

int ms_leaves_hash(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_leaves *leaves)
{
	struct ms_op op = { .verb = "hash", .fn = leaf_one, .userdata = leaves };
	int r = ms_order_apply(ctx, tree, leaves->order, &leaves->positions);

	if (r < 0)
		return r;
	leaves->hashes = calloc(tree->n_entries + 1, sizeof(*leaves->hashes));
	if (!leaves->hashes)
		return ms_fail_nomem(ctx);
	r = ms_engine_run(ctx, tree, &op);
	if (r < 0 || !all_hashed(tree))
		return r;
	return ms_merkle_build(ctx, (const ms_merkle_hash *)leaves->hashes,
			       ms_order_modules(tree), &leaves->tree);
}

void ms_leaves_done(struct ms_leaves *leaves)
{
	free(leaves->positions);
	free(leaves->hashes);
	ms_merkle_free(leaves->tree);
	leaves->positions = NULL;
	leaves->hashes = NULL;
	leaves->tree = NULL;
}
