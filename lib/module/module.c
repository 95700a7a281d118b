/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A module file, opened: told how it is packed, unpacked, its outermost trailer
 * delimited; and judged as kernel/module/signing.c:module_sig_check() does. Kernels that
 * know modules by their hashes, too, are stacked.c's.
 */

#include "module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../elf/elf.h"
#include "../judge/ber.h"

int ms_module_read(struct ms_ctx *ctx, const struct ms_buf *file, struct ms_buf *unpacked,
		   uint64_t max_size, struct ms_module *ret)
{
	struct ms_module module = {
		.compression = ms_codec_detect(file->data, file->len),
		.data = file->data,
		.len = file->len,
	};

	if (module.compression != MS_COMPRESSION_NONE) {
		struct ms_codec_info info;
		int r = ms_codec_unpack(ctx, module.compression, file->data, file->len,
					max_size, unpacked, &info);

		if (r < 0)
			return r;
		module.form = info.form;
		module.kernel_decompress = info.kernel;
		module.kernel_decompress_reason = info.kernel_reason;
		module.data = unpacked->data;
		module.len = unpacked->len;
	}
	module.trailer = ms_trailer_read(module.data, module.len);
	module.payload.data = module.data;
	module.payload.len = module.trailer.payload_len;
	*ret = module;
	return 0;
}

bool ms_module_is_elf(struct ms_module *module, size_t len)
{
	if (!module->asked_elf || module->elf_len != len) {
		module->elf = ms_elf_is_module(module->data, len);
		module->elf_len = len;
		module->asked_elf = true;
	}
	return module->elf;
}

int ms_module_bare_len(struct ms_ctx *ctx, const struct ms_module *module,
		       size_t *ret_len, size_t *ret_count)
{
	struct ms_trailer trailer = module->trailer;
	size_t count = 0;

	while (trailer.state == MS_TRAILER_PRESENT) {
		count++;
		trailer = ms_trailer_read(module->data, trailer.payload_len);
	}
	if (trailer.state != MS_TRAILER_ABSENT)
		return ms_fail(ctx, -EBADMSG, "%s", ms_trailer_reason(&trailer));
	*ret_len = trailer.payload_len;
	if (ret_count)
		*ret_count = count;
	return 0;
}

int ms_module_bare_payload(struct ms_ctx *ctx, struct ms_module *module,
			   struct ms_payload **ret)
{
	struct ms_payload *bare = &module->bare;
	size_t len;
	int r = ms_module_bare_len(ctx, module, &len, NULL);

	if (r < 0)
		return r;
	if (len == module->payload.len)
		bare = &module->payload; /* whose digest may be known */
	bare->data = module->data;
	bare->len = len;
	*ret = bare;
	return 0;
}

struct ms_bytes ms_module_loadable(const struct ms_module *module)
{
	size_t len = module->payload.len;

	if (ms_trailer_errno(&module->trailer) == -ENOPKG ||
	    module->trailer.state == MS_TRAILER_BROKEN)
		len = module->len - MS_MARKER_LEN;
	return (struct ms_bytes){ module->data, len };
}

struct ms_bytes ms_module_signature(const struct ms_module *module)
{
	if (module->trailer.state != MS_TRAILER_PRESENT)
		return (struct ms_bytes){ 0 };
	return (struct ms_bytes){ module->data + module->trailer.sig_off,
				  module->trailer.sig_len };
}

/* Puts the revoked signers of all trailers in the place of those of one message. */
static int add_warnings(struct ms_ctx *ctx, const struct ms_module *module,
			const struct ms_trust *trust, struct ms_judgement *judgement)
{
	int r;

	ms_texts_done(&judgement->warnings);
	r = ms_module_find_revoked(ctx, module, trust, &judgement->warnings);
	if (r < 0)
		ms_judgement_done(judgement);
	return r;
}

static int judge_outermost(struct ms_ctx *ctx, struct ms_module *module,
			   const struct ms_trust *trust, struct ms_judgement *ret)
{
	int error = ms_trailer_errno(&module->trailer);
	struct ms_bytes signature = ms_module_signature(module);

	if (error == 0)
		return ms_cms_judge(ctx, ms_trust_keyring(trust), ms_trust_rules(trust),
				    &module->payload, signature.data, signature.len, ret);
	/* the trailer alone decides: no PKCS#7 is looked at */
	*ret = (struct ms_judgement){
		.verdict = ms_verdict_of_errno(-error),
		.error = -error,
		.reason = strdup(ms_trailer_reason(&module->trailer)),
	};
	return ret->reason ? 0 : ms_fail_nomem(ctx);
}

int ms_module_judge_signature(struct ms_ctx *ctx, struct ms_module *module,
			      const struct ms_trust *trust, struct ms_judgement *ret)
{
	int r = judge_outermost(ctx, module, trust, ret);

	return r < 0 ? r : add_warnings(ctx, module, trust, ret);
}

/*
 * Would the kernel unpack the file itself? One format at most, and of that not everything.
 * Where the verdict needs no reason, this is told.
 */
static int judge_packing(struct ms_ctx *ctx, const struct ms_module *module,
			 const struct ms_rules *rules, struct ms_judgement *judgement)
{
	const char *reason = module->kernel_decompress_reason;

	judgement->kernel_decompress = module->kernel_decompress;
	if (module->compression != MS_COMPRESSION_NONE && rules->knows_decoder &&
	    rules->decoder != module->compression) {
		judgement->kernel_decompress = MS_KERNEL_DECOMPRESS_REFUSED;
		reason = "the kernel unpacks no such files itself";
	}
	if (!reason || judgement->reason)
		return 0;
	judgement->reason = strdup(reason);
	return judgement->reason ? 0 : ms_fail_nomem(ctx);
}

static int judge_vouchers(struct ms_ctx *ctx, struct ms_module *module,
			  const struct ms_trust *trust, struct ms_judgement *ret,
			  size_t *ret_loaded)
{
	const struct ms_rules *rules = ms_trust_rules(trust);
	struct ms_vouchers by = {
		.keyring = rules->module_sig ? ms_trust_keyring(trust) : NULL,
		.rules = rules,
		.hashes = ms_trust_hashes(trust),
	};

	if (by.hashes)
		return ms_module_judge_stacked(ctx, module, &by, ret, ret_loaded);
	*ret_loaded = ms_module_loadable(module).len;
	return judge_outermost(ctx, module, trust, ret);
}

int ms_module_judge_by(struct ms_ctx *ctx, struct ms_module *module,
		       const struct ms_trust *trust, struct ms_judgement *ret)
{
	_cleanup_(ms_judgement_done) struct ms_judgement judgement = { 0 };
	size_t loaded;
	int r = judge_vouchers(ctx, module, trust, &judgement, &loaded);

	if (r == 0)
		r = add_warnings(ctx, module, trust, &judgement);
	if (r == 0)
		r = judge_packing(ctx, module, ms_trust_rules(trust), &judgement);
	if (r < 0)
		return r;
	judgement.of_module = true;
	judgement.elf = ms_module_is_elf(module, loaded);
	*ret = judgement;
	judgement = (struct ms_judgement){ 0 };
	return 0;
}

int ms_module_tail(struct ms_ctx *ctx, const uint8_t *sig, size_t sig_len,
		   struct ms_buf *tail)
{
	uint8_t end[MS_TRAILER_END_LEN];

	if (sig_len > MS_BER_MAX)
		return ms_fail(ctx, -EMSGSIZE,
			       "a signature of %zu bytes: the kernel reads no more than %d",
			       sig_len, MS_BER_MAX);
	ms_trailer_write((uint32_t)sig_len, end);
	if (ms_buf_append(tail, sig, sig_len) < 0 || ms_buf_append(tail, end, sizeof(end)) < 0)
		return ms_fail_nomem(ctx);
	return 0;
}
