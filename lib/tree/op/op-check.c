/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * merkle verify, and merkle check: would the kernel know these modules?
 *
 * A module with a proof speaks for itself. Those without one, which modules_install has
 * still to give one, are known where all of the tree together has the kernel's root; one
 * that is not cannot be told from the others then, so none of them is. Where the tree has
 * no root at all, since a module in it cannot be hashed or is not in the order, they are
 * no less unknown, and what was found out about the others stands.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../base/text.h"
#include "leaves.h"

/* What looking at one module by itself has shown. */
struct seen {
	bool unproved; /* only the root of all can tell */
	bool elf;
};

struct check {
	const struct ms_kernel_hashes *hashes;
	struct seen *seen; /* by entry, or NULL: no proof is a verdict, too */
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

	if (r == 0)
		r = ms_module_signatures(ctx, &job->module, &item->signatures);
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
	if (check->seen && judgement.verdict != MS_VERDICT_MALFORMED &&
	    job->module.trailer.state != MS_TRAILER_BROKEN &&
	    !ms_module_has_proof(&job->module))
		check->seen[job->entry - job->tree->entries].unproved = true;
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

/* The root of the tree, or why it has none. */
struct finding {
	struct ms_merkle_root root;
	char *no_root; /* NULL: it has one */
};

static void finding_done(struct finding *finding)
{
	free(finding->no_root);
}

static const char *first_failure(const struct ms_tree *tree)
{
	for (size_t i = 0; i < tree->n_entries; i++) {
		const struct ms_item *item = &tree->entries[i].item;

		if (item->outcome != MS_OUTCOME_HASHED && item->message)
			return item->message;
	}
	return "not every module can be hashed";
}

static int find_root(struct ms_ctx *ctx, struct ms_tree *tree,
		     const struct ms_order *order, const struct ms_kernel_hashes *hashes,
		     struct finding *ret)
{
	_cleanup_(ms_leaves_done) struct ms_leaves leaves = {
		.order = order,
		.kernel = hashes,
	};
	int r = ms_leaves_hash(ctx, tree, &leaves);

	if (r < 0 && r != -EBADMSG) /* that is: tree and order do not agree */
		return r;
	if (leaves.tree) {
		ret->root = ms_merkle_root_of(leaves.tree);
		return 0;
	}
	ret->no_root = strdup(r < 0 ? ms_ctx_message(ctx) : first_failure(tree));
	return ret->no_root ? 0 : ms_fail_nomem(ctx);
}

/* Why modules without a proof are unknown, or what vouches for them. */
static char *finding_text(const struct finding *finding, bool same)
{
	char root[MS_MERKLE_ROOT_TEXT];

	if (finding->no_root)
		return ms_format("it has no proof, and the tree no root: %s",
				 finding->no_root);
	ms_merkle_root_text(&finding->root, root);
	return same ? ms_format("Merkle root %s", root)
		    : ms_format("it has no proof, and the tree's root is %s", root);
}

/* The verdict on a module without a proof, from the root of the whole tree. */
static int judge_by_root(struct ms_ctx *ctx, struct ms_item *item,
			 const struct finding *finding,
			 const struct ms_merkle_root *kernel)
{
	bool same = !finding->no_root && ms_merkle_root_same(&finding->root, kernel);
	char *text = finding_text(finding, same);

	if (!text)
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

/*
 * Could a module that was judged not be hashed although its bytes allow it? Then it was
 * not read a second time, or is another by now, and nothing is known about it.
 */
static bool is_lost(const struct ms_item *item, const struct seen *seen)
{
	return seen->unproved && item->outcome == MS_OUTCOME_UNDECIDED && item->error &&
	       item->error != -ENOEXEC;
}

/* The item as it was when it had been looked at by itself. */
static void restore(struct ms_item *item, const struct seen *seen)
{
	free(item->message);
	free(item->hint);
	item->message = NULL;
	item->hint = NULL;
	item->error = 0;
	item->elf = seen->elf;
	item->outcome = MS_OUTCOME_VERIFIED;
}

/* Keeps the verdicts that were given, and gives those that the root is needed for. */
static int check_by_root(struct ms_ctx *ctx, struct ms_tree *tree,
			 const struct ms_order *order, const struct check *check)
{
	_cleanup_(finding_done) struct finding finding = { 0 };
	int r;

	for (size_t i = 0; i < tree->n_entries; i++)
		check->seen[i].elf = tree->entries[i].item.elf;
	ms_engine_again(tree);
	r = find_root(ctx, tree, order, check->hashes, &finding);
	for (size_t i = 0; i < tree->n_entries && r == 0; i++) {
		struct ms_item *item = &tree->entries[i].item;

		if (is_lost(item, &check->seen[i]))
			continue;
		restore(item, &check->seen[i]);
		if (check->seen[i].unproved)
			r = judge_by_root(ctx, item, &finding, &check->hashes->root);
	}
	return r;
}

/* Some modules have no proof, and no module was left without any answer. */
static bool needs_root(const struct ms_tree *tree, const struct seen *seen)
{
	bool needed = false;

	for (size_t i = 0; i < tree->n_entries; i++) {
		if (tree->entries[i].item.outcome != MS_OUTCOME_VERIFIED)
			return false;
		needed = needed || seen[i].unproved;
	}
	return needed;
}

int ms_tree_hashes_check(struct ms_ctx *ctx, struct ms_tree *tree,
			 const struct ms_order *order,
			 const struct ms_kernel_hashes *hashes)
{
	_cleanup_free_ struct seen *seen = calloc(tree->n_entries + 1, sizeof(*seen));
	struct check check = { hashes, seen };
	int r;

	if (!seen)
		return ms_fail_nomem(ctx);
	if (hashes->form == MS_HASHES_LIST)
		return run(ctx, tree, judge_list, &check);
	if (hashes->form != MS_HASHES_ROOT)
		return ms_fail(ctx, -EINVAL, "no hashes to check by");
	r = run(ctx, tree, judge_proof, &check);
	if (r == 0 && needs_root(tree, seen))
		r = check_by_root(ctx, tree, order, &check);
	return r;
}
