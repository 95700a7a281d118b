/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_ELF_ELF_FILE_H
#define MS_ELF_ELF_FILE_H

/* Inside lib/elf: an opened file with its sections, each checked once. */

#include <gelf.h>

#include "elf.h"

/** One section header, and whether the bytes that it speaks of are there. */
struct ms_elf_entry {
	const char *name; /* borrowed from the file; "" where it has none */
	GElf_Word type;
	GElf_Word link;
	bool compressed;
	struct ms_elf_bytes bytes;
	bool in_file; /* has bytes, and all of them lie in the file */
	bool outside; /* claims bytes that are not in the file */
};

struct ms_elf {
	Elf *elf;
	const uint8_t *data; /* borrowed */
	size_t len;
	int class;
	int encoding;
	GElf_Half type;
	GElf_Half machine;
	struct ms_elf_entry *sections; /* by section index */
	size_t n_sections;
	struct ms_elf_bytes header, table; /* of the file, and of its sections */
	size_t *with_bytes; /* the indices of those that have bytes */
	size_t n_with_bytes;
};

/** The section of that index; NULL: there is none, or its bytes are not in the file. */
const struct ms_elf_entry *ms_elf_entry(const struct ms_elf *elf, size_t index);

#endif
