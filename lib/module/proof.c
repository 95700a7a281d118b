/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Modules with a Merkle proof for their outermost trailer (lib/merkle says what is in it).
 *
 * What a proof speaks of is all that stands before it, another trailer included: so does
 * the kernel hash it, and a module that was signed first and proved then is another leaf
 * than the same module without its signature.
 */

#include <errno.h>

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
