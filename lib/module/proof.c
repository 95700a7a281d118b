/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Modules with a Merkle proof for their outermost trailer (lib/merkle says what is in it).
 *
 * What a proof speaks of is all that stands before it, another trailer included: so does
 * the kernel hash it, and a module that was signed first and proved then is another leaf
 * than the same module without its signature.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/context.h"
#include "module.h"

int ms_module_unproved_len(struct ms_ctx *ctx, const struct ms_module *module,
			   size_t *ret_len)
{
	struct ms_trailer trailer = module->trailer;
	size_t len = module->len;

	while (trailer.state == MS_TRAILER_PRESENT &&
	       trailer.id_type == MS_TRAILER_MERKLE) {
		len = trailer.payload_len;
		trailer = ms_trailer_read(module->data, len);
	}
	if (trailer.state == MS_TRAILER_BROKEN)
		return ms_fail(ctx, -EBADMSG, "%s", ms_trailer_reason(&trailer));
	*ret_len = len;
	return 0;
}

int ms_module_proof_tail(struct ms_ctx *ctx, const uint8_t *proof, size_t len,
			 struct ms_buf *tail)
{
	uint8_t end[MS_TRAILER_END_LEN];

	if (len > MS_MERKLE_PROOF_MAX)
		return ms_fail(ctx, -EMSGSIZE, "a proof of %zu bytes", len);
	ms_trailer_write((uint32_t)len, end);
	end[2] = MS_TRAILER_MERKLE;
	if (ms_buf_append(tail, proof, len) < 0 || ms_buf_append(tail, end, sizeof(end)) < 0)
		return ms_fail_nomem(ctx);
	return 0;
}

__attribute__((format(printf, 4, 5))) static int
judge(struct ms_ctx *ctx, int error, struct ms_judgement *ret, const char *format, ...)
{
	va_list args;
	int n;

	*ret = (struct ms_judgement){ 0 };
	va_start(args, format);
	n = vasprintf(error ? &ret->reason : &ret->vouched_by, format, args);
	va_end(args);
	if (n < 0) {
		*ret = (struct ms_judgement){ 0 };
		return ms_fail_nomem(ctx);
	}
	ret->verdict = ms_verdict_of_errno(error);
	ret->error = error;
	return 0;
}

static bool has_reserved(const struct ms_trailer *t)
{
	return t->algo || t->hash || t->signer_len || t->key_id_len || t->pad[0] ||
	       t->pad[1] || t->pad[2];
}

/* The trailer alone, in the order in which it is looked at. 0: it may be a proof. */
static int trailer_errno(const struct ms_trailer *trailer)
{
	if (trailer->state != MS_TRAILER_PRESENT || trailer->id_type == MS_TRAILER_PKCS7) {
		int error = -ms_trailer_errno(trailer);

		return error ? error : ENOPKG;
	}
	if (trailer->id_type != MS_TRAILER_MERKLE)
		return ENOPKG;
	return has_reserved(trailer) ? EBADMSG : 0;
}

static const char *trailer_text(const struct ms_trailer *trailer, int error)
{
	if (error == ENODATA)
		return "no proof";
	if (trailer->state == MS_TRAILER_BROKEN)
		return ms_trailer_reason(trailer);
	return error == ENOPKG ? "the trailer is no proof"
			       : "a field of the trailer that must be zero is not";
}

int ms_module_judge_proof(struct ms_ctx *ctx, const struct ms_module *module,
			  const struct ms_merkle_root *root, struct ms_judgement *ret)
{
	const struct ms_trailer *trailer = &module->trailer;
	struct ms_bytes proof = ms_module_signature(module);
	char text[MS_MERKLE_ROOT_TEXT];
	int error = trailer_errno(trailer);
	int r;

	if (error)
		return judge(ctx, error, ret, "%s", trailer_text(trailer, error));
	r = ms_merkle_check(ctx, root, proof.data, proof.len, module->data,
			    trailer->payload_len, &error);
	if (r < 0)
		return r;
	if (error == ENOPKG)
		return judge(ctx, error, ret,
			     "a proof of %zu bytes: this root's have %u and 32 for each of "
			     "%u levels",
			     proof.len, 4u, root->levels);
	if (error)
		return judge(ctx, error, ret, "the proof leads to another root");
	ms_merkle_root_text(root, text);
	return judge(ctx, 0, ret, "Merkle root %s", text);
}
