/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_TREE_HASHES_H
#define MODSEAL_TREE_HASHES_H

/*
 * Operations on trees of modules for hash-based integrity: see modseal/tree.h for what all
 * operations have in common. Where one needs every module's hash and a module failed, its
 * results are not there; the items say so.
 */

#include <modseal/manifest.h>
#include <modseal/merkle.h>
#include <modseal/tree.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The modules of a kernel's build in their order: a modules.order file. */
struct ms_order;

/**
 * Reads a modules.order: a path in each line, relative, ending in ".ko" or ".o".
 * @ret: free with ms_order_free(). Errors: those of opening; -EBADMSG a line that is no
 * such path, or that was there before: the message names it.
 */
MS_PUBLIC int ms_order_read(struct ms_ctx *ctx, const char *path, struct ms_order **ret);
/** How many modules it names: 0 of a kernel that has all of it built in. */
MS_PUBLIC size_t ms_order_count(const struct ms_order *order);
/** Frees @order, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_order *ms_order_free(struct ms_order *order);

/*
 * The position of a module is its line in @order, from 0. Build and installation call a
 * module by paths that differ by a "kernel/" in front, which is seen past. Modules of the
 * tree that are not in @order, and lines without a module, are -EBADMSG. Without an order
 * (NULL) the modules are taken by path, compression suffixes not counted.
 */

/** Hashes the tree to its root. @ret_known: false where a module failed. */
MS_PUBLIC int ms_tree_merkle_root(struct ms_ctx *ctx, struct ms_tree *tree,
				  const struct ms_order *order,
				  struct ms_merkle_root *ret, bool *ret_known);

/**
 * Appends its proof to every module; proofs that are there are replaced, other trailers
 * stay and are part of what is hashed. With @expected (or NULL) nothing is changed where
 * the tree's root is another one: MS_OUTCOME_OTHER_ROOT. Two names of one file cannot both
 * have a proof: -EMLINK for the second.
 */
MS_PUBLIC int ms_tree_merkle_prove(struct ms_ctx *ctx, struct ms_tree *tree,
				   const struct ms_order *order,
				   const struct ms_merkle_root *expected,
				   struct ms_merkle_root *ret, bool *ret_known);

/**
 * Judges every module by its proof under @root, as a kernel does that looks at no
 * signature: any of the trailers may be the proof that vouches. MS_OUTCOME_VERIFIED and a
 * verdict for each.
 */
MS_PUBLIC int ms_tree_merkle_verify(struct ms_ctx *ctx, struct ms_tree *tree,
				    const struct ms_merkle_root *root);

/**
 * Would the kernel know every module, once it is installed? By a list: the digest of the
 * module without trailers is looked up. By a root: a module that has a proof is judged by
 * it; those that have none are trusted where the tree has that root, and unknown where it
 * has another one or, since @order or a module forbids it, none. MS_OUTCOME_VERIFIED and a
 * verdict for each. @order is asked only where a module has no proof.
 */
MS_PUBLIC int ms_tree_hashes_check(struct ms_ctx *ctx, struct ms_tree *tree,
				   const struct ms_order *order,
				   const struct ms_kernel_hashes *hashes);

struct ms_manifest_options {
	size_t size;		/* sizeof(struct ms_manifest_options) */
	enum ms_hash hash;      /* NONE: SHA-256 */
	const char *release;    /* NULL: what the modules' vermagic says */
	const struct ms_order *order; /* or NULL: what must be there, and nothing else */
	bool any_release; /* modules that do not agree on one: the manifest has none */
};

/**
 * Makes the tree's manifest. @ret: free with ms_manifest_free(); NULL where a module
 * failed. Errors of its own: -EINVAL modules of two releases, unless any of them will do;
 * -EEXIST two of one path.
 */
MS_PUBLIC int ms_tree_manifest(struct ms_ctx *ctx, struct ms_tree *tree,
			       const struct ms_manifest_options *options,
			       struct ms_manifest **ret);

/**
 * Makes what belongs into the section that @into was read from, for the modules of the
 * tree, which must be for its machine. @ret: free with ms_kernel_hashes_free(); NULL where
 * a module failed.
 */
MS_PUBLIC int ms_tree_hashes_make(struct ms_ctx *ctx, struct ms_tree *tree,
				  const struct ms_order *order,
				  const struct ms_kernel_hashes *into,
				  struct ms_kernel_hashes **ret);

#ifdef __cplusplus
}
#endif
#endif
