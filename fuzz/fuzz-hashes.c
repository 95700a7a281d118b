// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the reader of section .module_hashes in a vmlinux, and the follower of proofs.
 * What is read of a section must be what a kernel could use, and written again it is the
 * same. The input taken for a proof under the root that was read must never be found good:
 * nobody finds bytes that lead to a hash.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/base/context.h"
#include "../lib/image/hashes.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ms_ctx *ctx;

MS_DEFINE_CLEANUP(elf_cleanup, struct ms_elf *, ms_elf_free)
MS_DEFINE_CLEANUP(hashes_cleanup, struct ms_kernel_hashes *, ms_kernel_hashes_free)

static void check_root(const struct ms_kernel_hashes *hashes, const uint8_t *data,
		       size_t size)
{
	struct ms_merkle_root again;
	char text[MS_MERKLE_ROOT_TEXT];
	int error = -1;

	require(hashes->root.levels <= MS_MERKLE_MAX_LEVELS);
	ms_merkle_root_text(&hashes->root, text);
	require(ms_merkle_root_parse(ctx, text, &again) == 0);
	require(ms_merkle_root_same(&hashes->root, &again));
	require(ms_merkle_check(ctx, &hashes->root, data, size, data, size, &error) == 0);
	require(error == ENOPKG || error == ENOKEY);
}

static void check_list(const struct ms_kernel_hashes *hashes)
{
	require(hashes->count <= hashes->capacity);
	for (size_t i = 0; i < hashes->count; i++) {
		require(ms_kernel_hashes_has(hashes, hashes->list[i]));
		require(!i || memcmp(hashes->list[i - 1], hashes->list[i], 32) < 0);
	}
}

/* The part that is read; what stands behind a list's last digest nobody looks at. */
static void check_written(const struct ms_elf *elf, const struct ms_kernel_hashes *hashes)
{
	_cleanup_free_ uint8_t *written = NULL;
	struct ms_elf_bytes section = { 0 };
	size_t used;

	require(ms_hashes_find(ctx, elf, &section) == 0);
	written = malloc(section.len);
	require(written != NULL);
	require(ms_hashes_encode(ctx, hashes, ms_elf_is_big_endian(elf), section.len,
				 written) == 0);
	used = hashes->form == MS_HASHES_ROOT ? section.len : 4 + 32 * hashes->count;
	require(used <= section.len && !memcmp(written, section.data, used));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(elf_cleanup) struct ms_elf *elf = NULL;
	_cleanup_(hashes_cleanup) struct ms_kernel_hashes *hashes = NULL;

	if (!ctx)
		ctx = ms_ctx_new();
	require(ctx != NULL);
	if (ms_elf_open(ctx, data, size, &elf) < 0 || ms_hashes_read(ctx, elf, &hashes) < 0)
		return 0;
	if (hashes->form == MS_HASHES_ROOT)
		check_root(hashes, data, size);
	else
		check_list(hashes);
	check_written(elf, hashes);
	return 0;
}
