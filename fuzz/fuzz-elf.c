/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Fuzzes what is read of ELF files. Every run of bytes that is given out must lie in the
 * file, and is read here to the last byte.
 */

#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/elf/elf.h"
#include "require.h"

MS_DEFINE_CLEANUP(cleanup_ctx, struct ms_ctx *, ms_ctx_free)
MS_DEFINE_CLEANUP(cleanup_elf, struct ms_elf *, ms_elf_free)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Somewhere for the bytes to go, so that reading them is not left out. */
static volatile uint8_t sink;

static void check_bytes(const uint8_t *data, size_t size, const struct ms_elf_bytes *bytes)
{
	require(bytes->len <= size);
	require(bytes->data >= data && bytes->data <= data + size - bytes->len);
	for (size_t i = 0; i < bytes->len; i++)
		sink = bytes->data[i];
}

static void check_open(struct ms_ctx *ctx, const uint8_t *data, size_t size)
{
	static const char *const symbols[] = { "system_certificate_list", "", "_start" };
	_cleanup_(cleanup_elf) struct ms_elf *elf = NULL;
	struct ms_elf_bytes bytes;
	const char *name;

	if (ms_elf_open(ctx, data, size, &elf) < 0)
		return;
	for (size_t i = 0; i < 64; i++) {
		if (ms_elf_section(ctx, elf, i, &name, &bytes) < 0)
			continue;
		check_bytes(data, size, &bytes);
		require(strlen(name) < size);
	}
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (ms_elf_symbol(ctx, elf, symbols[i], &bytes) == 0)
			check_bytes(data, size, &bytes);
	(void)ms_elf_has_symbols(elf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_ctx) struct ms_ctx *ctx = ms_ctx_new();
	_cleanup_(ms_modinfo_done) struct ms_modinfo modinfo = { 0 };

	require(ctx && ms_elf_modinfo(ctx, data, size, &modinfo) == 0);
	/* what is no ELF file says nothing */
	require(!modinfo.name || memcmp(data, "\177ELF", 4) == 0);
	(void)ms_elf_is_module(data, size);
	check_open(ctx, data, size);
	return 0;
}
