/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which compression it is, and the four bytes behind it.
 *
 * x86's boot wrapper, and with zstd the EFI zboot image, want to know the unpacked size
 * beforehand. gzip ends with it; behind the others the kernel's build appends it in
 * little-endian (scripts/Makefile.lib, size_append). The caller says whether those bytes
 * are part of what it has; where they are, they must agree.
 */

#include "unpack.h"

#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/cursor.h"
#include "../codec/codec.h"

static int unpack_gzip(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		       uint64_t max_size, struct ms_buf *ret)
{
	struct ms_codec_info info;

	return ms_codec_unpack(ctx, MS_COMPRESSION_GZIP, data, len, max_size, ret, &info);
}

static int unpack_xz(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		     uint64_t max_size, struct ms_buf *ret)
{
	struct ms_codec_info info;

	return ms_codec_unpack(ctx, MS_COMPRESSION_XZ, data, len, max_size, ret, &info);
}

static int unpack_zstd(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		       uint64_t max_size, struct ms_buf *ret)
{
	struct ms_codec_info info;

	return ms_codec_unpack(ctx, MS_COMPRESSION_ZSTD, data, len, max_size, ret, &info);
}

static const uint8_t gzip_magic[] = { 0x1f, 0x8b, 0x08 };
static const uint8_t xz_magic[] = { 0xfd, '7', 'z', 'X', 'Z', 0x00 };
static const uint8_t zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

static const struct ms_unpacker gzip = { "gzip", gzip_magic, sizeof(gzip_magic), true,
					 unpack_gzip };
static const struct ms_unpacker xz = { "xz", xz_magic, sizeof(xz_magic), false,
				       unpack_xz };
static const struct ms_unpacker zstd = { "zstd", zstd_magic, sizeof(zstd_magic), false,
					 unpack_zstd };

static const struct ms_unpacker *const unpackers[] = {
	&gzip,		&ms_unpack_bzip2, &ms_unpack_lzma, &xz,
	&ms_unpack_lzo, &ms_unpack_lz4,	  &zstd,
};

const struct ms_unpacker *ms_unpack_find(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(unpackers); i++)
		if (len >= unpackers[i]->magic_len &&
		    memcmp(data, unpackers[i]->magic, unpackers[i]->magic_len) == 0)
			return unpackers[i];
	return NULL;
}

int ms_unpack_room(struct ms_ctx *ctx, struct ms_buf *out, size_t more, uint64_t max_size)
{
	int r = ms_check_cancelled(ctx);

	if (r < 0)
		return r;
	if (out->len > max_size || more > max_size - out->len)
		return ms_fail(ctx, -EFBIG, "unpacks to more than %llu bytes",
			       (unsigned long long)max_size);
	return ms_buf_reserve(out, more) < 0 ? ms_fail_nomem(ctx) : 0;
}

int ms_unpack_corrupt(struct ms_ctx *ctx, const struct ms_unpacker *unpacker)
{
	return ms_fail(ctx, -EBADMSG, "corrupt %s data", unpacker->name);
}

static int check_size(struct ms_reading *reading, const uint8_t *word, size_t size)
{
	struct ms_cursor c = ms_cur_of(word, 4);
	uint32_t said;
	int r = ms_cur_le32(&c, &said);

	if (r < 0 || said != size)
		return ms_reading_fail(
			reading, -EBADMSG,
			"the kernel in it unpacks to another size than it says");
	return 0;
}

int ms_unpack_and_read(struct ms_reading *reading, const struct ms_unpacker *unpacker,
		       const uint8_t *data, size_t len, bool size_word)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	size_t tail = size_word && !unpacker->has_size ? 4 : 0;
	uint64_t max_size = reading->max_size;
	int r;

	if (len < tail)
		return ms_reading_fail(reading, -EBADMSG, "the kernel in it is cut off");
	r = unpacker->unpack(reading->ctx, data, len - tail, reading->max_size, &out);
	if (r < 0)
		return ms_fail_prefix(reading->ctx, r == -ENOTUNIQ ? -EBADMSG : r,
				      "'%s': cannot unpack the kernel in it",
				      reading->shown);
	r = tail ? check_size(reading, data + len - tail, out.len) : 0;
	/* what is packed in what is packed counts together: it is all there at once */
	reading->max_size -= out.len < max_size ? out.len : max_size;
	r = r < 0 ? r : ms_image_read(reading, out.data, out.len);
	reading->max_size = max_size;
	return r;
}

/* An Image.gz and its like: the file, or what lies in a UKI, is packed as a whole. */
static bool is_compressed(const uint8_t *data, size_t len)
{
	return ms_unpack_find(data, len) != NULL;
}

static int read_compressed(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	return ms_unpack_and_read(reading, ms_unpack_find(data, len), data, len, false);
}

const struct ms_image_format ms_image_compressed = {
	.name = "compressed",
	.is = is_compressed,
	.read = read_compressed,
};
