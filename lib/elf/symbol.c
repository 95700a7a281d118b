/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Symbols of a vmlinux: where a name lies in the file.
 *
 * A symbol's value is an address in a linked file and an offset into its section in a
 * relocatable one. Global symbols are what the kernel's C code sees by that name; a local
 * one of the same name is another thing, and is only looked at where there is no global.
 * Two that are equally good are refused: nobody could tell which one the kernel reads.
 */

#include <errno.h>
#include <string.h>

#include "../base/context.h"
#include "elf-file.h"

/* The symbol table's entries, decoded by libelf, and the names that belong to it. */
struct table {
	Elf_Data *data;
	size_t n;
	struct ms_elf_bytes names;
};

/* A linked file has one SHT_SYMTAB at most; .dynsym names no kernel data. */
static bool find_table(const struct ms_elf *elf, struct table *ret)
{
	for (size_t i = 0; i < elf->n_sections; i++) {
		const struct ms_elf_entry *entry = ms_elf_entry(elf, i);
		const struct ms_elf_entry *names;
		size_t size = gelf_fsize(elf->elf, ELF_T_SYM, 1, EV_CURRENT);

		if (!entry || entry->type != SHT_SYMTAB)
			continue;
		names = ms_elf_entry(elf, entry->link);
		ret->data = elf_getdata(elf_getscn(elf->elf, i), NULL);
		if (!names || !ret->data || !ret->data->d_buf)
			return false;
		ret->n = (ret->data->d_size < entry->bytes.len ? ret->data->d_size
							       : entry->bytes.len) /
			 size;
		ret->names = names->bytes;
		return ret->n <= INT32_MAX;
	}
	return false;
}

static bool has_name(const struct table *table, GElf_Word offset, const char *name)
{
	size_t size = strlen(name) + 1;

	return offset < table->names.len && size <= table->names.len - offset &&
	       memcmp(table->names.data + offset, name, size) == 0;
}

static bool is_defined(const GElf_Sym *symbol)
{
	return symbol->st_shndx != SHN_UNDEF &&
	       GELF_ST_TYPE(symbol->st_info) != STT_FILE &&
	       GELF_ST_TYPE(symbol->st_info) != STT_SECTION;
}

/* 0 = local, 1 = global or weak: the better one wins. */
static int rank_of(const GElf_Sym *symbol)
{
	return GELF_ST_BIND(symbol->st_info) != STB_LOCAL;
}

bool ms_elf_has_symbols(const struct ms_elf *elf)
{
	struct table table;
	GElf_Sym symbol;

	if (!find_table(elf, &table))
		return false;
	for (size_t i = 0; i < table.n; i++)
		if (gelf_getsym(table.data, (int)i, &symbol) && symbol.st_name != 0 &&
		    is_defined(&symbol))
			return true;
	return false;
}

static int find_symbol(struct ms_ctx *ctx, const struct ms_elf *elf, const char *name,
		       GElf_Sym *ret)
{
	struct table table;
	int best = -1;
	bool doubled = false;

	if (!find_table(elf, &table))
		return ms_fail(ctx, -ENOENT, "no symbol table");
	for (size_t i = 0; i < table.n; i++) {
		GElf_Sym symbol;

		if (!gelf_getsym(table.data, (int)i, &symbol) || !is_defined(&symbol) ||
		    !has_name(&table, symbol.st_name, name) || rank_of(&symbol) < best)
			continue;
		if (rank_of(&symbol) > best) {
			best = rank_of(&symbol);
			doubled = false;
			*ret = symbol;
		} else if (symbol.st_value != ret->st_value ||
			   symbol.st_shndx != ret->st_shndx) {
			doubled = true;
		}
	}
	if (best < 0)
		return ms_fail(ctx, -ENOENT, "no symbol '%s'", name);
	if (doubled)
		return ms_fail(ctx, -EBADMSG, "two symbols '%s'", name);
	return 0;
}

int ms_elf_symbol(struct ms_ctx *ctx, const struct ms_elf *elf, const char *symbol,
		  struct ms_elf_bytes *ret)
{
	const struct ms_elf_entry *entry;
	GElf_Sym found = { 0 };
	uint64_t offset;
	int r = find_symbol(ctx, elf, symbol, &found);

	if (r < 0)
		return r;
	entry = found.st_shndx < SHN_LORESERVE ? ms_elf_entry(elf, found.st_shndx) : NULL;
	offset = entry && elf->type != ET_REL ? found.st_value - entry->bytes.address
					      : found.st_value;
	if (!entry || offset > entry->bytes.len)
		return ms_fail(ctx, -EBADMSG,
			       "symbol '%s' points to no bytes of the file", symbol);
	*ret = (struct ms_elf_bytes){
		.data = entry->bytes.data + offset,
		.len = entry->bytes.len - (size_t)offset,
		.address = entry->bytes.address + offset,
	};
	return 0;
}
