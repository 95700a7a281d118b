/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writing into section .module_hashes of a vmlinux, as objcopy --update-section does, but
 * without touching another byte: the section has its size from the linker, so what is new
 * lies where the old was.
 *
 * Nothing is written that was not read back: first from the new bytes in memory, which are
 * parsed again from the ELF header on, and once more from the file when it is in place.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file-set.h"
#include "../files/file.h"
#include "hashes.h"
#include "reading.h"

MS_DEFINE_CLEANUP(cleanup_elf, struct ms_elf *, ms_elf_free)
MS_DEFINE_CLEANUP(cleanup_hashes, struct ms_kernel_hashes *, ms_kernel_hashes_free)
MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

/*
 * The kernel reads where the symbol points to, which must be what is written here; either
 * form may be absent.
 */
static int check_symbol(struct ms_ctx *ctx, const struct ms_elf *elf, const char *symbol,
			const struct ms_elf_bytes *section)
{
	struct ms_elf_bytes bytes;
	int r = ms_elf_symbol(ctx, elf, symbol, &bytes);

	if (r == -ENOENT)
		return 0;
	if (r == 0 && bytes.data != section->data)
		r = ms_fail(ctx, -EBADMSG,
			    "symbol %s is not where " MS_HASHES_SECTION " begins", symbol);
	return r;
}

/*
 * A vmlinux without any symbols was stripped: it is no longer what the build links and
 * packs.
 */
static int check_symbols(struct ms_ctx *ctx, const struct ms_elf *elf,
			 const struct ms_elf_bytes *section)
{
	int r;

	if (!ms_elf_has_symbols(elf)) {
		r = ms_fail(ctx, -EBADMSG, "no symbols: it was stripped");
		return ms_hint(ctx, r, "the vmlinux that the build linked is meant");
	}
	r = check_symbol(ctx, elf, "module_hashes_root", section);
	return r < 0 ? r : check_symbol(ctx, elf, "module_hashes_list", section);
}

/* @ret_section: where in @file it is. */
static int open_vmlinux(struct ms_ctx *ctx, const struct ms_buf *file,
			struct ms_elf_bytes *ret_section, struct ms_kernel_hashes **ret)
{
	_cleanup_(cleanup_elf) struct ms_elf *elf = NULL;
	int r = ms_elf_open(ctx, file->data, file->len, &elf);

	if (r < 0)
		return r;
	if (!ms_elf_is_linked(elf))
		return ms_fail(ctx, -EBADMSG,
			       "an object file, module or core, no vmlinux");
	r = ms_hashes_find(ctx, elf, ret_section);
	if (r == 0)
		r = check_symbols(ctx, elf, ret_section);
	return r == 0 ? ms_hashes_read(ctx, elf, ret) : r;
}

int ms_vmlinux_hashes_read(struct ms_ctx *ctx, const char *path,
			   struct ms_kernel_hashes **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	struct ms_elf_bytes section;
	int r = ms_file_read(ctx, path, MS_IMAGE_MAX_SIZE, &file);

	if (r < 0)
		return r;
	r = open_vmlinux(ctx, &file, &section, ret);
	return r < 0 ? ms_fail_prefix(ctx, r == -ENOENT ? -EBADMSG : r, "'%s'", path) : 0;
}

static bool same(const struct ms_kernel_hashes *a, const struct ms_kernel_hashes *b)
{
	if (a->form != b->form)
		return false;
	if (a->form == MS_HASHES_ROOT)
		return ms_merkle_root_same(&a->root, &b->root);
	return a->count == b->count &&
	       (!a->count || !memcmp(a->list, b->list, a->count * sizeof(*a->list)));
}

/* Changes the bytes of @file, and reads them again. */
static int change(struct ms_ctx *ctx, struct ms_buf *file,
		  const struct ms_kernel_hashes *hashes)
{
	_cleanup_(cleanup_hashes) struct ms_kernel_hashes *before = NULL, *after = NULL;
	struct ms_elf_bytes section = { 0 };
	int r = open_vmlinux(ctx, file, &section, &before);

	if (r == 0 && before)
		r = ms_hashes_encode(ctx, hashes, before->elf_encoding == 2, section.len,
				     file->data + (section.data - file->data));
	if (r == 0)
		r = open_vmlinux(ctx, file, &section, &after);
	if (r < 0)
		return r;
	if (!after || !same(after, hashes))
		return ms_fail(ctx, -EIO, "what was written does not read back");
	return 0;
}

static int replace(struct ms_ctx *ctx, const char *path, const struct ms_buf *file,
		   const struct stat *st)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	struct ms_identity was = ms_identity_of(st);
	int r;

	if (!set)
		return ms_fail_nomem(ctx);
	r = ms_file_set_add(ctx, set,
			    &(const struct ms_new_file){
				    .path = path,
				    .data = file->data,
				    .len = file->len,
				    .mode = 0666,
				    .was = &was,
			    });
	return r < 0 ? r : ms_file_set_commit(ctx, set);
}

int ms_vmlinux_hashes_write(struct ms_ctx *ctx, const char *path, const char *output,
			    const struct ms_kernel_hashes *hashes)
{
	_cleanup_(cleanup_hashes) struct ms_kernel_hashes *there = NULL;
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	struct stat st;
	int r = ms_file_read_at(ctx, AT_FDCWD, path, path, false, MS_IMAGE_MAX_SIZE, &file,
				&st);

	if (r < 0)
		return r;
	r = change(ctx, &file, hashes);
	if (r < 0)
		return ms_fail_prefix(ctx, r == -ENOENT ? -EBADMSG : r, "'%s'", path);
	if (output)
		r = ms_file_replace(ctx, output, file.data, file.len, st.st_mode & 0777,
				    true);
	else
		r = replace(ctx, path, &file, &st);
	if (r == 0)
		r = ms_vmlinux_hashes_read(ctx, output ? output : path, &there);
	if (r == 0 && (!there || !same(there, hashes)))
		r = ms_fail(ctx, -EIO, "'%s': what was written does not read back",
			    output ? output : path);
	return r;
}
