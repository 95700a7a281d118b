/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "codec.h"

#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "codec-impl.h"

static const struct ms_codec *const codecs[] = {
	&ms_codec_gzip,
	&ms_codec_xz,
	&ms_codec_zstd,
};

const char *ms_compression_name(enum ms_compression compression)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(codecs); i++)
		if (codecs[i]->compression == compression)
			return codecs[i]->name;
	return "none";
}

enum ms_compression ms_codec_detect(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(codecs); i++)
		if (len >= codecs[i]->magic_len &&
		    !memcmp(data, codecs[i]->magic, codecs[i]->magic_len))
			return codecs[i]->compression;
	return MS_COMPRESSION_NONE;
}

static const struct ms_codec *find(enum ms_compression compression)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(codecs); i++)
		if (codecs[i]->compression == compression)
			return codecs[i];
	return NULL;
}

int ms_codec_unpack(struct ms_ctx *ctx, enum ms_compression compression,
		    const uint8_t *data, size_t len, uint64_t max_size,
		    struct ms_buf *ret, struct ms_codec_info *ret_info)
{
	const struct ms_codec *codec = find(compression);
	struct ms_codec_info info = { .kernel = MS_KERNEL_DECOMPRESS_OK };
	int r;

	if (!codec)
		return ms_fail(ctx, -EINVAL, "no compression to undo");
	ms_buf_clear(ret);
	r = codec->unpack(ctx, data, len, max_size, ret, &info);
	if (r < 0)
		return r;
	*ret_info = info;
	return 0;
}

int ms_codec_pack(struct ms_ctx *ctx, enum ms_compression compression,
		  enum ms_codec_form form, int level, const struct iovec *iov, int n,
		  struct ms_buf *ret)
{
	const struct ms_codec *codec = find(compression);

	if (!codec)
		return ms_fail(ctx, -EINVAL, "no compression to apply");
	ms_buf_clear(ret);
	return codec->pack(ctx, form, level, iov, n, ret);
}

int ms_codec_room(struct ms_ctx *ctx, struct ms_buf *out, uint64_t max_size)
{
	uint64_t left;
	int r = ms_check_cancelled(ctx);

	if (r < 0)
		return r;
	if (out->len > max_size)
		return ms_fail(ctx, -EFBIG, "unpacks to more than %llu bytes",
			       (unsigned long long)max_size);
	left = max_size - out->len;
	if (out->capacity > out->len)
		return 0;
	if (ms_buf_reserve(out, left < 65535 ? (size_t)left + 1 : 65536) < 0)
		return ms_fail_nomem(ctx);
	return 0;
}

int ms_codec_corrupt(struct ms_ctx *ctx, const char *name)
{
	return ms_fail(ctx, -EBADMSG, "corrupt %s data", name);
}

int ms_codec_truncated(struct ms_ctx *ctx, const char *name)
{
	return ms_fail(ctx, -EBADMSG, "truncated %s data", name);
}

int ms_codec_more_behind(struct ms_ctx *ctx, const char *name, size_t offset)
{
	return ms_fail(ctx, -ENOTUNIQ,
		       "more bytes behind the %s stream, at offset %zu: the kernel would stop "
		       "there, other readers would go on",
		       name, offset);
}
