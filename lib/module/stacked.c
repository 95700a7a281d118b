/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A module as a kernel with hash-based module integrity judges it: its hash or a signature
 * suffices, and trailers may be stacked. Each of them covers all bytes before it:
 *
 *	payload ‖ proof ‖ struct, marker ‖ PKCS#7 ‖ struct, marker
 *	\_ covered by the proof _/
 *	\____ covered by the signature ___________/
 *
 * The kernel walks inwards from the outermost trailer. The first that vouches ends the
 * walk: what lies before it is loaded, and nothing in it is looked at. One whose error is
 * tolerable (ENOPKG, ENOKEY) is taken off; any other error is the answer, even where
 * something further in would vouch. Where the hashes are a list, the module without any
 * trailer is looked up in it at the end. If nobody vouches, the outermost trailer's error
 * stands, or ENODATA where there is none. This is the rule of kernel/patches.
 *
 * Where a trailer ends and the next one begins is the kernel's view, too: the names that
 * types 0 and 1 once had are to it nothing but bytes before the signature.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "module.h"

struct walk {
	struct ms_ctx *ctx;
	struct ms_module *module;
	const struct ms_vouchers *by;
	size_t len;                /* what is left of the module */
	struct ms_trailer trailer; /* at the end of that */
	struct ms_payload inner;   /* what lies before an inner trailer */
};

__attribute__((format(printf, 4, 5))) static int
judged(struct ms_ctx *ctx, int error, struct ms_judgement *ret, const char *format, ...)
{
	struct ms_judgement judgement = { ms_verdict_of_errno(error), error };
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(error ? &judgement.reason : &judgement.vouched_by, format, args);
	va_end(args);
	if (n < 0)
		return ms_fail_nomem(ctx);
	*ret = judgement;
	return 0;
}

static bool has_proofs(const struct ms_vouchers *by)
{
	return by->hashes->form == MS_HASHES_ROOT;
}

/* Of a module without any trailer. */
static const char *absent_text(const struct ms_vouchers *by)
{
	if (!has_proofs(by))
		return "no signature";
	return by->keyring ? "no signature and no proof" : "no proof";
}

/* Of a trailer that this kernel does not look into. */
static const char *unsupported_text(const struct ms_vouchers *by)
{
	if (by->keyring)
		return has_proofs(by) ? "the trailer is neither of type PKCS#7 nor a proof"
				      : "the trailer is not of type PKCS#7";
	return has_proofs(by) ? "the trailer is no proof"
			      : "this kernel looks into no trailers";
}

static bool has_reserved(const struct ms_trailer *t)
{
	return t->algo || t->hash || t->signer_len || t->key_id_len || t->pad[0] ||
	       t->pad[1] || t->pad[2];
}

size_t ms_trailer_front(const struct ms_trailer *t)
{
	if (t->state == MS_TRAILER_PRESENT)
		return t->sig_off;
	if (t->state == MS_TRAILER_BROKEN && t->fault == MS_TRAILER_FAULT_NAMES)
		return t->info_off - t->claimed_len;
	return 0;
}

/* The first @len bytes; those whose digests others ask for, too, where it is those. */
static struct ms_payload *payload_of(struct walk *w, size_t len)
{
	if (len == w->module->payload.len)
		return &w->module->payload;
	if (len != w->inner.len)
		w->inner = (struct ms_payload){ .data = w->module->data, .len = len };
	return &w->inner;
}

static int judge_proof(struct walk *w, struct ms_judgement *ret)
{
	const struct ms_merkle_root *root = &w->by->hashes->root;
	const struct ms_trailer *t = &w->trailer;
	char text[MS_MERKLE_ROOT_TEXT];
	int error = EINVAL, r;

	r = ms_merkle_check(w->ctx, root, w->module->data + t->sig_off, t->sig_len,
			    w->module->data, t->sig_off, &error);
	if (r < 0)
		return r;
	if (error == ENOPKG)
		return judged(w->ctx, error, ret,
			      "a proof of %zu bytes: this root's have %u and 32 for each "
			      "of %u levels",
			      t->sig_len, 4u, root->levels);
	if (error)
		return judged(w->ctx, error, ret, "the proof leads to another root");
	ms_merkle_root_text(root, text);
	r = judged(w->ctx, 0, ret, "Merkle root %s", text);
	if (r == 0)
		ret->vouched = MS_VOUCHER_MERKLE_ROOT;
	return r;
}

static int judge_trailer(struct walk *w, size_t front, struct ms_judgement *ret)
{
	const struct ms_trailer *t = &w->trailer;
	bool signature = w->by->keyring && t->id_type == MS_TRAILER_PKCS7;
	bool proof = has_proofs(w->by) && t->id_type == MS_TRAILER_MERKLE;

	if (!front)
		return judged(w->ctx, EBADMSG, ret, "%s", ms_trailer_reason(t));
	if (!signature && !proof)
		return judged(w->ctx, ENOPKG, ret, "%s", unsupported_text(w->by));
	if (has_reserved(t))
		return judged(w->ctx, EBADMSG, ret,
			      "a field of the trailer that must be zero is not");
	if (proof)
		return judge_proof(w, ret);
	return ms_cms_judge(w->ctx, w->by->keyring, w->by->rules, payload_of(w, front),
			    w->module->data + t->sig_off, t->sig_len, ret);
}

static bool is_tolerable(int error)
{
	return error == ENODATA || error == ENOPKG || error == ENOKEY;
}

/* Walks until somebody vouches or an error ends it. @ret: then that; else what stands. */
static int walk(struct walk *w, struct ms_judgement *ret)
{
	for (unsigned n = 0; w->trailer.state != MS_TRAILER_ABSENT; n++) {
		_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
		size_t front = ms_trailer_front(&w->trailer);
		int r;

		if (n == MODULE_TRAILERS_MAX)
			r = judged(w->ctx, EBADMSG, &judgement,
				   "more than %d trailers", MODULE_TRAILERS_MAX);
		else
			r = judge_trailer(w, front, &judgement);
		if (r < 0)
			return r;
		if (n == 0 || !is_tolerable(judgement.error)) {
			ms_judgement_done(ret);
			*ret = judgement;
			judgement = (struct ms_judgement){ 0 };
		}
		if (n < MODULE_TRAILERS_MAX && front)
			w->len = front;
		if (!is_tolerable(ret->error))
			return 0;
		w->trailer = ms_trailer_read(w->module->data, w->len);
	}
	if (ret->verdict == MS_VERDICT_UNDECIDED)
		return judged(w->ctx, ENODATA, ret, "%s", absent_text(w->by));
	return 0;
}

/* Nobody vouched: the list's turn. */
static int look_up(struct walk *w, struct ms_judgement *ret)
{
	const uint8_t *digest;
	char *reason;
	int r = ms_payload_digest(w->ctx, payload_of(w, w->len), MS_HASH_SHA256, &digest);

	if (r < 0)
		return r;
	if (ms_kernel_hashes_has(w->by->hashes, digest)) {
		ms_judgement_done(ret);
		r = judged(w->ctx, 0, ret, "hash list");
		if (r == 0)
			ret->vouched = MS_VOUCHER_HASH_LIST;
		return r;
	}
	if (asprintf(&reason, "%s, and its hash is not in the kernel's list",
		     ret->reason ? ret->reason : "nobody vouches for it") < 0)
		return ms_fail_nomem(w->ctx);
	free(ret->reason);
	ret->reason = reason;
	return 0;
}

int ms_module_judge_stacked(struct ms_ctx *ctx, struct ms_module *module,
			    const struct ms_vouchers *by, struct ms_judgement *ret,
			    size_t *ret_loaded)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	struct walk w = {
		.ctx = ctx,
		.module = module,
		.by = by,
		.len = module->len,
		.trailer = module->trailer,
	};
	int r = walk(&w, &judgement);

	if (r == 0 && by->hashes->form == MS_HASHES_LIST && is_tolerable(judgement.error))
		r = look_up(&w, &judgement);
	if (r < 0)
		return r;
	*ret = judgement;
	*ret_loaded = w.len;
	judgement = (struct ms_judgement){ 0 };
	return 0;
}

bool ms_module_has_proof(const struct ms_module *module)
{
	struct ms_trailer trailer = module->trailer;

	for (unsigned n = 0; n < MODULE_TRAILERS_MAX; n++) {
		size_t front = ms_trailer_front(&trailer);

		if (!front)
			return false;
		if (trailer.id_type == MS_TRAILER_MERKLE)
			return true;
		trailer = ms_trailer_read(module->data, front);
	}
	return false;
}
