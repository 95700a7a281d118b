/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * ELF files, opened for reading what they say and never for writing.
 *
 * libelf decodes the headers in either class and byte order; every offset and length
 * that comes out of it is checked here once more against the buffer before a byte is
 * looked at, because libelf's own checks differ from one version to the next. The
 * sections are read into a table when the file is opened, so that later look-ups cannot
 * fail half-way. elf_memory() opens as with ELF_C_READ: libelf never stores into the
 * image (a test gives it read-only pages).
 *
 * What always holds: a section whose in_file is set has all its bytes inside of the
 * buffer, and its name ends with a NUL inside of the buffer.
 */

#include "elf-file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"

MS_DEFINE_CLEANUP(cleanup_elf, struct ms_elf *, ms_elf_free)

static void tell_libelf_our_version(void)
{
	elf_version(EV_CURRENT);
}

struct ms_elf *ms_elf_free(struct ms_elf *elf)
{
	if (elf) {
		elf_end(elf->elf);
		free(elf->sections);
		free(elf->with_bytes);
		free(elf);
	}
	return NULL;
}

static bool lies_inside(size_t len, uint64_t offset, uint64_t size)
{
	return offset <= len && size <= len - offset;
}

/* The string at @offset of the section header string table, "" where there is none. */
static const char *section_name(const struct ms_elf_bytes *names, GElf_Word offset)
{
	return names->data && offset < names->len ? (const char *)names->data + offset
						  : "";
}

/*
 * Cuts what follows the last NUL off the table: no string that begins there has an end.
 * Looking for the end of each name instead would cost the table's length for each section
 * of a table without any NUL.
 */
static void cut_behind_last_string(struct ms_elf_bytes *names)
{
	const uint8_t *end = names->len ? memrchr(names->data, '\0', names->len) : NULL;

	names->len = end ? (size_t)(end - names->data) + 1 : 0;
}

static void read_entry(struct ms_elf *elf, size_t index, GElf_Word *ret_name)
{
	struct ms_elf_entry *entry = &elf->sections[index];
	Elf_Scn *scn = elf_getscn(elf->elf, index);
	GElf_Shdr shdr;

	*ret_name = 0;
	entry->name = "";
	if (index == 0 || !scn || !gelf_getshdr(scn, &shdr))
		return;
	*ret_name = shdr.sh_name;
	entry->type = shdr.sh_type;
	entry->link = shdr.sh_link;
	entry->compressed = shdr.sh_flags & SHF_COMPRESSED;
	if (shdr.sh_type == SHT_NOBITS || shdr.sh_type == SHT_NULL)
		return;
	if (!lies_inside(elf->len, shdr.sh_offset, shdr.sh_size)) {
		entry->outside = true;
		return;
	}
	entry->in_file = true;
	entry->bytes = (struct ms_elf_bytes){
		.data = elf->data + shdr.sh_offset,
		.len = (size_t)shdr.sh_size,
		.address = shdr.sh_addr,
	};
}

static void name_sections(struct ms_elf *elf, const GElf_Word *names)
{
	struct ms_elf_bytes table = { 0 };
	size_t index;

	if (elf_getshdrstrndx(elf->elf, &index) == 0 && ms_elf_entry(elf, index))
		table = elf->sections[index].bytes;
	cut_behind_last_string(&table);
	for (size_t i = 0; i < elf->n_sections; i++)
		elf->sections[i].name = section_name(&table, names[i]);
}

/* With what libelf has to say of it, if anything. */
static int no_elf(struct ms_ctx *ctx)
{
	int error = elf_errno();

	return error ? ms_fail(ctx, -EBADMSG, "no ELF file: %s", elf_errmsg(error))
		     : ms_fail(ctx, -EBADMSG, "no ELF file");
}

/*
 * The table is bounded by the file: libelf only tells of as many sections as have their
 * header in it, and that is checked here again.
 */
static int read_sections(struct ms_ctx *ctx, struct ms_elf *elf, const GElf_Ehdr *ehdr)
{
	_cleanup_free_ GElf_Word *names = NULL;
	size_t n, size, each = gelf_fsize(elf->elf, ELF_T_SHDR, 1, EV_CURRENT);

	if (elf_getshdrnum(elf->elf, &n) != 0)
		return no_elf(ctx);
	if (n == 0 && ehdr->e_shoff == 0)
		return 0;
	/* libelf does not look at it; the kernel refuses modules that have another */
	if (ehdr->e_shentsize != each)
		return ms_fail(ctx, -EBADMSG, "ELF section headers of %u bytes, not %zu",
			       ehdr->e_shentsize, each);
	/* libelf counts no section where it cannot read the table */
	if (n == 0 || !ms_mul_ok(n, each, &size) ||
	    !lies_inside(elf->len, ehdr->e_shoff, size))
		return ms_fail(ctx, -EBADMSG, "the ELF section table is not in the file");
	elf->sections = calloc(n, sizeof(*elf->sections));
	elf->with_bytes = calloc(n, sizeof(*elf->with_bytes));
	names = calloc(n, sizeof(*names));
	if (!elf->sections || !elf->with_bytes || !names)
		return ms_fail_nomem(ctx);
	elf->n_sections = n;
	elf->table.data = elf->data + ehdr->e_shoff;
	elf->table.len = size;
	for (size_t i = 0; i < n; i++) {
		read_entry(elf, i, &names[i]);
		if (elf->sections[i].in_file || elf->sections[i].outside)
			elf->with_bytes[elf->n_with_bytes++] = i;
	}
	name_sections(elf, names);
	return 0;
}

static int read_headers(struct ms_ctx *ctx, struct ms_elf *elf)
{
	GElf_Ehdr ehdr;

	/* libelf's image is not const, but only ELF_C_RDWR would write to it */
	elf->elf = elf_memory((char *)(uintptr_t)elf->data, elf->len);
	if (!elf->elf || elf_kind(elf->elf) != ELF_K_ELF ||
	    !gelf_getehdr(elf->elf, &ehdr))
		return no_elf(ctx);
	elf->class = ehdr.e_ident[EI_CLASS];
	elf->encoding = ehdr.e_ident[EI_DATA];
	elf->type = ehdr.e_type;
	elf->machine = ehdr.e_machine;
	elf->header.data = elf->data;
	elf->header.len = gelf_fsize(elf->elf, ELF_T_EHDR, 1, EV_CURRENT);
	return read_sections(ctx, elf, &ehdr);
}

int ms_elf_open(struct ms_ctx *ctx, const uint8_t *data, size_t len, struct ms_elf **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	_cleanup_(cleanup_elf) struct ms_elf *elf = NULL;
	int r;

	/* libelf would also open archives, and asks for memory before it looks at all */
	if (len < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG) != 0)
		return ms_fail(ctx, -EBADMSG, "no ELF file");
	pthread_once(&once, tell_libelf_our_version);
	elf = calloc(1, sizeof(*elf));
	if (!elf)
		return ms_fail_nomem(ctx);
	elf->data = data;
	elf->len = len;
	r = read_headers(ctx, elf);
	if (r < 0)
		return r;
	*ret = ms_steal(&elf);
	return 0;
}

const struct ms_elf_entry *ms_elf_entry(const struct ms_elf *elf, size_t index)
{
	if (index >= elf->n_sections || !elf->sections[index].in_file)
		return NULL;
	return &elf->sections[index];
}

bool ms_elf_is_64(const struct ms_elf *elf)
{
	return elf->class == ELFCLASS64;
}

bool ms_elf_is_big_endian(const struct ms_elf *elf)
{
	return elf->encoding == ELFDATA2MSB;
}

bool ms_elf_is_linked(const struct ms_elf *elf)
{
	return elf->type == ET_EXEC || elf->type == ET_DYN;
}

unsigned ms_elf_machine(const struct ms_elf *elf)
{
	return elf->machine;
}

int ms_elf_section(struct ms_ctx *ctx, const struct ms_elf *elf, size_t i,
		   const char **ret_name, struct ms_elf_bytes *ret)
{
	const struct ms_elf_entry *entry;

	if (i >= elf->n_with_bytes)
		return -ENOENT;
	entry = &elf->sections[elf->with_bytes[i]];
	if (!entry->in_file)
		return ms_fail(ctx, -EBADMSG,
			       "ELF section %zu '%s' lies outside of the file",
			       elf->with_bytes[i], entry->name);
	*ret_name = entry->name;
	*ret = entry->bytes;
	return 0;
}

static bool overlap(const struct ms_elf_bytes *a, const struct ms_elf_bytes *b)
{
	return a->data < b->data ? b->data < a->data + a->len : a->data < b->data + b->len;
}

/* What is wrong with it as a section of plain bytes. */
static int check_plain(struct ms_ctx *ctx, const struct ms_elf *elf,
		       const struct ms_elf_entry *entry)
{
	if (!entry->in_file)
		return ms_fail(ctx, -EBADMSG, "section %s has no bytes in the file",
			       entry->name);
	if (entry->type != SHT_PROGBITS || entry->compressed)
		return ms_fail(ctx, -EBADMSG, "section %s is none of plain bytes: type %u%s",
			       entry->name, entry->type,
			       entry->compressed ? ", compressed" : "");
	if (overlap(&entry->bytes, &elf->header) || overlap(&entry->bytes, &elf->table))
		return ms_fail(ctx, -EBADMSG, "section %s lies over the ELF headers",
			       entry->name);
	return 0;
}

int ms_elf_section_named(struct ms_ctx *ctx, const struct ms_elf *elf, const char *section,
			 struct ms_elf_bytes *ret)
{
	const struct ms_elf_entry *found = NULL;
	int r;

	for (size_t i = 0; i < elf->n_sections; i++) {
		const struct ms_elf_entry *entry = &elf->sections[i];

		if (entry->outside)
			return ms_fail(ctx, -EBADMSG,
				       "ELF section %zu '%s' lies outside of the file", i,
				       entry->name);
		if (strcmp(entry->name, section) != 0)
			continue;
		if (found)
			return ms_fail(ctx, -EBADMSG, "two sections %s", section);
		found = entry;
	}
	if (!found)
		return ms_fail(ctx, -ENOENT, "no section %s", section);
	r = check_plain(ctx, elf, found);
	if (r == 0)
		*ret = found->bytes;
	return r;
}

bool ms_elf_is_module(const uint8_t *data, size_t len)
{
	struct ms_ctx *ctx = ms_ctx_new();
	struct ms_elf *elf = NULL;
	bool is = ctx && ms_elf_open(ctx, data, len, &elf) == 0 && elf->type == ET_REL &&
		  elf->n_sections > 0;

	ms_elf_free(elf);
	ms_ctx_free(ctx);
	return is;
}
