/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_IMAGE_LISTS_H
#define MS_IMAGE_LISTS_H

/* The lists of certificates that are linked into a kernel. */

#include "../elf/elf.h"
#include "reading.h"

/** How the kernel's build lays out certs/system_certificates.S for a machine. */
struct ms_layout {
	unsigned word; /* bytes of an unsigned long: 4 or 8 */
	bool big_endian;
	unsigned align;	    /* bytes that .align 8 aligns to: 8 or 256 */
	unsigned int_align; /* bytes that .align 4 aligns to: 4 or 16 */
};

/**
 * The layout for an ELF machine number. False where it is not known what the assembler of
 * that machine makes of .align.
 */
bool ms_layout_of(unsigned machine, bool is64, bool big_endian, struct ms_layout *ret);

/** A list that was found: where it lies and how it is divided. */
struct ms_list {
	struct ms_elf_bytes bytes; /* from the first certificate to the last one's end */
	size_t own;		   /* bytes at the start: module_cert_size */
	size_t extra;		   /* bytes at the end: system_extra_cert_used */
};

/**
 * What the word behind a list's size says. Only BOUNDARY is the mark of the list of
 * trusted certificates: the size of the module signing certificate at its start.
 */
enum ms_list_second {
	MS_SECOND_OTHER = 0, /* it cannot be module_cert_size */
	MS_SECOND_ZERO,	     /* could be, or is just empty space */
	MS_SECOND_BOUNDARY,  /* some certificates of the list are exactly so long */
};

struct ms_candidate {
	struct ms_list list;
	enum ms_list_second second;
	bool in_init; /* in a section of what is dropped after the kernel's start */
};

struct ms_candidates {
	struct ms_candidate *items;
	size_t n;
	size_t room;	 /* in items */
	uint64_t budget; /* steps that may still be spent on looking, one a byte */
};

/**
 * The budget for an image of @len bytes, of which a real kernel uses a tenth: walking
 * over every byte of it once, and over its certificates a few times.
 */
static inline uint64_t ms_lists_budget(size_t len)
{
	return (UINT64_C(1) << 16) + (uint64_t)len * 4;
}

/**
 * Finds by their shape all lists in @region, which is one section (NULL @section: or not
 * known to be one): certificates from an aligned place on, and behind them the size that
 * they really have.
 * -EBADMSG: so much looks like certificates that it is no kernel; -ENOMEM.
 */
int ms_lists_scan(struct ms_reading *reading, const struct ms_layout *layout,
		  const struct ms_elf_bytes *region, const char *section,
		  struct ms_candidates *candidates);

/** What a kernel's own messages say of the lists that it has. */
enum ms_list_notices {
	MS_NOTICES_UNKNOWN = 0,	  /* it has no messages, or not these */
	MS_NOTICES_NO_REVOCATION, /* it loads trusted certificates and no revoked ones */
};

/**
 * Adds the certificates of the lists that were found by shape alone, if it is beyond
 * doubt which of them is trusted. -EBADMSG: it is not.
 */
int ms_lists_settle(struct ms_reading *reading, const struct ms_candidates *candidates,
		    enum ms_list_notices notices);

/** Adds the certificates of the list, as the kernel's loader goes through it. */
int ms_lists_add(struct ms_reading *reading, const struct ms_list *list, bool revoked);

/** Reads a number of the kernel's at @bytes + @offset. -EBADMSG: it is not there. */
int ms_layout_word(const struct ms_layout *layout, const struct ms_elf_bytes *bytes,
		   size_t offset, uint64_t *ret);
int ms_layout_int(const struct ms_layout *layout, const struct ms_elf_bytes *bytes,
		  size_t offset, uint32_t *ret);

void ms_candidates_done(struct ms_candidates *candidates);

#endif
