/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * attach: each module gets the signature that the bundle has for its bare payload. The
 * digest, or the path, only finds; with a trust set the signature found is verified, and
 * nothing that is not trusted is attached.
 */

#include <errno.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../engine.h"

struct attach {
	const struct ms_bundle *bundle;
	const struct ms_trust *trust; /* or NULL */
};

/* Looks under all names of the inode: they will have the same bytes. */
static int find(struct ms_ctx *ctx, const struct ms_job *job, const struct attach *attach,
		struct ms_payload *payload, struct ms_bytes *ret)
{
	static const uint8_t none[32];
	const struct ms_entry *entries = job->tree->entries;
	const uint8_t *digest = none;
	int r = 0;

	if (!ms_bundle_by_path(attach->bundle))
		r = ms_payload_digest(ctx, payload, MS_HASH_SHA256, &digest);
	if (r < 0)
		return r;
	r = -ENOENT;
	for (size_t i = (size_t)(job->entry - entries); r == -ENOENT && i != SIZE_MAX;
	     i = entries[i].next_name)
		r = ms_bundle_find(attach->bundle, digest, entries[i].item.relpath,
				   &ret->data, &ret->len);
	return r;
}

static int judge(struct ms_ctx *ctx, struct ms_job *job, const struct attach *attach,
		 struct ms_payload *payload, struct ms_bytes der)
{
	struct ms_item *item = &job->entry->item;
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	int r;

	if (!attach->trust) {
		item->outcome = MS_OUTCOME_UNCHECKED;
		return 0;
	}
	r = ms_cms_judge(ctx, ms_trust_keyring(attach->trust),
			 ms_trust_rules(attach->trust), payload, der.data, der.len,
			 &judgement);
	if (r < 0)
		return r;
	item->outcome = MS_OUTCOME_ATTACHED;
	if (!ms_judgement_is_good(&judgement)) {
		item->outcome = MS_OUTCOME_NOT_TRUSTED;
		r = ms_job_say(ctx, job, "the signature for it is not trusted: %s",
			       ms_judgement_why_not(&judgement));
	}
	ms_job_judged(job, &judgement);
	return r;
}

static int attach_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	const struct attach *attach = userdata;
	struct ms_item *item = &job->entry->item;
	struct ms_bytes der = { 0 };
	struct ms_payload *payload;
	int r = ms_module_bare_payload(ctx, &job->module, &payload);

	if (r == 0)
		r = find(ctx, job, attach, payload, &der);
	if (r == -ENOENT) {
		item->outcome = MS_OUTCOME_MISSING;
		return ms_job_say(ctx, job, "no signature for it");
	}
	if (r == 0)
		r = judge(ctx, job, attach, payload, der);
	if (r < 0 || item->outcome == MS_OUTCOME_NOT_TRUSTED)
		return r;
	r = ms_module_tail(ctx, der.data, der.len, &job->worker->tail);
	if (r < 0) {
		item->outcome = MS_OUTCOME_UNDECIDED;
		return r;
	}
	job->keep = payload->len;
	job->change = true;
	return 0;
}

int ms_tree_attach(struct ms_ctx *ctx, struct ms_tree *tree,
		   const struct ms_bundle *bundle, const struct ms_trust *trust)
{
	struct attach attach = { .bundle = bundle, .trust = trust };
	struct ms_op op = {
		.verb = "attach",
		.fn = attach_one,
		.userdata = &attach,
		.by_inode = true,
		.writes = true,
	};
	int r;

	if (!trust && ms_bundle_by_path(bundle)) {
		r = ms_fail(ctx, -EINVAL,
			    "signatures that are found by path need a source "
			    "of trust");
		return ms_hint(ctx, r, "add --trust SRC");
	}
	return ms_engine_run(ctx, tree, &op);
}
