/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judgements for programs outside: made, and read by functions alone. */

#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "module.h"

MS_DEFINE_CLEANUP(judgement_cleanup, struct ms_judgement *, ms_judgement_free)

int ms_module_judge(struct ms_ctx *ctx, struct ms_module *module,
		    const struct ms_trust *trust, struct ms_judgement **ret)
{
	_cleanup_(judgement_cleanup) struct ms_judgement *judgement =
		calloc(1, sizeof(*judgement));
	int r = judgement ? ms_module_judge_by(ctx, module, trust, judgement)
			  : ms_fail_nomem(ctx);

	if (r == 0)
		*ret = ms_steal(&judgement);
	return r;
}

struct ms_judgement *ms_judgement_free(struct ms_judgement *judgement)
{
	if (judgement)
		ms_judgement_done(judgement);
	free(judgement);
	return NULL;
}

enum ms_verdict ms_judgement_verdict(const struct ms_judgement *judgement)
{
	return judgement ? judgement->verdict : MS_VERDICT_UNDECIDED;
}

int ms_judgement_errno(const struct ms_judgement *judgement)
{
	return judgement->error;
}

enum ms_voucher ms_judgement_voucher(const struct ms_judgement *judgement)
{
	return judgement->vouched;
}

const char *ms_judgement_vouched_by(const struct ms_judgement *judgement)
{
	return judgement->vouched_by;
}

const char *ms_judgement_reason(const struct ms_judgement *judgement)
{
	return judgement->reason;
}

const char *ms_judgement_warning(const struct ms_judgement *judgement, size_t i)
{
	return i < judgement->warnings.n ? judgement->warnings.texts[i] : NULL;
}

enum ms_load ms_judgement_load(const struct ms_judgement *judgement, enum ms_mode mode)
{
	if (!judgement || !judgement->of_module)
		return MS_LOAD_UNDECIDED;
	return ms_verdict_load(judgement->verdict, judgement->elf, mode);
}

enum ms_kernel_decompress
ms_judgement_kernel_decompress(const struct ms_judgement *judgement)
{
	return judgement->kernel_decompress;
}

const char *ms_judgement_why_not(const struct ms_judgement *judgement)
{
	if (judgement->verdict == MS_VERDICT_TRUSTED && judgement->warnings.n)
		return judgement->warnings.texts[0];
	return judgement->reason ? judgement->reason
				 : ms_verdict_name(judgement->verdict);
}
