/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One module for programs outside: opened from bytes in memory, and asked. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/sized.h"
#include "../elf/elf.h"
#include "module.h"

#define DEFAULT_MAX_SIZE ((uint64_t)1 << 30)

MS_DEFINE_CLEANUP(module_cleanup, struct ms_module *, ms_module_free)

int ms_module_open(struct ms_ctx *ctx, const void *data, size_t len,
		   const struct ms_module_options *caller_options, struct ms_module **ret)
{
	_cleanup_(module_cleanup) struct ms_module *module = calloc(1, sizeof(*module));
	const struct ms_buf file = { .data = (uint8_t *)data, .len = len };
	_cleanup_(ms_buf_done) struct ms_buf unpacked = { 0 };
	struct ms_module_options options;
	int r = ms_sized_in(ctx, &options, sizeof(options), caller_options);

	if (r < 0)
		return r;
	if (!module)
		return ms_fail_nomem(ctx);
	if (!options.max_size)
		options.max_size = DEFAULT_MAX_SIZE;
	if (len > options.max_size)
		return ms_fail(ctx, -EFBIG, "a module of %zu bytes", len);
	r = ms_module_read(ctx, &file, &unpacked, options.max_size, module);
	if (r < 0)
		return r;
	module->memory = unpacked;
	unpacked = (struct ms_buf){ 0 };
	*ret = ms_steal(&module);
	return 0;
}

struct ms_module *ms_module_free(struct ms_module *module)
{
	if (module)
		ms_buf_done(&module->memory);
	free(module);
	return NULL;
}

enum ms_compression ms_module_compression(const struct ms_module *module)
{
	return module->compression;
}

const uint8_t *ms_module_content(const struct ms_module *module, size_t *ret_len)
{
	*ret_len = module->len;
	return module->data;
}

const uint8_t *ms_module_payload(const struct ms_module *module, size_t *ret_len)
{
	*ret_len = module->payload.len;
	return module->payload.data;
}

int ms_module_bare(struct ms_ctx *ctx, const struct ms_module *module,
		   const uint8_t **ret, size_t *ret_len)
{
	int r = ms_module_bare_len(ctx, module, ret_len, NULL);

	if (r == 0)
		*ret = module->data;
	return r;
}

int ms_module_digest(struct ms_ctx *ctx, struct ms_module *module, enum ms_hash hash,
		     uint8_t *ret, size_t size)
{
	size_t digest_size = ms_hash_size(hash);
	struct ms_payload *bare;
	const uint8_t *digest;
	int r;

	if (digest_size == 0)
		return ms_fail(ctx, -EINVAL, "no digest algorithm was named");
	if (size < digest_size)
		return ms_fail(ctx, -ENOBUFS, "a digest of %zu bytes, and room for %zu",
			       digest_size, size);
	r = ms_module_bare_payload(ctx, module, &bare);
	if (r == 0)
		r = ms_payload_digest(ctx, bare, hash, &digest);
	if (r == 0)
		memcpy(ret, digest, digest_size);
	return r;
}

/* The trailer that comes next, looking inwards. */
static int trailer_below(struct ms_ctx *ctx, const struct ms_module *module,
			 const struct ms_trailer_info *caller_outer, struct ms_trailer *ret)
{
	struct ms_trailer_info outer;
	int r;

	if (!caller_outer) {
		*ret = module->trailer;
		return 0;
	}
	r = ms_sized_in(ctx, &outer, sizeof(outer), caller_outer);
	if (r < 0)
		return r;
	if (outer.payload_len >= module->len)
		return ms_fail(ctx, -EBADMSG, "a trailer of another module");
	*ret = ms_trailer_read(module->data, outer.payload_len);
	return 0;
}

int ms_module_trailer(struct ms_ctx *ctx, const struct ms_module *module,
		      const struct ms_trailer_info *outer, struct ms_trailer_info *ret)
{
	struct ms_trailer trailer;
	struct ms_trailer_info info = { 0 };
	int r = trailer_below(ctx, module, outer, &trailer);

	if (r < 0)
		return r;
	if (trailer.state == MS_TRAILER_ABSENT)
		return ms_fail(ctx, -ENOENT, "no trailer");
	if (trailer.state != MS_TRAILER_PRESENT)
		return ms_fail(ctx, -EBADMSG, "%s", ms_trailer_reason(&trailer));
	info.payload_len = trailer.payload_len;
	info.signature = module->data + trailer.sig_off;
	info.signature_len = trailer.sig_len;
	info.algo = trailer.algo;
	info.hash = trailer.hash;
	info.id_type = trailer.id_type;
	info.signer_len = trailer.signer_len;
	info.key_id_len = trailer.key_id_len;
	memcpy(info.pad, trailer.pad, sizeof(info.pad));
	return ms_sized_out(ctx, ret, &info, sizeof(info));
}

struct ms_modinfo *ms_modinfo_free(struct ms_modinfo *modinfo)
{
	if (modinfo)
		ms_modinfo_done(modinfo);
	free(modinfo);
	return NULL;
}

int ms_module_modinfo(struct ms_ctx *ctx, const struct ms_module *module,
		      struct ms_modinfo **ret)
{
	struct ms_modinfo *modinfo = calloc(1, sizeof(*modinfo));
	int r = modinfo ? ms_elf_modinfo(ctx, module->payload.data, module->payload.len,
					 modinfo)
			: ms_fail_nomem(ctx);

	if (r < 0) {
		free(modinfo);
		return r;
	}
	*ret = modinfo;
	return 0;
}
