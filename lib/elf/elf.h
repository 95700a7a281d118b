/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_ELF_ELF_H
#define MS_ELF_ELF_H

/* What modseal reads of ELF files, by libelf, without ever changing a byte. */

#include <modseal/base.h>
#include <modseal/module.h>

/** True where @data is a relocatable ELF file that libelf can read: a module. */
bool ms_elf_is_module(const uint8_t *data, size_t len);

/**
 * Reads name, vermagic, version and srcversion of section .modinfo. A module without
 * such a section, or no ELF at all, gives an empty struct.
 *
 * @ret: free with ms_modinfo_done(). -ENOMEM.
 */
int ms_elf_modinfo(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		   struct ms_modinfo *ret);

/** Frees what is in @modinfo; it is empty then. */
void ms_modinfo_done(struct ms_modinfo *modinfo);

/** An ELF file opened for looking up symbols and sections: a vmlinux. */
struct ms_elf;

/** Opens @data (borrowed, outlives the result). -EBADMSG: no ELF file. */
int ms_elf_open(struct ms_ctx *ctx, const uint8_t *data, size_t len, struct ms_elf **ret);
struct ms_elf *ms_elf_free(struct ms_elf *elf);

/** Bytes of the file, borrowed from what ms_elf_open() was given. */
struct ms_elf_bytes {
	const uint8_t *data;
	size_t len;
	uint64_t address; /* where they lie in memory */
};

/** True: 64-bit file. Else 32-bit. */
bool ms_elf_is_64(const struct ms_elf *elf);
/** True: big-endian. */
bool ms_elf_is_big_endian(const struct ms_elf *elf);
/** True: what a linker made to be run. An object file, a module or a core is not. */
bool ms_elf_is_linked(const struct ms_elf *elf);
/** The machine, EM_X86_64 ... of <elf.h>. */
unsigned ms_elf_machine(const struct ms_elf *elf);
/** True where it has a symbol table with symbols in it. */
bool ms_elf_has_symbols(const struct ms_elf *elf);

/**
 * The bytes from @symbol to the end of its section (len), and its address. -ENOENT: no
 * such symbol; -EBADMSG: it points nowhere.
 */
int ms_elf_symbol(struct ms_ctx *ctx, const struct ms_elf *elf, const char *symbol,
		  struct ms_elf_bytes *ret);

/**
 * The @i-th section that has bytes in the file (any order, from 0). -ENOENT past the
 * last; -EBADMSG where its bytes lie outside of the file. @ret_name is borrowed.
 */
int ms_elf_section(struct ms_ctx *ctx, const struct ms_elf *elf, size_t i,
		   const char **ret_name, struct ms_elf_bytes *ret);

/**
 * The bytes of the one section @section, as they are in memory when the file runs.
 * -ENOENT: there is none; -EBADMSG: there are two, it is of another kind than plain bytes
 * (SHT_PROGBITS), it lies over the file's headers, or any section is not in the file.
 */
int ms_elf_section_named(struct ms_ctx *ctx, const struct ms_elf *elf, const char *section,
			 struct ms_elf_bytes *ret);

#endif
