/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * sign: every module gets one signature, made over the module without any trailer, and
 * verified by the kernel's rules before it is taken. Signing and verifying share one
 * digest of the payload: what is verified is what was signed.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "engine.h"

struct sign {
	const struct ms_signer *signer;
	struct ms_trust *trust; /* the signer's certificate and nothing else */
	enum ms_signed is_signed;
	struct ms_bundle *bundle;
	pthread_mutex_t lock; /* of the bundle */
};

MS_DEFINE_CLEANUP(trust_cleanup, struct ms_trust *, ms_trust_free)

/* May it be signed at all? @bare_len: of the module without trailers. */
static int check_content(struct ms_ctx *ctx, const struct ms_job *job, size_t bare_len)
{
	int r;

	if (bare_len == 0)
		return ms_fail(ctx, -ENODATA,
			       "it is empty, and no kernel takes a signature "
			       "of nothing");
	if (job->tree->options.any_file || job->entry->item.elf)
		return 0;
	r = ms_fail(ctx, -ENOEXEC, "it is no ELF module");
	return ms_hint(ctx, r, "--any-file signs it all the same");
}

/* Makes the signature in scratch and asks the kernel's rules about it. */
static int make_signature(struct ms_ctx *ctx, struct ms_job *job, const struct sign *sign,
			  struct ms_payload *payload)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	struct ms_buf *der = &job->worker->scratch;
	int r;

	r = ms_signer_sign_payload(ctx, sign->signer, payload, der);
	if (r == 0)
		r = ms_cms_judge(ctx, ms_trust_keyring(sign->trust),
				 ms_trust_rules(sign->trust), payload, der->data,
				 der->len, &judgement);
	if (r < 0)
		return r;
	if (judgement.verdict != MS_VERDICT_TRUSTED)
		return ms_fail(ctx, -EKEYREJECTED,
			       "the signature just made is not good: %s",
			       judgement.reason ? judgement.reason
						: ms_verdict_name(judgement.verdict));
	ms_job_judged(job, &judgement);
	return 0;
}

static int add_to_bundle(struct ms_ctx *ctx, struct ms_job *job, struct sign *sign,
			 struct ms_payload *payload)
{
	const struct ms_buf *der = &job->worker->scratch;
	const struct ms_entry *entries = job->tree->entries;
	const uint8_t *digest;
	int r = ms_payload_digest(ctx, payload, MS_HASH_SHA256, &digest);

	pthread_mutex_lock(&sign->lock);
	for (size_t i = (size_t)(job->entry - entries); r == 0 && i != SIZE_MAX;
	     i = entries[i].next_name)
		r = ms_bundle_add(ctx, sign->bundle, digest, der->data, der->len,
				  entries[i].item.relpath);
	pthread_mutex_unlock(&sign->lock);
	return r;
}

/* What is to be done with a module that has a signature? True: nothing more. */
static bool leave_signed(struct ms_ctx *ctx, struct ms_job *job, enum ms_signed is_signed,
			 int *ret)
{
	*ret = 0;
	if (is_signed == MS_SIGNED_SKIP) {
		job->entry->item.outcome = MS_OUTCOME_SKIPPED;
		return true;
	}
	if (is_signed == MS_SIGNED_REFUSE) {
		*ret = ms_fail(ctx, -EEXIST, "it is signed already");
		*ret = ms_hint(ctx, *ret,
			       "--signed replace takes the old signature off first");
		return true;
	}
	return false;
}

static int use_signature(struct ms_ctx *ctx, struct ms_job *job, struct sign *sign,
			 struct ms_payload *payload)
{
	const struct ms_buf *der = &job->worker->scratch;
	struct ms_item *item = &job->entry->item;
	int r;

	if (sign->bundle) {
		r = add_to_bundle(ctx, job, sign, payload);
		item->outcome = r == 0 ? MS_OUTCOME_WOULD_SIGN : MS_OUTCOME_UNDECIDED;
		return r;
	}
	r = ms_module_tail(ctx, der->data, der->len, &job->worker->tail);
	if (r < 0)
		return r;
	job->keep = payload->len;
	job->change = true;
	item->outcome = MS_OUTCOME_SIGNED;
	return 0;
}

static int sign_one(struct ms_ctx *ctx, struct ms_job *job, void *userdata)
{
	struct sign *sign = userdata;
	struct ms_payload payload = { .data = job->module.data };
	size_t trailers;
	int r;

	if (job->module.trailer.state != MS_TRAILER_ABSENT &&
	    leave_signed(ctx, job, sign->is_signed, &r))
		return r;
	/* what is left when all trailers are off must not end in a marker again */
	r = ms_module_bare_len(ctx, &job->module, &payload.len, &trailers);
	if (r == 0)
		r = check_content(ctx, job, payload.len);
	if (r < 0)
		return r;
	if (job->tree->options.dry_run) {
		job->change = true;
		job->keep = payload.len;
		job->entry->item.outcome = MS_OUTCOME_WOULD_SIGN;
		return 0;
	}
	r = make_signature(ctx, job, sign, &payload);
	return r < 0 ? r : use_signature(ctx, job, sign, &payload);
}

int ms_tree_sign(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_signer *signer,
		 const struct ms_sign_options *options)
{
	_cleanup_(trust_cleanup) struct ms_trust *trust = NULL;
	struct sign sign = {
		.signer = signer,
		.is_signed = options ? options->is_signed : MS_SIGNED_REPLACE,
		.bundle = options ? options->bundle : NULL,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct ms_op op = {
		.verb = "sign",
		.fn = sign_one,
		.userdata = &sign,
		.by_inode = true,
		.writes = !sign.bundle,
	};
	int r = ms_trust_of_cert(ctx, ms_signer_cert_der(signer), &trust);

	if (r < 0)
		return r;
	sign.trust = trust;
	return ms_engine_run(ctx, tree, &op);
}
