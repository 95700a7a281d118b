/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * merkle verify, and merkle check: would the kernel know these modules?
 *
 * A module with a proof speaks for itself. Those without one, which modules_install has
 * still to give one, are known where all of the tree together has the kernel's root; one
 * that is not cannot be told from the others then, so none of them is.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../elf/elf.h"
#include "leaves.h"

struct check {
	const struct ms_kernel_hashes *hashes;
	const struct ms_merkle_root *root;
	bool *unproved; /* by entry, or NULL: that is a verdict, too */
};

/* What the kernel would load is what stands before the proof. */
static int judged(struct ms_ctx *ctx, struct ms_job *job, struct ms_judgement *judgement,
		  size_t loaded_len)
{
	struct ms_item *item = &job->entry->item;
	int r = ms_module_fields(ctx, &job->module, &item->signatures,
				 &item->n_signatures);

	if (r < 0) {
		ms_judgement_done(judgement);
		return r;
	}
	item->elf = ms_elf_is_module(job->module.data, loaded_len);
	ms_job_judged(job, judgement);
	item->outcome = MS_OUTCOME_VERIFIED;
	return 0;
}

static int judge_proof(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const struct check *check = userdata;
	const struct ms_trailer *trailer = &job->module.trailer;
	struct ms_judgement judgement = { 0 };
	size_t len = ms_module_loadable(&job->module).len;
	int r = ms_module_judge_proof(ctx, &job->module, check->root, &judgement);

	if (r < 0)
		return r;
	if (trailer->state == MS_TRAILER_PRESENT &&
	    trailer->id_type == MS_TRAILER_MERKLE)
		len = trailer->payload_len;
	else if (check->unproved && trailer->state != MS_TRAILER_BROKEN)
		check->unproved[job->entry - job->tree->entries] = true;
	return judged(ctx, job, &judgement, len);
}

static int judge_list(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const struct check *check = userdata;
	struct ms_payload bare = { .data = job->module.data };
	struct ms_judgement judgement = { 0 };
	const uint8_t *digest;
	bool known;
	int r = ms_module_bare_len(ctx, &job->module, &bare.len, NULL);

	r = r < 0 ? r : ms_payload_digest(ctx, &bare, MS_HASH_SHA256, &digest);
	if (r < 0)
		return r;
	known = ms_kernel_hashes_has(check->hashes, digest);
	judgement.error = known ? 0 : ENOKEY;
	judgement.verdict = ms_verdict_of_errno(judgement.error);
	if (known)
		judgement.vouched_by = strdup("list of module hashes");
	else
		judgement.reason = strdup("its hash is not in the kernel's list");
	if (!judgement.vouched_by && !judgement.reason)
		return ms_fail_nomem(ctx);
	return judged(ctx, job, &judgement, bare.len);
}

static int run(struct ms_ctx *ctx, struct ms_tree *tree, ms_op_fn fn, struct check *check)
{
	struct ms_op op = {
		.verb = "verify",
		.fn = fn,
		.doubtful = ms_job_doubtful,
		.userdata = check,
	};

	return ms_engine_run(ctx, tree, &op);
}

int ms_tree_merkle_verify(struct ms_ctx *ctx, struct ms_tree *tree,
			  const struct ms_merkle_root *root)
{
	struct check check = { .root = root };

	return run(ctx, tree, judge_proof, &check);
}

/* The verdict on a module without a proof, from the root of the whole tree. */
static int judge_by_root(struct ms_ctx *ctx, struct ms_item *item,
			 const struct ms_merkle_root *mine,
			 const struct ms_merkle_root *kernel)
{
	char mine_text[MS_MERKLE_ROOT_TEXT], kernel_text[MS_MERKLE_ROOT_TEXT];
	bool same = ms_merkle_root_same(mine, kernel);
	char *text;
	int n;

	ms_merkle_root_text(mine, mine_text);
	ms_merkle_root_text(kernel, kernel_text);
	n = same ? asprintf(&text, "Merkle root %s", kernel_text)
		 : asprintf(&text, "it has no proof, and the tree's root is %s", mine_text);
	if (n < 0)
		return ms_fail_nomem(ctx);
	free(item->vouched_by);
	free(item->reason);
	item->vouched_by = same ? text : NULL;
	item->reason = same ? NULL : text;
	item->verdict = same ? MS_VERDICT_TRUSTED : MS_VERDICT_UNKNOWN_KEY;
	item->verdict_errno = same ? 0 : ENOKEY;
	return 0;
}

/* Keeps the verdicts that were given, and gives those that the root is needed for. */
static int check_by_root(struct ms_ctx *ctx, struct ms_tree *tree,
			 const struct ms_order *order, const struct check *check)
{
	_cleanup_(ms_leaves_done) struct ms_leaves leaves = {
		.order = order,
		.kernel = check->hashes,
	};
	struct ms_merkle_root root;
	int r;

	ms_engine_again(tree);
	r = ms_leaves_hash(ctx, tree, &leaves);
	if (r < 0 || !leaves.tree)
		return r;
	root = ms_merkle_root_of(leaves.tree);
	for (size_t i = 0; i < tree->n_entries && r == 0; i++) {
		struct ms_item *item = &tree->entries[i].item;

		item->outcome = MS_OUTCOME_VERIFIED;
		if (check->unproved[i])
			r = judge_by_root(ctx, item, &root, &check->hashes->root);
	}
	return r;
}

/* Some modules have no proof, and no module was left without any answer. */
static bool needs_root(const struct ms_tree *tree, const bool *unproved)
{
	bool needed = false;

	for (size_t i = 0; i < tree->n_entries; i++) {
		if (tree->entries[i].item.outcome != MS_OUTCOME_VERIFIED)
			return false;
		needed = needed || unproved[i];
	}
	return needed;
}

int ms_tree_hashes_check(struct ms_ctx *ctx, struct ms_tree *tree,
			 const struct ms_order *order,
			 const struct ms_kernel_hashes *hashes)
{
	_cleanup_free_ bool *unproved = calloc(tree->n_entries + 1, sizeof(*unproved));
	struct check check = { hashes, &hashes->root, unproved };
	int r;

	if (!unproved)
		return ms_fail_nomem(ctx);
	if (hashes->form == MS_HASHES_LIST)
		return run(ctx, tree, judge_list, &check);
	if (hashes->form != MS_HASHES_ROOT)
		return ms_fail(ctx, -EINVAL, "no hashes to check by");
	r = run(ctx, tree, judge_proof, &check);
	if (r == 0 && needs_root(tree, unproved))
		r = check_by_root(ctx, tree, order, &check);
	return r;
}
