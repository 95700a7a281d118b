/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_IMAGE_HASHES_H
#define MS_IMAGE_HASHES_H

/* Inside lib/image: section .module_hashes of a kernel. hashes.c draws it. */

#include "../elf/elf.h"
#include "../merkle/merkle.h"

#define MS_HASHES_SECTION ".module_hashes"

/**
 * Finds the section. -ENOENT: there is none; -EBADMSG: it is not as
 * ms_elf_section_named() wants it.
 */
int ms_hashes_find(struct ms_ctx *ctx, const struct ms_elf *elf, struct ms_elf_bytes *ret);

/**
 * Reads the section of @elf. @ret: free with ms_kernel_hashes_free(). Errors: as
 * ms_hashes_find(); -EBADMSG of a size or with contents that neither form has.
 */
int ms_hashes_read(struct ms_ctx *ctx, const struct ms_elf *elf,
		   struct ms_kernel_hashes **ret);

/**
 * Writes the section's bytes: @ret has @len. -EINVAL: not the form that this size tells;
 * -E2BIG: more digests than there is room for.
 */
int ms_hashes_encode(struct ms_ctx *ctx, const struct ms_kernel_hashes *hashes,
		     bool big_endian, size_t len, uint8_t *ret);

#endif
