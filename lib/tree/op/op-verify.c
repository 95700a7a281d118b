/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* verify: the kernel's verdict on every module. */

#include <errno.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../base/sized.h"
#include "../engine.h"

struct verify {
	const struct ms_trust *trust;
	bool want_payload_sha256;
};

static int judge_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const struct verify *verify = userdata;
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	struct ms_item *item = &job->entry->item;
	const uint8_t *digest;
	int r;

	r = ms_module_judge_by(ctx, &job->module, verify->trust, &judgement);
	if (r == 0)
		r = ms_module_signatures(ctx, &job->module, &item->signatures);
	if (r == 0 && verify->want_payload_sha256)
		r = ms_payload_digest(ctx, &job->module.payload, MS_HASH_SHA256, &digest);
	if (r < 0)
		return r;
	item->elf = judgement.elf;
	item->kernel_decompress = judgement.kernel_decompress;
	ms_job_judged(job, &judgement);
	item->outcome = MS_OUTCOME_VERIFIED;
	return 0;
}

int ms_job_doubtful(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	struct ms_item *item = &job->entry->item;

	(void)userdata;
	item->reason = strdup(ms_ctx_message(ctx));
	if (!item->reason)
		return ms_fail_nomem(ctx);
	item->verdict = MS_VERDICT_MALFORMED;
	item->verdict_errno = EBADMSG;
	item->outcome = MS_OUTCOME_VERIFIED;
	return 0;
}

int ms_tree_verify(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_trust *trust,
		   const struct ms_verify_options *caller)
{
	struct verify verify = {.trust = trust};
	struct ms_op op = {
		.verb = "verify",
		.fn = judge_one,
		.doubtful = ms_job_doubtful,
		.userdata = &verify,
	};

	struct ms_verify_options options;
	int r = ms_sized_in(ctx, &options, sizeof(options), caller);

	if (r < 0)
		return r;
	verify.want_payload_sha256 = options.want_payload_sha256;
	return ms_engine_run(ctx, tree, &op);
}
