/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CODEC_CODEC_H
#define MS_CODEC_CODEC_H

/*
 * gzip, xz and zstd files: recognised by their first bytes, unpacked whole and within
 * bounds, and packed as the kernel's build packs modules.
 *
 * Exactly one stream or frame with nothing behind it is taken. The kernel's decoders
 * stop at the first one's end, user space's may go on: a file with more would be two
 * different modules to two readers.
 */

#include <sys/uio.h>

#include <modseal/base.h>
#include <modseal/module.h>

#include "../base/buffer.h"

/** Tells how @data is packed, by its magic number alone. */
enum ms_compression ms_codec_detect(const uint8_t *data, size_t len);

/** How a codec laid out what it packed, where the kernel's build knows more than one way. */
enum ms_codec_form {
	MS_CODEC_FORM_DEFAULT = 0,
	MS_CODEC_FORM_XZ_UNSIZED, /* one block without sizes: xz with one thread */
};

/** What was found while unpacking. */
struct ms_codec_info {
	enum ms_codec_form form; /* to be packed in again */
	enum ms_kernel_decompress kernel; /* would the kernel's decoder take it? */
	const char *kernel_reason;        /* where refused: why; a constant, or NULL */
};

/**
 * Unpacks @data (which must be of kind @compression, not NONE) into @ret, which is
 * emptied first.
 *
 * Errors: -EBADMSG corrupt or truncated; -ENOTUNIQ a second stream or bytes behind the
 * first; -EFBIG more than @max_size bytes; -EOPNOTSUPP a feature that is not
 * supported; -ENOMEM.
 */
int ms_codec_unpack(struct ms_ctx *ctx, enum ms_compression compression,
		    const uint8_t *data, size_t len, uint64_t max_size,
		    struct ms_buf *ret, struct ms_codec_info *ret_info);

/**
 * Packs the bytes of @iov into @ret, which is emptied first: xz with CRC32, 1 MiB
 * dictionary, blocks with sizes; gzip without name and time; zstd with checksum. The
 * same input gives the same bytes.
 *
 * @form: what ms_codec_unpack() said of the file that is packed again.
 * @level: gzip 1 to 9, zstd 1 to 22; 0 for the default of the kernel build (its gzip and zstd); xz has
 * none. -EINVAL: no such level. -EIO: the library failed. -ENOMEM.
 */
int ms_codec_pack(struct ms_ctx *ctx, enum ms_compression compression,
		  enum ms_codec_form form, int level, const struct iovec *iov, int n,
		  struct ms_buf *ret);

#endif
