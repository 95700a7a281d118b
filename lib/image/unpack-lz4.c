/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The legacy LZ4 frame, which is what kernels are packed in (`lz4 -l`):
 *
 *	02 21 4c 18              magic, 0x184c2102 in little-endian
 *	size, le32 | block       as often as needed; each block unpacks to 8 MiB at most
 *	02 21 4c 18              may stand between blocks: frames put together
 *
 * There is no end mark: it ends where the data ends (lib/decompress_unlz4.c).
 */

#include <errno.h>
#include <limits.h>
#include <lz4.h>

#include "../base/context.h"
#include "../base/cursor.h"
#include "unpack.h"

enum { BLOCK_SIZE = 8 << 20, MAGIC = 0x184c2102 };

static const uint8_t magic[] = { 0x02, 0x21, 0x4c, 0x18 };

static int unpack_block(struct ms_ctx *ctx, const uint8_t *block, size_t len,
			uint64_t max_size, struct ms_buf *ret)
{
	uint64_t left = max_size - ret->len;
	int room = left < BLOCK_SIZE ? (int)left : BLOCK_SIZE;
	int got, r = ms_unpack_room(ctx, ret, (size_t)room, max_size);

	if (r < 0)
		return r;
	if (len > INT_MAX)
		return ms_unpack_corrupt(ctx, &ms_unpack_lz4);
	got = LZ4_decompress_safe((const char *)block, (char *)ret->data + ret->len,
				  (int)len, room);
	if (got < 0 && room < BLOCK_SIZE)
		return ms_unpack_room(ctx, ret, (size_t)room + 1, max_size);
	if (got < 0)
		return ms_unpack_corrupt(ctx, &ms_unpack_lz4);
	ret->len += (size_t)got;
	return 0;
}

static int unpack(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		  struct ms_buf *ret)
{
	struct ms_cursor c = ms_cur_of(data, len);
	int r = ms_cur_skip(&c, sizeof(magic));

	while (r == 0 && ms_cur_left(&c) > 0) {
		const uint8_t *block;
		uint32_t size;

		r = ms_check_cancelled(ctx);
		if (r < 0)
			return r;
		if (ms_cur_le32(&c, &size) < 0)
			return ms_fail(ctx, -EBADMSG, "truncated lz4 data");
		if (size == MAGIC)
			continue;
		if (size == 0)
			return ms_unpack_corrupt(ctx, &ms_unpack_lz4);
		if (ms_cur_bytes(&c, size, &block) < 0)
			return ms_fail(ctx, -EBADMSG, "truncated lz4 data");
		r = unpack_block(ctx, block, size, max_size, ret);
	}
	return r;
}

const struct ms_unpacker ms_unpack_lz4 = { "lz4", magic, sizeof(magic), false, unpack };
