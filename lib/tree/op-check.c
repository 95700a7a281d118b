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
#include "leaves.h"

struct check {
	const struct ms_kernel_hashes *hashes;
	bool *unproved; /* by entry, or NULL: that is a verdict, too */
};

/*
 * The judgement is that of a kernel which has these hashes and looks at no signature: to
 * it, those are trailers like any others that are of no use.
 */
static int judge(struct ms_ctx *ctx, struct ms_job *job, const struct check *check,
		 struct ms_judgement *ret)
{
	const struct ms_vouchers by = { .hashes = check->hashes };
	struct ms_item *item = &job->entry->item;
	size_t loaded = 0;
	int r = ms_module_judge_stacked(ctx, &job->module, &by, ret, &loaded);

	r = r < 0 ? r
		  : ms_module_fields(ctx, &job->module, &item->signatures,
				     &item->n_signatures);
	if (r < 0)
		return r;
	ms_job_loads(job, loaded);
	item->outcome = MS_OUTCOME_VERIFIED;
	return 0;
}

static int judge_proof(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	const struct check *check = userdata;
	int r = judge(ctx, job, check, &judgement);

	if (r < 0)
		return r;
	if (check->unproved && judgement.verdict != MS_VERDICT_MALFORMED &&
	    job->module.trailer.state != MS_TRAILER_BROKEN &&
	    !ms_module_has_proof(&job->module))
		check->unproved[job->entry - job->tree->entries] = true;
	ms_job_judged(job, &judgement);
	return 0;
}

/* What is asked is whether the list has it: that it is not signed is no answer. */
static int judge_list(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	const struct check *check = userdata;
	int r = judge(ctx, job, check, &judgement);

	if (r < 0)
		return r;
	if (judgement.verdict == MS_VERDICT_UNSIGNED ||
	    judgement.verdict == MS_VERDICT_UNSUPPORTED) {
		ms_judgement_done(&judgement);
		judgement.verdict = MS_VERDICT_UNKNOWN_KEY;
		judgement.error = ENOKEY;
		judgement.reason = strdup("its hash is not in the kernel's list");
		if (!judgement.reason)
			return ms_fail_nomem(ctx);
	}
	ms_job_judged(job, &judgement);
	return 0;
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
	const struct ms_kernel_hashes hashes = { .form = MS_HASHES_ROOT, .root = *root };
	struct check check = { .hashes = &hashes };

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
	item->vouched = same ? MS_VOUCHER_MERKLE_ROOT : MS_VOUCHER_NONE;
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
	struct check check = { hashes, unproved };
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
