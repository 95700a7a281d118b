/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files are made here byte by byte in either class and byte order, and given to the
 * reader in pages that can only be read and end where the file ends: a store into the
 * image or a read past it is a crash, not a matter of luck.
 */

#include "../../tests/unit.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/buffer.h"
#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../files/file.h"
#include "elf.h"

MS_DEFINE_CLEANUP(cleanup_ctx, struct ms_ctx *, ms_ctx_free)
MS_DEFINE_CLEANUP(cleanup_elf, struct ms_elf *, ms_elf_free)

#define _cleanup_ctx_ _cleanup_(cleanup_ctx)
#define _cleanup_elf_ _cleanup_(cleanup_elf)

/* Bytes in read-only pages, the last byte before a page that cannot be touched. */
struct guarded {
	uint8_t *map;
	size_t size;
	const uint8_t *data;
};

static void guarded_done(struct guarded *g)
{
	munmap(g->map, g->size);
}

static struct guarded guard(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;
	struct guarded g = { .size = room + page };

	g.map = mmap(NULL, g.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	assert_true(g.map != MAP_FAILED);
	g.data = g.map + room - len;
	memcpy(g.map + room - len, data, len);
	assert_int_equal(mprotect(g.map, room ? room : page, PROT_READ), 0);
	assert_int_equal(mprotect(g.map + room, page, PROT_NONE), 0);
	return g;
}

/* Number @v of @size bytes in the byte order of the file that is being made. */
static void put(struct ms_buf *out, bool big, unsigned size, uint64_t v)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(v >> 8 * (big ? size - 1 - i : i));

		assert_int_equal(ms_buf_append(out, &byte, 1), 0);
	}
}

static void put_section(struct ms_buf *out, bool is64, bool big, uint32_t name,
			uint32_t type, uint64_t offset, uint64_t size)
{
	unsigned word = is64 ? 8 : 4;

	put(out, big, 4, name);
	put(out, big, 4, type);
	put(out, big, word, 0); /* flags */
	put(out, big, word, 0); /* address */
	put(out, big, word, offset);
	put(out, big, word, size);
	put(out, big, 8, 0); /* link, info */
	put(out, big, word, 1);
	put(out, big, word, 0);
}

#define NAMES "\0.modinfo\0.shstrtab"
#define INFO                                                                             \
	"\0\0license=GPL\0name=toy\0\0vermagic=6.1.0 SMP mod_unload \0version=\0"        \
	"srcversion=ABC\0name=second\0names=x\0versio"

/* A relocatable file: header, .modinfo, .shstrtab, three section headers. */
static void make_module(struct ms_buf *out, bool is64, bool big)
{
	unsigned word = is64 ? 8 : 4, header = is64 ? 64 : 52;
	size_t info = sizeof(INFO) - 1, names = sizeof(NAMES);

	assert_int_equal(ms_buf_append(out, ELFMAG, SELFMAG), 0);
	put(out, big, 1, is64 ? ELFCLASS64 : ELFCLASS32);
	put(out, big, 1, big ? ELFDATA2MSB : ELFDATA2LSB);
	put(out, big, 1, EV_CURRENT);
	put(out, big, 8, 0);
	put(out, big, 1, 0);
	put(out, big, 2, ET_REL);
	put(out, big, 2, EM_386);
	put(out, big, 4, EV_CURRENT);
	put(out, big, word, 0);
	put(out, big, word, 0);
	put(out, big, word, header + info + names);
	put(out, big, 4, 0);
	put(out, big, 2, header);
	put(out, big, 4, 0); /* no program headers */
	put(out, big, 2, is64 ? 64 : 40);
	put(out, big, 2, 3);
	put(out, big, 2, 2);
	assert_int_equal(out->len, header);
	assert_int_equal(ms_buf_append(out, INFO, info), 0);
	assert_int_equal(ms_buf_append(out, NAMES, names), 0);
	put_section(out, is64, big, 0, SHT_NULL, 0, 0);
	put_section(out, is64, big, 1, SHT_PROGBITS, header, info);
	put_section(out, is64, big, 10, SHT_STRTAB, header + info, names);
}

static void modinfo_is_read_in_either_class_and_byte_order(void **state)
{
	_cleanup_ctx_ struct ms_ctx *ctx = ms_ctx_new();

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
		_cleanup_(ms_modinfo_done) struct ms_modinfo info = { 0 };
		_cleanup_(guarded_done) struct guarded g = { 0 };

		make_module(&file, kind & 1, kind & 2);
		g = guard(file.data, file.len);
		assert_true(ms_elf_is_module(g.data, file.len));
		assert_int_equal(ms_elf_modinfo(ctx, g.data, file.len, &info), 0);
		assert_string_equal(info.name, "toy");
		assert_string_equal(info.vermagic, "6.1.0 SMP mod_unload ");
		assert_string_equal(info.version, "");
		assert_string_equal(info.srcversion, "ABC");
	}
}

static void what_is_no_elf_file_has_no_modinfo_and_is_no_module(void **state)
{
	_cleanup_ctx_ struct ms_ctx *ctx = ms_ctx_new();
	static const char *const files[] = {
		"", "x", "\177ELF", "#!/bin/sh\nexit 0\n...",
		"!<arch>\nan archive, but none of libelf's"
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(files); i++) {
		struct ms_modinfo info = { .name = NULL };
		size_t len = strlen(files[i]);
		_cleanup_(guarded_done) struct guarded g = guard(files[i], len);

		assert_false(ms_elf_is_module(g.data, len));
		assert_int_equal(ms_elf_modinfo(ctx, g.data, len, &info), 0);
		assert_null(info.name);
		assert_null(info.vermagic);
	}
}

static void
a_module_cut_short_or_with_a_byte_changed_is_read_within_its_bounds(void **state)
{
	_cleanup_ctx_ struct ms_ctx *ctx = ms_ctx_new();

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		_cleanup_(ms_buf_done) struct ms_buf file = { 0 };

		make_module(&file, kind & 1, kind & 2);
		for (size_t i = 0; i < 2 * file.len; i++) {
			size_t len = i < file.len ? i : file.len;
			_cleanup_(ms_modinfo_done) struct ms_modinfo info = { 0 };
			_cleanup_(guarded_done) struct guarded g = { 0 };

			if (i >= file.len)
				file.data[i - file.len] ^= 0xff;
			g = guard(file.data, len);
			if (i >= file.len)
				file.data[i - file.len] ^= 0xff;
			/* the section table is last: a shorter file is no module */
			assert_false(i < file.len && ms_elf_is_module(g.data, len));
			assert_int_equal(ms_elf_modinfo(ctx, g.data, len, &info), 0);
		}
	}
}

static void a_section_that_lies_outside_is_an_error_and_not_a_shorter_file(void **state)
{
	_cleanup_ctx_ struct ms_ctx *ctx = ms_ctx_new();
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	_cleanup_elf_ struct ms_elf *elf = NULL;
	struct ms_elf_bytes bytes;
	const char *name;

	(void)state;
	make_module(&file, true, false);
	/* section 1's sh_size: the last but one of the headers, 32 bytes in */
	memset(file.data + file.len - 2 * 64 + 32, 0xff, 8);
	assert_int_equal(ms_elf_open(ctx, file.data, file.len, &elf), 0);
	assert_int_equal(ms_elf_section(ctx, elf, 0, &name, &bytes), -EBADMSG);
	assert_int_equal(ms_elf_section(ctx, elf, 1, &name, &bytes), 0);
	assert_string_equal(name, ".shstrtab");
	assert_int_equal(ms_elf_section(ctx, elf, 2, &name, &bytes), -ENOENT);
}

/* What the linker made of this program is the oracle for symbols. */
extern const char the_symbol_to_find[40];
const char the_symbol_to_find[40] = "bytes that a symbol leads to";

static void a_symbol_leads_to_its_bytes(void **state)
{
	_cleanup_ctx_ struct ms_ctx *ctx = ms_ctx_new();
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	_cleanup_elf_ struct ms_elf *elf = NULL;
	struct ms_elf_bytes bytes;

	(void)state;
	assert_int_equal(ms_file_read(ctx, "/proc/self/exe", 1 << 30, &file), 0);
	assert_int_equal(ms_elf_open(ctx, file.data, file.len, &elf), 0);
	assert_int_equal(ms_elf_is_64(elf), sizeof(long) == 8);
	assert_false(ms_elf_is_module(file.data, file.len));
	assert_true(ms_elf_has_symbols(elf));
	assert_int_equal(ms_elf_symbol(ctx, elf, "the_symbol_to_find", &bytes), 0);
	assert_true(bytes.len >= sizeof(the_symbol_to_find));
	assert_memory_equal(bytes.data, the_symbol_to_find, sizeof(the_symbol_to_find));
	assert_int_equal(ms_elf_symbol(ctx, elf, "the_symbol_to_fin", &bytes), -ENOENT);
	assert_int_equal(ms_elf_symbol(ctx, elf, "sysconf", &bytes), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modinfo_is_read_in_either_class_and_byte_order),
		cmocka_unit_test(what_is_no_elf_file_has_no_modinfo_and_is_no_module),
		cmocka_unit_test(
			a_module_cut_short_or_with_a_byte_changed_is_read_within_its_bounds),
		cmocka_unit_test(
			a_section_that_lies_outside_is_an_error_and_not_a_shorter_file),
		cmocka_unit_test(a_symbol_leads_to_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
