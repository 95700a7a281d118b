/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_IMAGE_UNPACK_H
#define MS_IMAGE_UNPACK_H

/*
 * The compressions of kernel images, told by their magic numbers. gzip, xz and zstd are
 * lib/codec's; bzip2, lzma, lzo and lz4 stand here, one file each, because nothing but a
 * kernel image is packed so: modules never are, and nothing is ever packed that way by
 * modseal, which is what lib/codec is for.
 */

#include "../base/buffer.h"
#include "reading.h"

struct ms_unpacker {
	const char *name; /* "gzip", "lz4", ... */
	const uint8_t *magic;
	size_t magic_len;
	/* a gzip stream ends with its size; with the others the build appends it */
	bool has_size;
	/*
	 * Unpacks exactly @data, one stream with nothing behind it, into the empty @ret.
	 * -EBADMSG corrupt; -EFBIG more than @max_size; -ENOMEM. Leaves a message.
	 */
	int (*unpack)(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		      uint64_t max_size, struct ms_buf *ret);
};

extern const struct ms_unpacker ms_unpack_bzip2;
extern const struct ms_unpacker ms_unpack_lz4;
extern const struct ms_unpacker ms_unpack_lzma;
extern const struct ms_unpacker ms_unpack_lzo;

/** The compression that @data begins with, NULL for none. */
const struct ms_unpacker *ms_unpack_find(const uint8_t *data, size_t len);

/**
 * Unpacks a kernel and reads it as an image.
 * @size_word: where the compression does not store the size, the last four bytes of @data
 * are the unpacked size in little-endian, as scripts/Makefile.lib:size_append adds it,
 * and must be right.
 */
int ms_unpack_and_read(struct ms_reading *reading, const struct ms_unpacker *unpacker,
		       const uint8_t *data, size_t len, bool size_word);

/** Makes room for @more bytes of output, of which there may be @max_size in all. */
int ms_unpack_room(struct ms_ctx *ctx, struct ms_buf *out, size_t more,
		   uint64_t max_size);

/** -EBADMSG with "corrupt NAME data". */
int ms_unpack_corrupt(struct ms_ctx *ctx, const struct ms_unpacker *unpacker);

#endif
