/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * zstd by libzstd. Written as the zstd program of the kernel's build writes: with a
 * checksum, the content's size, and by one worker thread, whose output is the same as
 * that of many but not that of none.
 *
 * A frame that states its size is unpacked in one go into a buffer of that size, after
 * the bound was checked; one that does not, or is very large, piece by piece.
 */

#include <errno.h>
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_d_stableOutBuffer, which is but a number */
#include <zstd.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "codec-impl.h"

static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

/* More than any module has, in bytes, and decoded in hundredths of a second. */
enum { AT_ONCE = 32 << 20, LONG_INPUT = 256 << 10 };

static int decode_failed(struct ms_ctx *ctx, size_t status)
{
	return ms_fail(ctx, -EBADMSG, "corrupt zstd data: %s", ZSTD_getErrorName(status));
}

static void decoder_done(ZSTD_DCtx **z)
{
	ZSTD_freeDCtx(*z);
}

static int decode_pieces(struct ms_ctx *ctx, ZSTD_DCtx *z, const uint8_t *data, size_t len,
			 uint64_t max_size, struct ms_buf *ret)
{
	ZSTD_inBuffer in = {.src = data};
	size_t status;

	do {
		ZSTD_outBuffer out;
		int r = ms_codec_room(ctx, ret, max_size);

		if (r < 0)
			return r;
		in.size = in.pos + ms_codec_input(len - in.pos);
		out = (ZSTD_outBuffer){.dst = ret->data + ret->len,
				       .size = ms_codec_output(ret)};
		status = ZSTD_decompressStream(z, &out, &in);
		ret->len += out.pos;
		if (ZSTD_isError(status))
			return decode_failed(ctx, status);
		if (status != 0 && in.pos == len && out.pos < out.size)
			return ms_codec_truncated(ctx, "zstd");
	} while (status != 0);
	return ret->len > max_size ? ms_codec_room(ctx, ret, max_size) : 0;
}

/*
 * What takes long is given to the decoder piece by piece, so that it can be cancelled.
 * The content's size is known and within bounds, so it serves as the window, however large
 * a window the frame asks for, as it does where all is decoded at once. A library without
 * these parameters uses a window of its own, and refuses one of more than 128 MiB.
 */
static int decode_long(struct ms_ctx *ctx, ZSTD_DCtx *z, const uint8_t *data, size_t len,
		       size_t size, struct ms_buf *ret)
{
	ZSTD_bounds window = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
	ZSTD_inBuffer in = {.src = data};
	ZSTD_outBuffer out = {.size = size};
	size_t status;

	if (ms_buf_reserve(ret, size) < 0)
		return ms_fail_nomem(ctx);
	out.dst = ret->data;
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, window.upperBound);
	ZSTD_DCtx_setParameter(z, ZSTD_d_stableOutBuffer, 1);
	do {
		size_t left = len - in.pos;
		int r = ms_check_cancelled(ctx);

		if (r < 0)
			return r;
		in.size = in.pos + (left < LONG_INPUT ? left : LONG_INPUT);
		status = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(status))
			return decode_failed(ctx, status);
		if (status != 0 && in.pos == len)
			return ms_codec_truncated(ctx, "zstd");
	} while (status != 0);
	ret->len = out.pos;
	return out.pos == size ? 0 : ms_codec_corrupt(ctx, "zstd");
}

static int decode_at_once(struct ms_ctx *ctx, ZSTD_DCtx *z, const uint8_t *data, size_t len,
			  size_t size, struct ms_buf *ret)
{
	size_t status;

	if (ms_buf_reserve(ret, size) < 0)
		return ms_fail_nomem(ctx);
	status = ZSTD_decompressDCtx(z, ret->data, size, data, len);
	if (ZSTD_isError(status))
		return decode_failed(ctx, status);
	ret->len = status;
	return 0;
}

static int unpack(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		  struct ms_buf *ret, struct ms_codec_info *ret_info)
{
	_cleanup_(decoder_done) ZSTD_DCtx *z = NULL;
	size_t frame = ZSTD_findFrameCompressedSize(data, len);
	unsigned long long size = ZSTD_getFrameContentSize(data, len);

	(void)ret_info; /* what this decodes the kernel's copy of the same code decodes */
	if (ZSTD_isError(frame) || size == ZSTD_CONTENTSIZE_ERROR)
		return ms_fail(ctx, -EBADMSG, "corrupt or truncated zstd data");
	if (frame != len)
		return ms_codec_more_behind(ctx, "zstd", frame);
	if (size != ZSTD_CONTENTSIZE_UNKNOWN && size > max_size)
		return ms_fail(ctx, -EFBIG, "unpacks to more than %llu bytes",
			       (unsigned long long)max_size);
	z = ZSTD_createDCtx();
	if (!z)
		return ms_fail_nomem(ctx);
	if (size == ZSTD_CONTENTSIZE_UNKNOWN)
		return decode_pieces(ctx, z, data, len, max_size, ret);
	if (size > AT_ONCE || len > AT_ONCE)
		return decode_long(ctx, z, data, len, (size_t)size, ret);
	return decode_at_once(ctx, z, data, len, (size_t)size, ret);
}

static void encoder_done(ZSTD_CCtx **z)
{
	ZSTD_freeCCtx(*z);
}

static int encode_failed(struct ms_ctx *ctx, size_t status)
{
	return ms_fail(ctx, -EIO, "cannot compress by zstd: %s", ZSTD_getErrorName(status));
}

static int encode_piece(struct ms_ctx *ctx, ZSTD_CCtx *z, const struct iovec *piece,
			ZSTD_EndDirective end, struct ms_buf *ret)
{
	ZSTD_inBuffer in = { .src = piece->iov_base, .size = piece->iov_len };
	size_t status;

	do {
		ZSTD_outBuffer out;
		int r = ms_check_cancelled(ctx);

		if (r < 0)
			return r;
		if (ms_buf_reserve(ret, ZSTD_CStreamOutSize()) < 0)
			return ms_fail_nomem(ctx);
		out = (ZSTD_outBuffer){ .dst = ret->data + ret->len,
					.size = ret->capacity - ret->len };
		status = ZSTD_compressStream2(z, &out, &in, end);
		ret->len += out.pos;
		if (ZSTD_isError(status))
			return encode_failed(ctx, status);
	} while (in.pos < in.size || (end == ZSTD_e_end && status != 0));
	return 0;
}

static int encoder_open(struct ms_ctx *ctx, int level, size_t size, ZSTD_CCtx **ret)
{
	_cleanup_(encoder_done) ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t status;

	if (!z)
		return ms_fail_nomem(ctx);
	status = ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel,
					level ? level : ZSTD_CLEVEL_DEFAULT);
	if (!ZSTD_isError(status))
		status = ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	if (!ZSTD_isError(status))
		status = ZSTD_CCtx_setParameter(z, ZSTD_c_nbWorkers, 1);
	if (!ZSTD_isError(status))
		status = ZSTD_CCtx_setPledgedSrcSize(z, size);
	if (ZSTD_isError(status))
		return encode_failed(ctx, status);
	*ret = ms_steal(&z);
	return 0;
}

static int pack(struct ms_ctx *ctx, enum ms_codec_form form, int level,
		const struct iovec *iov, int n, struct ms_buf *ret)
{
	_cleanup_(encoder_done) ZSTD_CCtx *z = NULL;
	static const struct iovec nothing;
	size_t size = 0;
	int r;

	(void)form;
	if (level < 0 || level > ZSTD_maxCLevel())
		return ms_fail(ctx, -EINVAL, "zstd has levels 1 to %d, not %d",
			       ZSTD_maxCLevel(), level);
	for (int i = 0; i < n; i++)
		if (!ms_add_ok(size, iov[i].iov_len, &size))
			return ms_fail_nomem(ctx);
	r = encoder_open(ctx, level, size, &z);
	for (int i = 0; r == 0 && i <= n; i++)
		r = encode_piece(ctx, z, i < n ? &iov[i] : &nothing,
				 i < n ? ZSTD_e_continue : ZSTD_e_end, ret);
	return r;
}

const struct ms_codec ms_codec_zstd = {
	.compression = MS_COMPRESSION_ZSTD,
	.name = "zstd",
	.magic = magic,
	.magic_len = sizeof(magic),
	.unpack = unpack,
	.pack = pack,
};
