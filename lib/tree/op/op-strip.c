/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* strip: takes off the outermost trailer, or all of them, and nothing else. */

#include "../engine.h"

static int strip_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const bool *all = userdata;
	struct ms_item *item = &job->entry->item;
	int r;

	if (job->module.trailer.state == MS_TRAILER_ABSENT) {
		item->outcome = MS_OUTCOME_UNSIGNED;
		return 0;
	}
	r = ms_module_stripped_len(ctx, &job->module, *all, &job->keep);
	if (r < 0)
		return r;
	job->change = true;
	item->outcome = MS_OUTCOME_STRIPPED;
	return 0;
}

int ms_tree_strip(struct ms_ctx *ctx, struct ms_tree *tree, bool all)
{
	struct ms_op op = {
		.verb = "strip",
		.fn = strip_one,
		.userdata = &all,
		.by_inode = true,
		.writes = true,
	};

	return ms_engine_run(ctx, tree, &op);
}
