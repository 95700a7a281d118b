/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_IMAGE_READING_H
#define MS_IMAGE_READING_H

/* Inside lib/image: a source while it is being read, and the kinds of files there are. */

#include "../merkle/merkle.h"
#include "image.h"

/** How deep images may lie in images: UKI, zboot or gzip, Image; one to spare. */
#define MS_IMAGE_MAX_DEPTH 4

/** The largest kernel, packed or unpacked, that is looked at. */
#define MS_IMAGE_MAX_SIZE (UINT64_C(1) << 30)

/**
 * The largest file of certificates or EFI list, and the most certificates of a source.
 */
#define MS_CERTIFICATES_MAX_SIZE  (UINT64_C(64) << 20)
#define MS_CERTIFICATES_MAX_COUNT 65536

struct ms_reading {
	struct ms_ctx *ctx;
	const char *shown;	  /* the file's name, for messages */
	uint64_t max_size;	  /* no more may be unpacked, all images in it together */
	unsigned depth;		  /* 0: the file itself */
	struct ms_source *source; /* what was found so far */
	struct ms_kernel_hashes **hashes; /* for section .module_hashes, if it is wanted */
	bool only_hashes;		  /* and nothing else is; there must be one */
};

/**
 * A kind of kernel image. @is looks at the first bytes only and does not fail; @read puts
 * what it finds into reading->source, and opens images inside by ms_image_read().
 */
struct ms_image_format {
	const char *name;
	bool (*is)(const uint8_t *data, size_t len);
	int (*read)(struct ms_reading *reading, const uint8_t *data, size_t len);
};

extern const struct ms_image_format ms_image_bzimage;
extern const struct ms_image_format ms_image_compressed;
extern const struct ms_image_format ms_image_raw;
extern const struct ms_image_format ms_image_uki;
extern const struct ms_image_format ms_image_vmlinux;
extern const struct ms_image_format ms_image_zboot;

/** True where the bytes begin as some kind of kernel image does. */
bool ms_image_is_one(const uint8_t *data, size_t len);

/** Reads a kernel image of any kind. -EBADMSG: none, corrupt, too deep, or ambiguous. */
int ms_image_read(struct ms_reading *reading, const uint8_t *data, size_t len);

/** Certificates in DER, back to back (certfile.c). */
int ms_certfile_read_der(struct ms_reading *reading, const uint8_t *data, size_t len);
/** Certificates in PEM, among other things (certfile.c). */
bool ms_certfile_is_pem(const uint8_t *data, size_t len);
int ms_certfile_read_pem(struct ms_reading *reading, const uint8_t *data, size_t len);

/** EFI signature lists (efilist.c). */
bool ms_efilist_is_one(const uint8_t *data, size_t len);
int ms_efilist_read(struct ms_reading *reading, const uint8_t *data, size_t len);

/** Fails with "'FILE': " before the message. */
__attribute__((format(printf, 3, 4))) int
ms_reading_fail(struct ms_reading *reading, int error, const char *format, ...);

/** Adds a copy of a certificate. -ENOMEM. */
int ms_reading_add_cert(struct ms_reading *reading, enum ms_cert_place place,
			const uint8_t *der, size_t len);
/** Adds a revoked digest of up to 64 bytes. -ENOMEM. */
int ms_reading_add_digest(struct ms_reading *reading, const uint8_t *digest, size_t len,
			  bool tbs);

/** The size of the DER SEQUENCE at the start of @data; 0: none, or it is cut off. */
size_t ms_der_sequence_size(const uint8_t *data, size_t len);
/** True where the SEQUENCE of @size bytes at @data begins as a certificate does. */
bool ms_der_may_be_certificate(const uint8_t *data, size_t size);

/** As ms_source_parse(), and no image is unpacked to more than @max_size bytes. */
int ms_source_parse_bounded(struct ms_ctx *ctx, const uint8_t *data, size_t len,
			    const char *shown, uint64_t max_size, struct ms_source **ret);

#endif
