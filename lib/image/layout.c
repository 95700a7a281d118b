/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What certs/system_certificates.S of Linux becomes on a machine.
 *
 * The file says ".align 8", which GNU as and LLVM read as eight bytes for some machines,
 * x86 among them, and as two to the eighth for the others (the manual of as, ".align").
 * So on arm64 the list and each of its size words stand at multiples of 256.
 */

#include <elf.h>

#include "../base/checked.h"
#include "../base/cursor.h"
#include "lists.h"

/* Of the machines that Linux runs on. Whatever is in no list is not guessed at. */
static const unsigned align_is_bytes[] = {
	EM_386, EM_X86_64, EM_S390, EM_SPARC, EM_SPARCV9, EM_68K, EM_PARISC, EM_SH,
};
static const unsigned align_is_power[] = {
	EM_AARCH64, EM_ARM, EM_RISCV, EM_LOONGARCH, EM_PPC, EM_PPC64, EM_MIPS,
};

static bool contains(const unsigned *machines, size_t n, unsigned machine)
{
	for (size_t i = 0; i < n; i++)
		if (machines[i] == machine)
			return true;
	return false;
}

bool ms_layout_of(unsigned machine, bool is64, bool big_endian, struct ms_layout *ret)
{
	bool bytes = contains(align_is_bytes, MS_ARRAY_SIZE(align_is_bytes), machine);

	if (!bytes && !contains(align_is_power, MS_ARRAY_SIZE(align_is_power), machine))
		return false;
	*ret = (struct ms_layout){
		.word = is64 ? 8 : 4,
		.big_endian = big_endian,
		.align = bytes ? 8 : 256,
		.int_align = bytes ? 4 : 16,
	};
	return true;
}

int ms_layout_int(const struct ms_layout *layout, const struct ms_elf_bytes *bytes,
		  size_t offset, uint32_t *ret)
{
	struct ms_cursor c = ms_cur_of(bytes->data, bytes->len);
	int r = ms_cur_seek(&c, offset);

	if (r < 0)
		return r;
	return layout->big_endian ? ms_cur_be32(&c, ret) : ms_cur_le32(&c, ret);
}

int ms_layout_word(const struct ms_layout *layout, const struct ms_elf_bytes *bytes,
		   size_t offset, uint64_t *ret)
{
	struct ms_cursor c = ms_cur_of(bytes->data, bytes->len);
	int r = ms_cur_seek(&c, offset);
	uint32_t narrow;

	if (r < 0)
		return r;
	if (layout->word == 8)
		return layout->big_endian ? ms_cur_be64(&c, ret) : ms_cur_le64(&c, ret);
	r = ms_layout_int(layout, bytes, offset, &narrow);
	if (r == 0)
		*ret = narrow;
	return r;
}
