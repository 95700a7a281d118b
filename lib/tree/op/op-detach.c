/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * detach: the signatures into a bundle, found by the digest of the bare payload. A
 * trailer that attaching could not make again, byte for byte, is refused.
 */

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "../../base/context.h"
#include "../engine.h"

struct detach {
	struct ms_bundle *bundle;
	pthread_mutex_t lock; /* of the bundle */
};

static int check_restorable(struct ms_ctx *ctx, struct ms_job *job)
{
	const struct ms_module *module = &job->module;
	const struct ms_bytes der = ms_module_signature(module);
	struct ms_buf *tail = &job->worker->tail;
	size_t payload_len = module->trailer.payload_len;
	int r;

	if (module->trailer.id_type != MS_TRAILER_PKCS7)
		return ms_fail(ctx, -EOPNOTSUPP, "its signature is no PKCS#7 message");
	r = ms_module_tail(ctx, der.data, der.len, tail);
	if (r < 0)
		return r;
	if (tail->len != module->len - payload_len ||
	    memcmp(tail->data, module->data + payload_len, tail->len))
		return ms_fail(ctx, -EBADMSG, "%s",
			       "its trailer has fields that a bundle "
			       "cannot hold");
	return 0;
}

static int detach_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	struct detach *detach = userdata;
	struct ms_module *module = &job->module;
	struct ms_item *item = &job->entry->item;
	const struct ms_bytes der = ms_module_signature(module);
	const uint8_t *digest;
	size_t bare_len, trailers;
	int r = ms_module_bare_len(ctx, module, &bare_len, &trailers);

	if (r < 0)
		return r;
	if (trailers != 1) {
		item->outcome = trailers ? MS_OUTCOME_SEVERAL : MS_OUTCOME_UNSIGNED;
		return 0;
	}
	r = check_restorable(ctx, job);
	if (r == 0)
		r = ms_payload_digest(ctx, &module->payload, MS_HASH_SHA256, &digest);
	if (r < 0)
		return r;
	pthread_mutex_lock(&detach->lock);
	r = ms_bundle_add(ctx, detach->bundle, digest, der.data, der.len, item->relpath);
	pthread_mutex_unlock(&detach->lock);
	if (r == 0)
		item->outcome = MS_OUTCOME_DETACHED;
	return r;
}

int ms_tree_detach(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_bundle *bundle)
{
	struct detach detach = { .bundle = bundle, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct ms_op op = { .verb = "detach", .fn = detach_one, .userdata = &detach };

	return ms_engine_run(ctx, tree, &op);
}
