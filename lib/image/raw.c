/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Image: the kernel as it lies in memory, without sections or symbols. arm64, riscv and
 * loongarch begin with a header of 64 bytes whose last eight hold a magic number and the
 * place of the PE header (Documentation/arch/arm64/booting.rst and
 * riscv/boot-image-header.rst, arch/loongarch/kernel/head.S). It is loaded at a multiple
 * of at least 4 KiB, so what is aligned in memory is so in the file.
 */

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "lists.h"
#include "vmlinux.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

enum { MAGIC_OFFSET = 56, HEADER_SIZE = 64 };

static const struct magic {
	uint8_t bytes[4];
	unsigned machine;
} magics[] = {
	{ { 'A', 'R', 'M', 0x64 }, EM_AARCH64 },
	{ { 'R', 'S', 'C', 0x05 }, EM_RISCV },
	{ { 0xcd, 0x23, 0x82, 0x81 }, EM_LOONGARCH }, /* LINUX_PE_MAGIC */
};

static const struct magic *find_magic(const uint8_t *data, size_t len)
{
	/* zboot images carry LINUX_PE_MAGIC in the same place */
	if (len < HEADER_SIZE || memcmp(data + 4, "zimg", 4) == 0)
		return NULL;
	for (size_t i = 0; i < MS_ARRAY_SIZE(magics); i++)
		if (memcmp(data + MAGIC_OFFSET, magics[i].bytes, 4) == 0)
			return &magics[i];
	return NULL;
}

static bool is_raw(const uint8_t *data, size_t len)
{
	return find_magic(data, len) != NULL;
}

static int read_raw(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	_cleanup_(ms_candidates_done) struct ms_candidates candidates = {
		.budget = ms_lists_budget(len),
	};
	struct ms_elf_bytes all = { .data = data, .len = len };
	struct ms_layout layout;
	int r;

	if (reading->only_hashes)
		return 0; /* no sections */
	if (!ms_layout_of(find_magic(data, len)->machine, true, false, &layout))
		return ms_reading_fail(reading, -EBADMSG,
				       "a kernel for an unknown machine");
	r = ms_kernel_read_strings(reading, data, len);
	if (r < 0)
		return r;
	if (!reading->source->release)
		return ms_reading_fail(reading, -EBADMSG,
				       "no kernel image: it names no Linux version");
	r = ms_lists_scan(reading, &layout, &all, NULL, &candidates);
	return r < 0 ? r : ms_lists_settle(reading, &candidates, MS_NOTICES_UNKNOWN);
}

const struct ms_image_format ms_image_raw = {
	.name = "Image",
	.is = is_raw,
	.read = read_raw,
};
