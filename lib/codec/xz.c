/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * xz by liblzma. Written as the kernel's build writes modules: `xz --check=crc32
 * --lzma2=dict=1MiB` with threads, which puts sizes into the block headers. One thread
 * of liblzma's own encoder gives the same bytes as many, and modules are packed side by
 * side anyhow. A file that xz wrote so but without threads, as it did by default before
 * 5.6, is one block without sizes, and becomes one again: its bytes can be had back.
 *
 * The kernel's reader (lib/xz/xz_dec_stream.c) knows CRC32 or no check, LZMA2 and the
 * branch filters. Whether that holds is told by the headers of all blocks, which the
 * index leads to.
 */

#include <errno.h>
#include <lzma.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "codec-impl.h"

static const uint8_t magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0x00 };

enum { DICTIONARY_SIZE = 1 << 20 };

/* What a decoder may use: the largest dictionary that xz -9 makes, and some. */
static const uint64_t memory_limit = 192ull << 20;

static int decode_failed(struct ms_ctx *ctx, lzma_ret status)
{
	switch (status) {
	case LZMA_MEM_ERROR:
		return ms_fail_nomem(ctx);
	case LZMA_MEMLIMIT_ERROR:
		return ms_fail(ctx, -EOPNOTSUPP, "xz dictionary over %llu MiB",
			       (unsigned long long)memory_limit >> 20);
	case LZMA_OPTIONS_ERROR:
	case LZMA_UNSUPPORTED_CHECK:
		return ms_fail(ctx, -EOPNOTSUPP, "xz options that liblzma does not have");
	case LZMA_BUF_ERROR:
		return ms_codec_truncated(ctx, "xz");
	default:
		return ms_codec_corrupt(ctx, "xz");
	}
}

/* @len: of the file, which is at z->next_in. What is left of it: z->avail_in. */
static int decode_all(struct ms_ctx *ctx, lzma_stream *z, size_t len, uint64_t max_size,
		      struct ms_buf *ret)
{
	const uint8_t *end = z->next_in + len;
	lzma_ret status;

	do {
		int r = ms_codec_room(ctx, ret, max_size);
		size_t left = (size_t)(end - z->next_in);

		if (r < 0)
			return r;
		z->avail_in = ms_codec_input(left);
		z->next_out = ret->data + ret->len;
		z->avail_out = ms_codec_output(ret);
		status = lzma_code(z, z->avail_in < left ? LZMA_RUN : LZMA_FINISH);
		ret->len = (size_t)(z->next_out - ret->data);
	} while (status == LZMA_OK);
	z->avail_in = (size_t)(end - z->next_in);
	if (status != LZMA_STREAM_END)
		return decode_failed(ctx, status);
	return ret->len > max_size ? ms_codec_room(ctx, ret, max_size) : 0;
}

/* The kernel has LZMA2, alone or behind one branch filter. */
static bool kernel_has_filters(const lzma_filter *filters)
{
	if (filters[0].id == LZMA_FILTER_LZMA2)
		return filters[1].id == LZMA_VLI_UNKNOWN;
	return filters[0].id != LZMA_FILTER_DELTA && filters[1].id == LZMA_FILTER_LZMA2 &&
	       filters[2].id == LZMA_VLI_UNKNOWN;
}

/* One block without sizes, packed as the kernel's build asks: what one thread writes. */
static bool is_unsized(const lzma_block *block)
{
	const lzma_options_lzma *options = block->filters[0].options;

	return block->check == LZMA_CHECK_CRC32 &&
	       block->compressed_size == LZMA_VLI_UNKNOWN &&
	       block->uncompressed_size == LZMA_VLI_UNKNOWN &&
	       block->filters[0].id == LZMA_FILTER_LZMA2 &&
	       options->dict_size == DICTIONARY_SIZE;
}

static bool look_at_block(const uint8_t *header, size_t len, lzma_check check,
			  bool *ret_unsized)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	lzma_block block = { .version = 1, .check = check, .filters = filters };
	bool known;

	block.header_size = len ? lzma_block_header_size_decode(header[0]) : 0;
	if (!len || !header[0] || block.header_size > len ||
	    lzma_block_header_decode(&block, NULL, header) != LZMA_OK)
		return false;
	known = kernel_has_filters(filters);
	*ret_unsized = is_unsized(&block);
	lzma_filters_free(filters, NULL);
	return known;
}

static void index_done(lzma_index **index)
{
	lzma_index_end(*index, NULL);
}

/* Every block of a stream that liblzma has just decoded without complaint. */
static bool look_at_blocks(struct ms_ctx *ctx, const uint8_t *data, size_t len,
			   enum ms_codec_form *ret_form)
{
	bool unsized = false;
	_cleanup_(index_done) lzma_index *index = NULL;
	lzma_stream_flags footer;
	lzma_index_iter iter;
	uint64_t limit = memory_limit;
	size_t start, at = 0;

	if (len < 2 * LZMA_STREAM_HEADER_SIZE ||
	    lzma_stream_footer_decode(&footer, data + len - LZMA_STREAM_HEADER_SIZE) !=
		    LZMA_OK ||
	    footer.backward_size > len - 2 * LZMA_STREAM_HEADER_SIZE)
		return false;
	start = len - LZMA_STREAM_HEADER_SIZE - (size_t)footer.backward_size;
	if (lzma_index_buffer_decode(&index, &limit, NULL, data + start, &at,
				     (size_t)footer.backward_size) != LZMA_OK)
		return false;
	lzma_index_iter_init(&iter, index);
	while (!lzma_index_iter_next(&iter, LZMA_INDEX_ITER_BLOCK)) {
		uint64_t offset = iter.block.compressed_file_offset;

		/* unpack() says so */
		if (ms_check_cancelled(ctx) < 0)
			return false;
		if (offset >= len || !look_at_block(data + offset, len - (size_t)offset,
						    footer.check, &unsized))
			return false;
	}
	if (unsized && lzma_index_block_count(index) == 1)
		*ret_form = MS_CODEC_FORM_XZ_UNSIZED;
	return true;
}

static void judge_for_kernel(struct ms_ctx *ctx, const uint8_t *data, size_t len,
			     lzma_check check, struct ms_codec_info *ret)
{
	if (check != LZMA_CHECK_NONE && check != LZMA_CHECK_CRC32) {
		ret->kernel = MS_KERNEL_DECOMPRESS_REFUSED;
		ret->kernel_reason = "the kernel has no xz check but CRC32";
	} else if (!look_at_blocks(ctx, data, len, &ret->form)) {
		ret->kernel = MS_KERNEL_DECOMPRESS_REFUSED;
		ret->kernel_reason = "the kernel has not these xz filters";
	}
}

static void stream_done(lzma_stream *z)
{
	lzma_end(z);
}

static int unpack(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		  struct ms_buf *ret, struct ms_codec_info *ret_info)
{
	_cleanup_(stream_done) lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret status = lzma_stream_decoder(&z, memory_limit, LZMA_TELL_UNSUPPORTED_CHECK);
	int r;

	if (status != LZMA_OK)
		return decode_failed(ctx, status);
	z.next_in = data;
	r = decode_all(ctx, &z, len, max_size, ret);
	if (r < 0)
		return r;
	if (z.avail_in > 0)
		return ms_codec_more_behind(ctx, "xz", len - z.avail_in);
	judge_for_kernel(ctx, data, len, lzma_get_check(&z), ret_info);
	return ms_check_cancelled(ctx);
}

/* In pieces, since what packs well fills no output for seconds. */
static int encode_piece(struct ms_ctx *ctx, lzma_stream *z, const struct iovec *piece,
			lzma_action action, struct ms_buf *ret)
{
	size_t left = piece->iov_len;
	lzma_ret status;

	z->next_in = piece->iov_base;
	do {
		if (ms_check_cancelled(ctx) < 0)
			return -ECANCELED;
		if (ms_buf_reserve(ret, 65536) < 0)
			return -ENOMEM;
		z->avail_in = ms_codec_input(left);
		left -= z->avail_in;
		z->next_out = ret->data + ret->len;
		z->avail_out = ret->capacity - ret->len;
		status = lzma_code(z, action);
		ret->len = (size_t)(z->next_out - ret->data);
		left += z->avail_in;
	} while (status == LZMA_OK && (left > 0 || action == LZMA_FINISH));
	if (status == LZMA_MEM_ERROR)
		return -ENOMEM;
	return status == LZMA_OK || status == LZMA_STREAM_END ? 0 : -EIO;
}

static lzma_ret encoder_open(lzma_stream *z, enum ms_codec_form form, lzma_filter *filters)
{
	lzma_mt mt = { .threads = 1, .filters = filters, .check = LZMA_CHECK_CRC32 };

	if (form == MS_CODEC_FORM_XZ_UNSIZED)
		return lzma_stream_encoder(z, filters, LZMA_CHECK_CRC32);
	return lzma_stream_encoder_mt(z, &mt);
}

static int pack(struct ms_ctx *ctx, enum ms_codec_form form, int level,
		const struct iovec *iov, int n, struct ms_buf *ret)
{
	_cleanup_(stream_done) lzma_stream z = LZMA_STREAM_INIT;
	static const struct iovec nothing;
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ .id = LZMA_FILTER_LZMA2, .options = &options },
		{ .id = LZMA_VLI_UNKNOWN },
	};

	(void)level; /* the kernel's build has one level of packing by xz */
	if (lzma_lzma_preset(&options, LZMA_PRESET_DEFAULT))
		return ms_fail(ctx, -EIO, "liblzma has no default preset");
	options.dict_size = DICTIONARY_SIZE;
	if (encoder_open(&z, form, filters) != LZMA_OK)
		return ms_fail_nomem(ctx);
	for (int i = 0; i <= n; i++) {
		int r = encode_piece(ctx, &z, i < n ? &iov[i] : &nothing,
				     i < n ? LZMA_RUN : LZMA_FINISH, ret);

		if (r < 0)
			return ms_fail_errno(ctx, r, "cannot compress by xz");
	}
	return 0;
}

const struct ms_codec ms_codec_xz = {
	.compression = MS_COMPRESSION_XZ,
	.name = "xz",
	.magic = magic,
	.magic_len = sizeof(magic),
	.unpack = unpack,
	.pack = pack,
};
