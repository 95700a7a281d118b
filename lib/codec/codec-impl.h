/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CODEC_CODEC_IMPL_H
#define MS_CODEC_CODEC_IMPL_H

/* What one codec is to codec.c. Only the codecs include this. */

#include "codec.h"

struct ms_codec {
	enum ms_compression compression;
	const char *name;
	const uint8_t *magic;
	size_t magic_len;
	int (*unpack)(struct ms_ctx *ctx, const uint8_t *data, size_t len, uint64_t max_size,
		      struct ms_buf *ret, struct ms_codec_info *ret_info);
	int (*pack)(struct ms_ctx *ctx, enum ms_codec_form form, int level,
		    const struct iovec *iov, int n, struct ms_buf *ret);
};

extern const struct ms_codec ms_codec_gzip;
extern const struct ms_codec ms_codec_xz;
extern const struct ms_codec ms_codec_zstd;

/**
 * What a decoder is given of its input at a time, in bytes. One that makes nothing of it,
 * such as blocks without content, would else not come back before the end of the file.
 */
enum { MS_CODEC_PIECE = 4 << 20 };

/** @left, and no more than MS_CODEC_PIECE. */
static inline size_t ms_codec_input(size_t left)
{
	return left < MS_CODEC_PIECE ? left : MS_CODEC_PIECE;
}

/** The room in @out that a decoder may fill at a time, which is bounded likewise. */
static inline size_t ms_codec_output(const struct ms_buf *out)
{
	return ms_codec_input(out->capacity - out->len);
}

/**
 * Makes room in @out for the next piece of output: some bytes beyond len, never more
 * than one beyond @max_size, so that a decoder that fills it has gone too far.
 * -EFBIG: len is beyond @max_size already. -ECANCELED: the work is to end, which every
 * decoder learns here, once for each piece.
 */
int ms_codec_room(struct ms_ctx *ctx, struct ms_buf *out, uint64_t max_size);

/** The failures that all decoders share, worded alike. */
int ms_codec_corrupt(struct ms_ctx *ctx, const char *name);
int ms_codec_truncated(struct ms_ctx *ctx, const char *name);
int ms_codec_more_behind(struct ms_ctx *ctx, const char *name, size_t offset);

#endif
