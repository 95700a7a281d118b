/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Section .module_hashes of vmlinux, in either form. Its size tells which:
 *
 *	root, 36 bytes              list, 4 + 32 * CONFIG_MODULE_HASHES_MAX bytes
 *	0   levels, 4, native       0   count, 4, big-endian
 *	4   hash, 32                4   count digests, 32 each, ascending
 *	                                zeros up to the end
 *
 * A list with room for one digest would be as large as a root, and counts as one. As the
 * linker leaves it the section is all zeros: the root of no module, or an empty list.
 *
 * A kernel finds a digest by halving the list, so one that is not ascending, which no
 * kernel reads to its end, is refused here.
 */

#include "hashes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/cursor.h"
#include "../files/file.h"
#include "reading.h"

enum { ROOT_LEN = 4 + MS_MERKLE_HASH_LEN, MAX_TEXT = 256 };

MS_DEFINE_CLEANUP(cleanup_hashes, struct ms_kernel_hashes *, ms_kernel_hashes_free)

int ms_hashes_find(struct ms_ctx *ctx, const struct ms_elf *elf, struct ms_elf_bytes *ret)
{
	int r = ms_elf_section_named(ctx, elf, MS_HASHES_SECTION, ret);

	return r == -ENOENT ? ms_hint(ctx, r,
				      "a kernel with CONFIG_MODULE_HASHES has one")
			    : r;
}

static int decode_root(struct ms_ctx *ctx, struct ms_cursor c, bool big_endian,
		       struct ms_kernel_hashes *hashes)
{
	static const uint8_t zeros[MS_MERKLE_HASH_LEN];
	struct ms_merkle_root *root = &hashes->root;
	const uint8_t *hash;
	int r = big_endian ? ms_cur_be32(&c, &root->levels)
			   : ms_cur_le32(&c, &root->levels);

	r = r < 0 ? r : ms_cur_bytes(&c, sizeof(root->hash), &hash);
	if (r < 0)
		return ms_fail(ctx, r, MS_HASHES_SECTION " is cut off");
	memcpy(root->hash, hash, sizeof(root->hash));
	hashes->form = MS_HASHES_ROOT;
	if (root->levels > MS_MERKLE_MAX_LEVELS ||
	    !root->levels != !memcmp(root->hash, zeros, sizeof(zeros)))
		return ms_fail(ctx, -EBADMSG, MS_HASHES_SECTION " holds no root: %u levels",
			       root->levels);
	return 0;
}

static int decode_list(struct ms_ctx *ctx, struct ms_cursor c,
		       struct ms_kernel_hashes *hashes)
{
	const uint8_t *digests;
	uint32_t count;

	hashes->form = MS_HASHES_LIST;
	hashes->capacity = (ms_cur_left(&c) - 4) / MS_MERKLE_HASH_LEN;
	if (ms_cur_be32(&c, &count) < 0 || count > hashes->capacity ||
	    ms_cur_bytes(&c, (size_t)count * MS_MERKLE_HASH_LEN, &digests) < 0)
		return ms_fail(ctx, -EBADMSG,
			       MS_HASHES_SECTION
			       " counts more digests than it has room for");
	hashes->list = calloc(count + (size_t)1, sizeof(*hashes->list));
	if (!hashes->list)
		return ms_fail_nomem(ctx);
	if (count)
		memcpy(hashes->list, digests, (size_t)count * MS_MERKLE_HASH_LEN);
	hashes->count = count;
	for (size_t i = 1; i < count; i++)
		if (memcmp(hashes->list[i - 1], hashes->list[i], MS_MERKLE_HASH_LEN) >= 0)
			return ms_fail(ctx, -EBADMSG,
				       "digest %zu in " MS_HASHES_SECTION
				       " is not above the one before it",
				       i);
	return 0;
}

int ms_hashes_read(struct ms_ctx *ctx, const struct ms_elf *elf,
		   struct ms_kernel_hashes **ret)
{
	_cleanup_(cleanup_hashes) struct ms_kernel_hashes *hashes = calloc(1, sizeof(*hashes));
	struct ms_elf_bytes bytes = { 0 };
	struct ms_cursor c;
	int r;

	if (!hashes)
		return ms_fail_nomem(ctx);
	r = ms_hashes_find(ctx, elf, &bytes);
	if (r < 0)
		return r;
	hashes->elf_class = ms_elf_is_64(elf) ? 2 : 1;
	hashes->elf_encoding = ms_elf_is_big_endian(elf) ? 2 : 1;
	hashes->elf_machine = (uint16_t)ms_elf_machine(elf);
	c = ms_cur_of(bytes.data, bytes.len);
	if (bytes.len == ROOT_LEN)
		r = decode_root(ctx, c, ms_elf_is_big_endian(elf), hashes);
	else if (bytes.len > ROOT_LEN && (bytes.len - 4) % MS_MERKLE_HASH_LEN == 0)
		r = decode_list(ctx, c, hashes);
	else
		r = ms_fail(ctx, -EBADMSG,
			    MS_HASHES_SECTION " has %zu bytes: a root has %d, a list 4 and "
					      "32 for each digest",
			    bytes.len, ROOT_LEN);
	if (r == 0)
		*ret = ms_steal(&hashes);
	return r;
}

static void put_u32(uint32_t value, bool big_endian, uint8_t *ret)
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(value >> (big_endian ? 24 - 8 * i : 8 * i));
}

int ms_hashes_encode(struct ms_ctx *ctx, const struct ms_kernel_hashes *hashes,
		     bool big_endian, size_t len, uint8_t *ret)
{
	bool is_root = len == ROOT_LEN;

	if (hashes->form != (is_root ? MS_HASHES_ROOT : MS_HASHES_LIST))
		return ms_fail(ctx, -EINVAL, MS_HASHES_SECTION " is for a %s",
			       is_root ? "root" : "list");
	memset(ret, 0, len);
	if (is_root) {
		put_u32(hashes->root.levels, big_endian, ret);
		memcpy(ret + 4, hashes->root.hash, MS_MERKLE_HASH_LEN);
		return 0;
	}
	if (len < 4 || hashes->count > (len - 4) / MS_MERKLE_HASH_LEN) {
		int r = ms_fail(ctx, -E2BIG,
				"%zu digests: " MS_HASHES_SECTION " has room for %zu",
				hashes->count, (len - 4) / MS_MERKLE_HASH_LEN);

		return ms_hint(ctx, r, "CONFIG_MODULE_HASHES_MAX says for how many");
	}
	put_u32((uint32_t)hashes->count, true, ret);
	if (hashes->count)
		memcpy(ret + 4, hashes->list, hashes->count * MS_MERKLE_HASH_LEN);
	return 0;
}

/* A file with a root's text: one line, with or without a newline at its end. */
static int read_text(struct ms_ctx *ctx, const char *path, const struct ms_buf *file,
		     struct ms_kernel_hashes **ret)
{
	_cleanup_(cleanup_hashes) struct ms_kernel_hashes *hashes = calloc(1, sizeof(*hashes));
	char text[MAX_TEXT];
	size_t len = file->len;
	int r;

	if (!hashes)
		return ms_fail_nomem(ctx);
	if (len == 0)
		return ms_fail(ctx, -EBADMSG, "'%s': the file is empty, no root", path);
	if (file->data[len - 1] == '\n')
		len--;
	if (len >= sizeof(text) || memchr(file->data, '\0', len))
		return ms_fail(ctx, -EBADMSG, "'%s': no root, and no kernel image", path);
	memcpy(text, file->data, len);
	text[len] = '\0';
	hashes->form = MS_HASHES_ROOT;
	r = ms_merkle_root_parse(ctx, text, &hashes->root);
	if (r < 0)
		return ms_fail_prefix(ctx, -EBADMSG, "'%s'", path);
	*ret = ms_steal(&hashes);
	return 0;
}

static int read_image(struct ms_ctx *ctx, const char *path, const struct ms_buf *file,
		      struct ms_kernel_hashes **ret)
{
	_cleanup_(cleanup_hashes) struct ms_kernel_hashes *hashes = NULL;
	struct ms_reading reading = {
		.ctx = ctx,
		.shown = path,
		.max_size = MS_IMAGE_MAX_SIZE,
		.source = &(struct ms_source){ 0 },
		.hashes = &hashes,
		.only_hashes = true,
	};
	int r = ms_image_read(&reading, file->data, file->len);

	free(reading.source->release);
	if (r < 0)
		return r;
	if (!hashes)
		return ms_fail(ctx, -EBADMSG,
			       "'%s': an image without ELF sections: its vmlinux tells",
			       path);
	*ret = ms_steal(&hashes);
	return 0;
}

/* Nobody has a file of such a name; who wrote it meant a root. */
static bool looks_like_root(const char *source)
{
	size_t digits = strspn(source, "0123456789");
	size_t hex = strspn(source, "0123456789abcdefABCDEF");

	return (digits && source[digits] == ':') || (hex >= 32 && !source[hex]);
}

int ms_kernel_hashes_read(struct ms_ctx *ctx, const char *source,
			  struct ms_kernel_hashes **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	struct ms_merkle_root root;
	int r = ms_merkle_root_parse(ctx, source, &root);

	if (r == 0) {
		*ret = calloc(1, sizeof(**ret));
		if (!*ret)
			return ms_fail_nomem(ctx);
		(*ret)->form = MS_HASHES_ROOT;
		(*ret)->root = root;
		return 0;
	}
	ms_fail_clear(ctx);
	r = ms_file_read(ctx, source, MS_IMAGE_MAX_SIZE, &file);
	if (r == -ENOENT && looks_like_root(source))
		return ms_fail_prefix(ctx, ms_merkle_root_parse(ctx, source, &root), "'%s'",
				      source);
	if (r < 0)
		return ms_hint(ctx, r,
			       "a root is LEVELS:HEX, a file with that, or a kernel image");
	if (file.len && ms_image_is_one(file.data, file.len))
		return read_image(ctx, source, &file, ret);
	return read_text(ctx, source, &file, ret);
}
