/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_ELF_KIND_H
#define MS_TREE_ELF_KIND_H

/* Are the modules for the machine that the kernel is for? */

#include <modseal/merkle.h>

/**
 * Compares the ELF header of a module with the kernel's. @kernel: NULL, or one that was
 * read of no ELF file: nothing is compared. -ENOEXEC: no ELF file, or for another machine.
 */
int ms_elf_kind_fits(struct ms_ctx *ctx, const struct ms_kernel_hashes *kernel,
		     const uint8_t *data, size_t len);

#endif
