/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The file format of lzop, as the kernel reads it (lib/decompress_unlzo.c), all numbers
 * big-endian:
 *
 *	magic, 9 bytes
 *	version | library version | version needed, 2 bytes each; method, 1
 *	level, 1           from version 0x0940 on
 *	flags, 4; filter, 4 if flag 0x800 is set
 *	mode, 4; mtime, 4; upper half of mtime, 4: from version 0x0940 on
 *	length of name, 1; name; checksum of the header, 4
 *	blocks: unpacked size, 4; packed size, 4; checksum, 4; data
 *	an unpacked size of 0 ends it
 *
 * Like the kernel this takes one checksum a block, blocks of 256 KiB at most, and a block
 * whose two sizes agree as stored without compression.
 */

#include <errno.h>
#include <lzo/lzo1x.h>
#include <string.h>

#include "../base/context.h"
#include "../base/cursor.h"
#include "unpack.h"

enum {
	BLOCK_SIZE = 256 << 10,
	VERSION_WITH_LEVEL = 0x0940,
	FLAG_FILTER = 0x800,
};

static const uint8_t magic[] = { 0x89, 'L', 'Z', 'O', 0x00, 0x0d, 0x0a, 0x1a, 0x0a };

static int skip_header(struct ms_cursor *c)
{
	uint16_t version;
	uint32_t flags;
	uint8_t name_len;
	bool level;
	int r = ms_cur_skip(c, sizeof(magic));

	r = r < 0 ? r : ms_cur_be16(c, &version);
	if (r < 0)
		return r;
	level = version >= VERSION_WITH_LEVEL;
	r = ms_cur_skip(c, level ? 6 : 5);
	r = r < 0 ? r : ms_cur_be32(c, &flags);
	if (r < 0)
		return r;
	r = ms_cur_skip(c, (flags & FLAG_FILTER ? 4 : 0) + (level ? 12 : 8));
	r = r < 0 ? r : ms_cur_u8(c, &name_len);
	return r < 0 ? r : ms_cur_skip(c, name_len + 4u);
}

static int unpack_block(struct ms_ctx *ctx, struct ms_cursor *c, uint32_t size,
			uint64_t max_size, struct ms_buf *ret)
{
	const uint8_t *block;
	uint32_t packed;
	lzo_uint got = size;
	int r;

	if (size > BLOCK_SIZE || ms_cur_be32(c, &packed) < 0 || ms_cur_skip(c, 4) < 0 ||
	    packed == 0 || packed > size || ms_cur_bytes(c, packed, &block) < 0)
		return ms_unpack_corrupt(ctx, &ms_unpack_lzo);
	r = ms_unpack_room(ctx, ret, size, max_size);
	if (r < 0)
		return r;
	if (packed == size)
		memcpy(ret->data + ret->len, block, size);
	else if (lzo1x_decompress_safe(block, packed, ret->data + ret->len, &got, NULL) !=
			 LZO_E_OK ||
		 got != size)
		return ms_unpack_corrupt(ctx, &ms_unpack_lzo);
	ret->len += size;
	return 0;
}

static int unpack(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		  struct ms_buf *ret)
{
	struct ms_cursor c = ms_cur_of(data, len);
	int r;

	if (skip_header(&c) < 0)
		return ms_unpack_corrupt(ctx, &ms_unpack_lzo);
	for (;;) {
		uint32_t size;

		if (ms_cur_be32(&c, &size) < 0)
			return ms_fail(ctx, -EBADMSG, "truncated lzo data");
		if (size == 0)
			break;
		r = unpack_block(ctx, &c, size, max_size, ret);
		if (r < 0)
			return r;
	}
	return ms_cur_left(&c) == 0 ? 0 : ms_unpack_corrupt(ctx, &ms_unpack_lzo);
}

const struct ms_unpacker ms_unpack_lzo = { "lzo", magic, sizeof(magic), false, unpack };
