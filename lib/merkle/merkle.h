/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_MERKLE_MERKLE_H
#define MS_MERKLE_MERKLE_H

/*
 * The Merkle tree over a kernel's modules, byte for byte as the proposal for Linux has it
 * ("module: Introduce hash-based integrity checking", versions 4 and 5):
 *
 *	leaf  = SHA-256(0x01 ‖ be32(pos) ‖ module)   pos: its line in modules.order, from 0
 *	node  = SHA-256(0x02 ‖ left ‖ right)         the last of an odd level: with itself
 *	levels = ceil(log2(leaves)), but 1 for one leaf; 0 for none, and a hash of zeros
 *
 *	 0        4           36                       4 + 32 * levels
 *	+--------+-----------+-----------+--  --+-----------+
 *	| pos    | sibling 0 | sibling 1 |      | sibling   |
 *	| be32   | of leaves |           |      | of top    |
 *	+--------+-----------+-----------+--  --+-----------+
 *
 * While a proof is followed, bit i of pos says on which side the running hash stands at
 * level i: 0, left.
 */

#include <modseal/merkle.h>

#include "../base/buffer.h"

#define MS_MERKLE_HASH_LEN  32
#define MS_MERKLE_PROOF_MAX (4 + MS_MERKLE_MAX_LEVELS * MS_MERKLE_HASH_LEN)

typedef uint8_t ms_merkle_hash[MS_MERKLE_HASH_LEN];

/** A tree, which is only read once it is made. */
struct ms_merkle;

/** Hashes one module into its leaf. Errors: of the crypto library. */
int ms_merkle_leaf(struct ms_ctx *ctx, uint32_t pos, const void *data, size_t len,
		   ms_merkle_hash ret);

/**
 * Makes the tree over @n leaves, which are copied. @ret: free with ms_merkle_free().
 * -E2BIG: more leaves than positions; -ENOMEM; errors of the crypto library.
 */
int ms_merkle_build(struct ms_ctx *ctx, const ms_merkle_hash *leaves, size_t n,
		    struct ms_merkle **ret);
struct ms_merkle *ms_merkle_free(struct ms_merkle *tree);

struct ms_merkle_root ms_merkle_root_of(const struct ms_merkle *tree);

/** The leaf at @pos, borrowed; NULL past the last. */
const uint8_t *ms_merkle_leaf_at(const struct ms_merkle *tree, size_t pos);

/** Appends the proof of the leaf at @pos. -EINVAL: there is none; -ENOMEM. */
int ms_merkle_prove(struct ms_ctx *ctx, const struct ms_merkle *tree, uint32_t pos,
		    struct ms_buf *ret);

/**
 * Does @proof lead from @data to @root? @ret_error, written on success: 0 where it does;
 * ENOPKG where its length is not that of a proof under this root, ENOKEY where it leads
 * elsewhere, as the kernel answers. Returns a negative errno value where the question
 * could not be answered.
 */
int ms_merkle_check(struct ms_ctx *ctx, const struct ms_merkle_root *root,
		    const uint8_t *proof, size_t proof_len, const void *data, size_t len,
		    int *ret_error);

/** The number of siblings in a proof for one of @n leaves. */
uint32_t ms_merkle_levels(size_t n);

struct ms_kernel_hashes {
	enum ms_hashes_form form;
	struct ms_merkle_root root;
	uint8_t (*list)[32]; /* SHA-256, ascending, none twice */
	size_t count;
	size_t capacity; /* digests that the section has room for */

	/* of the ELF file it was read from; 0 where it was none */
	uint8_t elf_class;    /* 1: 32-bit, 2: 64-bit */
	uint8_t elf_encoding; /* 1: little-endian, 2: big-endian */
	uint16_t elf_machine;
};

/** True where there is a module that the kernel knows by them. */
bool ms_kernel_hashes_any(const struct ms_kernel_hashes *hashes);

/** Sorts digests ascending and drops doubled ones; returns how many are left. */
size_t ms_hash_list_sort(ms_merkle_hash *list, size_t n);

#endif
