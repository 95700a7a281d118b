/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* strip: takes off the outermost trailer, or all of them, and nothing else. */

#include <errno.h>

#include "../../base/context.h"
#include "../engine.h"

static int strip_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const bool *all = userdata;
	const struct ms_module *module = &job->module;
	struct ms_item *item = &job->entry->item;
	size_t bare_len, trailers;
	int r;

	if (module->trailer.state == MS_TRAILER_ABSENT) {
		item->outcome = MS_OUTCOME_UNSIGNED;
		return 0;
	}
	if (module->trailer.state != MS_TRAILER_PRESENT)
		return ms_fail(ctx, -EBADMSG, "%s", ms_trailer_reason(&module->trailer));
	job->keep = module->trailer.payload_len;
	if (*all) {
		r = ms_module_bare_len(ctx, module, &bare_len, &trailers);
		if (r < 0)
			return r;
		job->keep = bare_len;
	}
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
