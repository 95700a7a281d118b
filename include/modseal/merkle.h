/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_MERKLE_H
#define MODSEAL_MERKLE_H

/*
 * What a kernel with hash-based module integrity knows of its modules: the root of a Merkle
 * tree over them, or the list of their digests. It lies in section .module_hashes of
 * vmlinux ("module: Introduce hash-based integrity checking", version 5, for the root).
 */

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** More levels than positions of 32 bits have a use for. */
#define MS_MERKLE_MAX_LEVELS 32

/**
 * The root of a tree: a value, as the kernel has it, to which nothing will be added. Zero
 * is the tree of no module, which no proof leads to.
 */
struct ms_merkle_root {
	uint32_t levels; /* of siblings in a proof: 0 to MS_MERKLE_MAX_LEVELS */
	uint8_t hash[32];
};

/** Room for a root in text: "13:" and 64 hex digits, with its NUL. */
#define MS_MERKLE_ROOT_TEXT 68

/** Writes the root as "LEVELS:HEX". */
MS_PUBLIC void ms_merkle_root_text(const struct ms_merkle_root *root,
				   char ret[MS_MERKLE_ROOT_TEXT]);

/**
 * Reads "LEVELS:HEX": a decimal number and 64 lower case hex digits, nothing else.
 * -EINVAL: it is not that, has more levels than a tree can have, or has none and yet a
 * hash.
 */
MS_PUBLIC int ms_merkle_root_parse(struct ms_ctx *ctx, const char *text,
				   struct ms_merkle_root *ret);

MS_PUBLIC bool ms_merkle_root_same(const struct ms_merkle_root *a,
				   const struct ms_merkle_root *b);

enum ms_hashes_form {
	MS_HASHES_NONE = 0,
	MS_HASHES_ROOT,
	MS_HASHES_LIST,
};

/** What a kernel knows of its modules. */
struct ms_kernel_hashes;

/** Which of the two it is. */
MS_PUBLIC enum ms_hashes_form
ms_kernel_hashes_form(const struct ms_kernel_hashes *hashes);

/** The root. False, and *@ret is the tree of no module, where it is a list. */
MS_PUBLIC bool ms_kernel_hashes_root(const struct ms_kernel_hashes *hashes,
				     struct ms_merkle_root *ret);

/** How many digests the list has; 0 where it is a root. */
MS_PUBLIC size_t ms_kernel_hashes_count(const struct ms_kernel_hashes *hashes);

/**
 * The @i-th SHA-256 of the list, 32 bytes, owned by @hashes; they ascend, and none is
 * there twice. NULL past the last.
 */
MS_PUBLIC const uint8_t *ms_kernel_hashes_at(const struct ms_kernel_hashes *hashes,
					     size_t i);

/**
 * Reads what @source knows: the text of a root, as ms_merkle_root_parse() takes it; a file
 * with that text in its only line; or a kernel image (vmlinux or what it is packed in) with
 * a section .module_hashes.
 *
 * @ret: free with ms_kernel_hashes_free(). Errors: those of opening; -EBADMSG none of
 * these, corrupt, or an image without such a section; -EINVAL a text that is no root.
 */
MS_PUBLIC int ms_kernel_hashes_read(struct ms_ctx *ctx, const char *source,
				    struct ms_kernel_hashes **ret);

/** Frees it; NULL is fine. Returns NULL. */
MS_PUBLIC struct ms_kernel_hashes *ms_kernel_hashes_free(struct ms_kernel_hashes *hashes);

/** True where the SHA-256 is in the list. False for any other form. */
MS_PUBLIC bool ms_kernel_hashes_has(const struct ms_kernel_hashes *hashes,
				    const uint8_t sha256[32]);

/**
 * Reads section .module_hashes of the ELF file @path as embedding finds it: the form that
 * its size tells, and what is in it now. A section that no build has filled yet is a root
 * of 0 levels, or an empty list.
 *
 * Errors: those of opening; -EBADMSG no linked ELF file, cut off, no such section, of a
 * size that is neither form's, stripped of its symbols, or a symbol that contradicts.
 */
MS_PUBLIC int ms_vmlinux_hashes_read(struct ms_ctx *ctx, const char *path,
				     struct ms_kernel_hashes **ret);

/**
 * Writes @hashes into section .module_hashes of the ELF file @path and reads it back. The
 * file is replaced atomically, with its mode and owner, and nothing else in it changes;
 * with @output it stays as it is, and that file is written.
 *
 * Errors: as ms_vmlinux_hashes_read(); -EINVAL the form is not the section's; -E2BIG more
 * digests than it has room for; -EBUSY the file changed meanwhile; those of writing.
 */
MS_PUBLIC int ms_vmlinux_hashes_write(struct ms_ctx *ctx, const char *path,
				      const char *output,
				      const struct ms_kernel_hashes *hashes);

#ifdef __cplusplus
}
#endif
#endif
