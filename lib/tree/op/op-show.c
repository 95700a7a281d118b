/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* show: what signatures and modinfo say, without judging it. */

#include "../engine.h"

static int show_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const struct ms_module *module = &job->module;
	struct ms_item *item = &job->entry->item;
	int r;

	(void)userdata;
	r = ms_module_signatures(ctx, module, &item->signatures);
	if (r == 0)
		r = ms_module_modinfo(ctx, module, &item->modinfo);
	if (r < 0)
		return r;
	item->outcome = MS_OUTCOME_SHOWN;
	return 0;
}

int ms_tree_show(struct ms_ctx *ctx, struct ms_tree *tree)
{
	struct ms_op op = { .verb = "show", .fn = show_one };

	return ms_engine_run(ctx, tree, &op);
}
