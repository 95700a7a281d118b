/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The .lzma format, from before xz, by liblzma: a byte of properties, the dictionary
 * size, the unpacked size (or all ones: an end marker follows), the data. There is no
 * magic number; 5d 00 00 is what every encoder writes for a dictionary of 64 KiB or more,
 * and what the kernel knows it by (lib/decompress.c).
 */

#include <errno.h>
#include <lzma.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "unpack.h"

enum { PIECE = 1 << 20 };

/* A dictionary of 128 MiB, the largest that the kernel's build asks for, and some. */
static const uint64_t memory_limit = 192ull << 20;

static const uint8_t magic[] = { 0x5d, 0x00, 0x00 };

static int failure(struct ms_ctx *ctx, lzma_ret status)
{
	if (status == LZMA_MEM_ERROR)
		return ms_fail_nomem(ctx);
	if (status == LZMA_MEMLIMIT_ERROR)
		return ms_fail(ctx, -EFBIG,
			       "lzma data that needs more than %llu MiB to unpack",
			       (unsigned long long)memory_limit >> 20);
	if (status == LZMA_BUF_ERROR)
		return ms_fail(ctx, -EBADMSG, "truncated lzma data");
	return ms_unpack_corrupt(ctx, &ms_unpack_lzma);
}

/* @len: of the data, which are at z->next_in. */
static int decode(struct ms_ctx *ctx, lzma_stream *z, size_t len, uint64_t max_size,
		  struct ms_buf *ret)
{
	const uint8_t *end = z->next_in + len;
	lzma_ret status;

	do {
		size_t room = max_size - ret->len < PIECE
				      ? (size_t)(max_size - ret->len) + 1
				      : PIECE;
		size_t left = (size_t)(end - z->next_in);
		int r = ms_check_cancelled(ctx);

		if (r < 0)
			return r;
		if (ms_buf_reserve(ret, room) < 0)
			return ms_fail_nomem(ctx);
		z->avail_in = left < PIECE ? left : PIECE;
		z->next_out = ret->data + ret->len;
		z->avail_out = room;
		status = lzma_code(z, z->avail_in < left ? LZMA_RUN : LZMA_FINISH);
		ret->len += room - z->avail_out;
		if (ret->len > max_size)
			return ms_unpack_room(ctx, ret, 0, max_size);
	} while (status == LZMA_OK);
	if (status != LZMA_STREAM_END)
		return failure(ctx, status);
	return z->next_in == end ? 0 : ms_unpack_corrupt(ctx, &ms_unpack_lzma);
}

static int unpack(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		  struct ms_buf *ret)
{
	_cleanup_(lzma_end) lzma_stream z = LZMA_STREAM_INIT;

	if (lzma_alone_decoder(&z, memory_limit) != LZMA_OK)
		return ms_fail_nomem(ctx);
	z.next_in = data;
	return decode(ctx, &z, len, max_size, ret);
}

const struct ms_unpacker ms_unpack_lzma = { "lzma", magic, sizeof(magic), false, unpack };
