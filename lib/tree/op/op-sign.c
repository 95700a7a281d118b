/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * sign: every module gets one signature, made over the module without any trailer, and
 * verified by the kernel's rules before it is taken. Signing and verifying share one
 * digest of the payload: what is verified is what was signed.
 *
 * resign is the same with another view of signatures that are there: it tells whose they
 * were, and leaves those that need no new one. Only a signature that was verified is
 * left; what its names say decides nothing.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../base/sized.h"
#include "../../judge/revoked.h"
#include "../engine.h"

struct sign {
	const struct ms_signer *signer;
	struct ms_trust *trust; /* the signer's certificate and nothing else */
	const struct ms_sign_options *options;
	const char *hash;       /* the signer's digest algorithm */
	pthread_mutex_t lock;   /* of the bundle */
};

MS_DEFINE_CLEANUP(trust_cleanup, struct ms_trust *, ms_trust_free)

static int check_content(struct ms_ctx *ctx, struct ms_job *job, size_t bare_len)
{
	int r = ms_module_check_signable(ctx, &job->module, bare_len,
					 job->tree->options.any_file);

	return r == -ENOEXEC ? ms_hint(ctx, r, "--any-file signs it all the same") : r;
}

/* Makes the signature in scratch. */
static int make_signature(struct ms_ctx *ctx, struct ms_job *job, const struct sign *sign,
			  struct ms_payload *payload)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	int r = ms_module_make_signature(ctx, sign->signer, sign->trust, payload,
					 &job->worker->scratch, &judgement);

	if (r == 0)
		ms_job_judged(job, &judgement);
	return r;
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
		r = ms_bundle_add(ctx, sign->options->bundle, digest, der->data,
				  der->len, entries[i].item.relpath);
	pthread_mutex_unlock(&sign->lock);
	return r;
}

/* Leaves the module as it is where its signature is good by @trust; a hash is none. */
static int leave_trusted(struct ms_ctx *ctx, struct ms_job *job,
			 const struct ms_trust *trust, enum ms_outcome outcome)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	int r = ms_module_judge_signature(ctx, &job->module, trust, &judgement);

	if (r == 0 && ms_judgement_is_good(&judgement))
		job->entry->item.outcome = outcome;
	return r;
}

/*
 * Is the outermost signature the only one, with one signer and no others beside it, and
 * made with this signer's digest?
 */
static int is_as_wanted(struct ms_ctx *ctx, const struct ms_job *job,
			const struct sign *sign, bool *ret)
{
	const struct ms_signature_list *list = job->entry->item.signatures;
	const struct ms_signature_fields *first = ms_signature_list_at(list, 0);
	struct ms_bytes signature = ms_module_signature(&job->module);
	size_t signers;
	int r = ms_cms_count_signers(ctx, ms_trust_rules(sign->trust), signature.data,
				     signature.len, &signers);

	*ret = r == 0 && signers == 1 && ms_signature_list_count(list) == 1 &&
	       first->sig_hashalgo && strcmp(first->sig_hashalgo, sign->hash) == 0;
	return r;
}

/*
 * resign: this signer's own signature stays, and one that is to be kept. Of another key's
 * signature the first question costs no hashing: the key is looked for before.
 */
static int leave_good(struct ms_ctx *ctx, struct ms_job *job, const struct sign *sign)
{
	struct ms_item *item = &job->entry->item;
	bool as_wanted;
	int r = is_as_wanted(ctx, job, sign, &as_wanted);

	if (r == 0 && as_wanted)
		r = leave_trusted(ctx, job, sign->trust, MS_OUTCOME_UNCHANGED);
	if (r == 0 && item->outcome == MS_OUTCOME_UNDECIDED && sign->options->keep)
		r = leave_trusted(ctx, job, sign->options->keep, MS_OUTCOME_KEPT);
	return r;
}

/* Decides about a module with a signature; it is left where its outcome is set then. */
static int look_at_signed(struct ms_ctx *ctx, struct ms_job *job, const struct sign *sign)
{
	int r;

	switch (sign->options->is_signed) {
	case MS_SIGNED_SKIP:
		job->entry->item.outcome = MS_OUTCOME_SKIPPED;
		return 0;
	case MS_SIGNED_REFUSE:
		r = ms_fail(ctx, -EEXIST, "it is signed already");
		return ms_hint(ctx, r,
			       "--signed replace takes the old signature off first");
	case MS_SIGNED_RESIGN:
		return leave_good(ctx, job, sign);
	case MS_SIGNED_REPLACE:
		break;
	}
	return 0;
}

/* Sets the outcome of a module that is left as it is. */
static int look(struct ms_ctx *ctx, struct ms_job *job, const struct sign *sign)
{
	struct ms_item *item = &job->entry->item;
	int r = 0;

	if (sign->options->is_signed == MS_SIGNED_RESIGN)
		r = ms_module_signatures(ctx, &job->module, &item->signatures);
	if (r < 0)
		return r;
	if (job->module.trailer.state != MS_TRAILER_ABSENT)
		return look_at_signed(ctx, job, sign);
	if (sign->options->is_unsigned == MS_UNSIGNED_REPORT)
		item->outcome = MS_OUTCOME_UNSIGNED;
	return 0;
}

static int use_signature(struct ms_ctx *ctx, struct ms_job *job, struct sign *sign,
			 struct ms_payload *payload)
{
	const struct ms_buf *der = &job->worker->scratch;
	struct ms_item *item = &job->entry->item;
	int r;

	if (sign->options->bundle) {
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
	struct ms_payload *payload;
	int r = look(ctx, job, sign);

	if (r < 0 || job->entry->item.outcome != MS_OUTCOME_UNDECIDED)
		return r;
	/* what is left when all trailers are off must not end in a marker again */
	r = ms_module_bare_payload(ctx, &job->module, &payload);
	if (r == 0)
		r = check_content(ctx, job, payload->len);
	if (r < 0)
		return r;
	if (job->tree->options.dry_run) {
		job->change = true;
		job->keep = payload->len;
		job->entry->item.outcome = MS_OUTCOME_WOULD_SIGN;
		return 0;
	}
	r = make_signature(ctx, job, sign, payload);
	return r < 0 ? r : use_signature(ctx, job, sign, payload);
}

int ms_tree_sign(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_signer *signer,
		 const struct ms_sign_options *caller)
{
	struct ms_sign_options options;
	_cleanup_(trust_cleanup) struct ms_trust *trust = NULL;
	struct sign sign = {
		.signer = signer,
		.options = &options,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct ms_op op = {
		.verb = "sign",
		.fn = sign_one,
		.userdata = &sign,
		.by_inode = true,
	};
	int r = ms_sized_in(ctx, &options, sizeof(options), caller);

	if (r == 0)
		r = ms_trust_of_cert(ctx, ms_signer_cert_der(signer), &trust);
	if (r < 0)
		return r;
	op.writes = !options.bundle;
	sign.hash = ms_hash_name(ms_signer_hash(signer));
	sign.trust = trust;
	return ms_engine_run(ctx, tree, &op);
}
