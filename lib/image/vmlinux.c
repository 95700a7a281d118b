/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel proper, as an ELF file (vmlinux, or what a bzImage unpacks to) or as the
 * bytes that lie in memory (arm64's Image and its like).
 *
 * Where there are symbols they say where the lists are. The lists are looked for by their
 * shape even then: one that the symbols do not name means that the symbol table is not
 * whole, and then nobody knows what the list is for.
 */

#include "vmlinux.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "hashes.h"
#include "lists.h"

MS_DEFINE_CLEANUP(cleanup_elf, struct ms_elf *, ms_elf_free)

/* Scans every section, or all of the file where there are none. */
static int scan_file(struct ms_reading *reading, const struct ms_elf *elf,
		     const struct ms_layout *layout, const uint8_t *data, size_t len,
		     struct ms_candidates *candidates)
{
	struct ms_elf_bytes bytes = { .data = data, .len = len };
	const char *name;
	size_t i = 0;
	int r;

	while ((r = ms_elf_section(reading->ctx, elf, i, &name, &bytes)) == 0) {
		r = ms_lists_scan(reading, layout, &bytes, name, candidates);
		if (r < 0)
			return r;
		i++;
	}
	if (r != -ENOENT)
		return ms_fail_prefix(reading->ctx, r, "'%s'", reading->shown);
	return i > 0 ? 0 : ms_lists_scan(reading, layout, &bytes, NULL, candidates);
}

/* A number of the kernel's by its symbol. -ENOENT: no such symbol. */
static int symbol_word(struct ms_reading *reading, const struct ms_elf *elf,
		       const struct ms_layout *layout, const char *symbol, uint64_t *ret)
{
	struct ms_elf_bytes bytes;
	int r = ms_elf_symbol(reading->ctx, elf, symbol, &bytes);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return ms_fail_prefix(reading->ctx, r, "'%s'", reading->shown);
	r = ms_layout_word(layout, &bytes, 0, ret);
	if (r < 0)
		return ms_reading_fail(reading, r, "symbol '%s' is cut off", symbol);
	return 0;
}

/*
 * A list and its size. -ENOENT: the kernel has none; the size without the list or the
 * other way round is no kernel.
 */
static int symbol_list(struct ms_reading *reading, const struct ms_elf *elf,
		       const struct ms_layout *layout, const char *list_symbol,
		       const char *size_symbol, struct ms_list *ret)
{
	struct ms_elf_bytes bytes;
	uint64_t size = 0;
	int has_list = ms_elf_symbol(reading->ctx, elf, list_symbol, &bytes);
	int has_size = symbol_word(reading, elf, layout, size_symbol, &size);

	if (has_list == -ENOENT && has_size == -ENOENT)
		return -ENOENT;
	if (has_list < 0 || has_size < 0 || size > bytes.len)
		return ms_reading_fail(reading, -EBADMSG, "symbol '%s' leads to no list",
				       list_symbol);
	bytes.len = (size_t)size;
	*ret = (struct ms_list){ .bytes = bytes };
	return 0;
}

/* How the trusted list is divided; kernels before 5.3 do not say where their key ends. */
static int divide(struct ms_reading *reading, const struct ms_elf *elf,
		  const struct ms_layout *layout, struct ms_list *list)
{
	struct ms_elf_bytes bytes;
	uint64_t own = 0;
	uint32_t used = 0;
	int r = symbol_word(reading, elf, layout, "module_cert_size", &own);

	if (r < 0 && r != -ENOENT)
		return r;
	r = ms_elf_symbol(reading->ctx, elf, "system_extra_cert_used", &bytes);
	if (r == 0)
		r = ms_layout_int(layout, &bytes, 0, &used);
	if ((r < 0 && r != -ENOENT) || used > list->bytes.len ||
	    own > list->bytes.len - used)
		return ms_reading_fail(
			reading, -EBADMSG,
			"the sizes of its certificates contradict each other");
	list->own = (size_t)own;
	list->extra = used;
	return 0;
}

/* Every list that shows by its shape must be one that has a name. */
static int check_named(struct ms_reading *reading, const struct ms_candidates *candidates,
		       const struct ms_list *trusted, const struct ms_list *revoked)
{
	for (size_t i = 0; i < candidates->n; i++) {
		const uint8_t *data = candidates->items[i].list.bytes.data;

		if (data != trusted->bytes.data && data != revoked->bytes.data)
			return ms_reading_fail(
				reading, -EBADMSG,
				"it has a list of certificates that its symbols "
				"do not name");
	}
	return 0;
}

static int read_by_symbols(struct ms_reading *reading, const struct ms_elf *elf,
			   const struct ms_layout *layout,
			   const struct ms_candidates *candidates)
{
	struct ms_list trusted = { 0 }, revoked = { 0 };
	int has_trusted, has_revoked, r;

	has_trusted = symbol_list(reading, elf, layout, "system_certificate_list",
				  "system_certificate_list_size", &trusted);
	if (has_trusted < 0 && has_trusted != -ENOENT)
		return has_trusted;
	has_revoked = symbol_list(reading, elf, layout, "revocation_certificate_list",
				  "revocation_certificate_list_size", &revoked);
	if (has_revoked < 0 && has_revoked != -ENOENT)
		return has_revoked;
	r = check_named(reading, candidates, &trusted, &revoked);
	if (r == 0 && has_trusted == 0)
		r = divide(reading, elf, layout, &trusted);
	if (r == 0)
		r = ms_lists_add(reading, &trusted, false);
	if (r == 0)
		r = ms_lists_add(reading, &revoked, true);
	reading->source->has_symbols = r == 0;
	return r;
}

static int read_lists(struct ms_reading *reading, const struct ms_elf *elf,
		      const uint8_t *data, size_t len)
{
	_cleanup_(ms_candidates_done) struct ms_candidates candidates = {
		.budget = ms_lists_budget(len),
	};
	struct ms_layout layout;
	int r;

	if (!ms_layout_of(ms_elf_machine(elf), ms_elf_is_64(elf),
			  ms_elf_is_big_endian(elf), &layout))
		return ms_reading_fail(reading, -EBADMSG,
				       "a kernel for machine %u, which is not known",
				       ms_elf_machine(elf));
	r = scan_file(reading, elf, &layout, data, len, &candidates);
	if (r < 0)
		return r;
	if (ms_elf_has_symbols(elf))
		return read_by_symbols(reading, elf, &layout, &candidates);
	return ms_lists_settle(reading, &candidates, ms_kernel_notices(data, len));
}

static int read_hashes(struct ms_reading *reading, const struct ms_elf *elf)
{
	int r = ms_hashes_read(reading->ctx, elf, reading->hashes);

	if (r == -ENOENT && !reading->only_hashes) {
		ms_fail_clear(reading->ctx);
		return 0;
	}
	return r < 0 ? ms_fail_prefix(reading->ctx, r == -ENOENT ? -EBADMSG : r, "'%s'",
				      reading->shown)
		     : 0;
}

static bool is_elf(const uint8_t *data, size_t len)
{
	return len >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static int read_elf(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_elf) struct ms_elf *elf = NULL;
	int r = ms_elf_open(reading->ctx, data, len, &elf);

	if (r < 0)
		return ms_fail_prefix(reading->ctx, r, "'%s'", reading->shown);
	if (!ms_elf_is_linked(elf))
		return ms_reading_fail(reading, -EBADMSG,
				       "an object file, module or core, no kernel image");
	if (reading->only_hashes)
		return read_hashes(reading, elf);
	r = ms_kernel_read_strings(reading, data, len);
	if (r < 0)
		return r;
	if (!reading->source->release)
		return ms_reading_fail(
			reading, -EBADMSG,
			"no kernel image: an ELF file that names no Linux version");
	reading->source->has_sections = true;
	r = read_lists(reading, elf, data, len);
	return r == 0 && reading->hashes ? read_hashes(reading, elf) : r;
}

const struct ms_image_format ms_image_vmlinux = {
	.name = "vmlinux",
	.is = is_elf,
	.read = read_elf,
};
