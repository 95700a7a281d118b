/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bzip2 by libbz2, as `bzip2 -9` writes kernels. */

#include <bzlib.h>
#include <errno.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "unpack.h"

enum { PIECE = 1 << 20 };

static const uint8_t magic[] = { 'B', 'Z', 'h' };

static void decompress_done(bz_stream *z)
{
	BZ2_bzDecompressEnd(z);
}

static int decode(struct ms_ctx *ctx, bz_stream *z, const uint8_t *data, size_t len,
		  uint64_t max_size, struct ms_buf *ret)
{
	size_t fed = 0;
	int status;

	do {
		unsigned in = len - fed > PIECE ? PIECE : (unsigned)(len - fed);
		/* one byte more than is allowed, so that too much shows */
		size_t room = max_size - ret->len < PIECE
				      ? (size_t)(max_size - ret->len) + 1
				      : PIECE;
		int r = ms_check_cancelled(ctx);

		if (r < 0)
			return r;
		if (ms_buf_reserve(ret, room) < 0)
			return ms_fail_nomem(ctx);
		z->next_in = (char *)(uintptr_t)(data + fed);
		z->avail_in = in;
		z->next_out = (char *)ret->data + ret->len;
		z->avail_out = (unsigned)room;
		status = BZ2_bzDecompress(z);
		fed += in - z->avail_in;
		ret->len += room - z->avail_out;
		if (ret->len > max_size)
			return ms_unpack_room(ctx, ret, 0, max_size);
		if (status == BZ_OK && fed == len && z->avail_out > 0)
			return ms_fail(ctx, -EBADMSG, "truncated bzip2 data");
	} while (status == BZ_OK);
	if (status == BZ_MEM_ERROR)
		return ms_fail_nomem(ctx);
	return status == BZ_STREAM_END && fed == len
		       ? 0
		       : ms_unpack_corrupt(ctx, &ms_unpack_bzip2);
}

static int unpack(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		  struct ms_buf *ret)
{
	_cleanup_(decompress_done) bz_stream z = { 0 };

	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return ms_fail_nomem(ctx);
	return decode(ctx, &z, data, len, max_size, ret);
}

const struct ms_unpacker ms_unpack_bzip2 = { "bzip2", magic, sizeof(magic), false,
					     unpack };
