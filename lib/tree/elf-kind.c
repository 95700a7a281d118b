/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The start of an ELF header, the same in both classes:
 *
 *	0 magic, 4   4 class   5 encoding   16 type, 2   18 machine, 2
 *
 * Hashing thousands of modules for a kernel of another machine would go well, and that
 * kernel would know none of the modules it ever meets.
 */

#include "elf-kind.h"

#include <errno.h>
#include <string.h>

#include "../base/context.h"
#include "../base/cursor.h"
#include "../merkle/merkle.h"

enum { MACHINE_OFFSET = 18, BIG_ENDIAN_ENCODING = 2 };

int ms_elf_kind_fits(struct ms_ctx *ctx, const struct ms_kernel_hashes *kernel,
		     const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len);
	const uint8_t *magic;
	uint8_t class, encoding;
	uint16_t machine;

	if (!kernel || !kernel->elf_class)
		return 0;
	if (ms_cur_bytes(&c, 4, &magic) < 0 || memcmp(magic, "\177ELF", 4) != 0 ||
	    ms_cur_u8(&c, &class) < 0 || ms_cur_u8(&c, &encoding) < 0 ||
	    ms_cur_seek(&c, MACHINE_OFFSET) < 0 ||
	    (encoding == BIG_ENDIAN_ENCODING ? ms_cur_be16(&c, &machine)
					     : ms_cur_le16(&c, &machine)) < 0)
		return ms_fail(ctx, -ENOEXEC, "it is no ELF module");
	if (class != kernel->elf_class || encoding != kernel->elf_encoding ||
	    machine != kernel->elf_machine)
		return ms_fail(ctx, -ENOEXEC,
			       "it is for another machine than the kernel (%d-bit, "
			       "%s-endian, machine %u; the kernel: %d-bit, %s-endian, "
			       "machine %u)",
			       class == 2 ? 64 : 32, encoding == 2 ? "big" : "little",
			       machine, kernel->elf_class == 2 ? 64 : 32,
			       kernel->elf_encoding == 2 ? "big" : "little",
			       kernel->elf_machine);
	return 0;
}
