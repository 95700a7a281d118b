/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * gzip (RFC 1952) by zlib. Written as `gzip -n` writes it: no name, no time. The bytes
 * are zlib's, which are not GNU gzip's: the same content, another encoding of it.
 *
 * The kernel's reader (kernel/module/decompress.c:module_gzip_header_len) skips ten
 * bytes and a file name, and knows of no other optional field.
 */

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "codec-impl.h"

static const uint8_t magic[] = { 0x1f, 0x8b };

enum {
	HEADER_LEN = 10,
	FLAGS_OFFSET = 3,
	FLAG_HCRC = 0x02,
	FLAG_EXTRA = 0x04,
	FLAG_COMMENT = 0x10,
	WINDOW_GZIP = 15 + 16, /* zlib: the largest window, in a gzip wrapping */
	MEM_LEVEL = 8,
	OS_UNIX = 3,
};

static unsigned piece(size_t len)
{
	return len > UINT_MAX ? UINT_MAX : (unsigned)len;
}

static int inflate_all(struct ms_ctx *ctx, z_stream *z, const uint8_t *data, size_t len,
		       uint64_t max_size, struct ms_buf *ret)
{
	size_t fed = 0;
	int status;

	do {
		unsigned in = (unsigned)ms_codec_input(len - fed), out;
		int r = ms_codec_room(ctx, ret, max_size);

		if (r < 0)
			return r;
		out = (unsigned)ms_codec_output(ret);
		z->next_in = (Bytef *)(uintptr_t)(data + fed);
		z->avail_in = in;
		z->next_out = ret->data + ret->len;
		z->avail_out = out;
		status = inflate(z, Z_NO_FLUSH);
		fed += in - z->avail_in;
		ret->len += out - z->avail_out;
		if (status == Z_BUF_ERROR || (status == Z_OK && fed == len && z->avail_out))
			return ms_codec_truncated(ctx, "gzip");
	} while (status == Z_OK);
	if (status == Z_MEM_ERROR)
		return ms_fail_nomem(ctx);
	if (status != Z_STREAM_END)
		return ms_codec_corrupt(ctx, "gzip");
	if (ret->len > max_size)
		return ms_codec_room(ctx, ret, max_size);
	return fed == len ? 0 : ms_codec_more_behind(ctx, "gzip", fed);
}

static void inflate_done(z_stream *z)
{
	inflateEnd(z);
}

static int unpack(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		  struct ms_buf *ret, struct ms_codec_info *ret_info)
{
	_cleanup_(inflate_done) z_stream z = { 0 };

	if (len < HEADER_LEN)
		return ms_codec_truncated(ctx, "gzip");
	if (data[FLAGS_OFFSET] & (FLAG_HCRC | FLAG_EXTRA | FLAG_COMMENT)) {
		ret_info->kernel = MS_KERNEL_DECOMPRESS_REFUSED;
		ret_info->kernel_reason = "the kernel cannot skip this gzip header";
	}
	if (inflateInit2(&z, WINDOW_GZIP) != Z_OK)
		return ms_fail_nomem(ctx);
	return inflate_all(ctx, &z, data, len, max_size, ret);
}

static void deflate_done(z_stream *z)
{
	deflateEnd(z);
}

static int deflate_piece(struct ms_ctx *ctx, z_stream *z, const struct iovec *piece_of,
			 int flush, struct ms_buf *ret)
{
	const uint8_t *data = piece_of->iov_base;
	size_t fed = 0;
	int status;

	do {
		unsigned in = piece(piece_of->iov_len - fed), out;

		if (ms_check_cancelled(ctx) < 0)
			return -ECANCELED;
		if (ms_buf_reserve(ret, 65536) < 0)
			return -ENOMEM;
		out = piece(ret->capacity - ret->len);
		/* nothing may be at NULL, to which nothing can be added */
		z->next_in = in ? (Bytef *)(uintptr_t)(data + fed) : NULL;
		z->avail_in = in;
		z->next_out = ret->data + ret->len;
		z->avail_out = out;
		status = deflate(z, flush);
		if (status == Z_STREAM_ERROR)
			return -EIO;
		fed += in - z->avail_in;
		ret->len += out - z->avail_out;
	} while (fed < piece_of->iov_len || (flush == Z_FINISH && status != Z_STREAM_END));
	return 0;
}

static int pack(struct ms_ctx *ctx, enum ms_codec_form form, int level,
		const struct iovec *iov, int n, struct ms_buf *ret)
{
	_cleanup_(deflate_done) z_stream z = { 0 };
	gz_header header = { .os = OS_UNIX };
	static const struct iovec nothing;

	(void)form;
	if (level < 0 || level > 9)
		return ms_fail(ctx, -EINVAL, "gzip has levels 1 to 9, not %d", level);
	if (deflateInit2(&z, level ? level : Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_GZIP,
			 MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflateSetHeader(&z, &header) != Z_OK)
		return ms_fail_nomem(ctx);
	for (int i = 0; i <= n; i++) {
		int r = deflate_piece(ctx, &z, i < n ? &iov[i] : &nothing,
				      i < n ? Z_NO_FLUSH : Z_FINISH, ret);

		if (r < 0)
			return ms_fail_errno(ctx, r, "cannot compress by gzip");
	}
	return 0;
}

const struct ms_codec ms_codec_gzip = {
	.compression = MS_COMPRESSION_GZIP,
	.name = "gzip",
	.magic = magic,
	.magic_len = sizeof(magic),
	.unpack = unpack,
	.pack = pack,
};
