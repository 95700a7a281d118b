/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Following a proof (merkle.h draws it) in the kernel's order: first its length, of which
 * the root's number of levels leaves only one, then the way up. Nothing of a proof is
 * believed: a wrong one ends at another hash.
 */

#include <errno.h>
#include <string.h>

#include "../base/context.h"
#include "../base/cursor.h"
#include "node.h"

static int climb(struct ms_ctx *ctx, struct ms_cursor *c, uint32_t pos, uint32_t levels,
		 ms_merkle_hash hash)
{
	for (uint32_t level = 0; level < levels; level++) {
		const uint8_t *sibling;
		int r = ms_cur_bytes(c, MS_MERKLE_HASH_LEN, &sibling);

		if (r < 0)
			return r;
		if (pos >> level & 1)
			r = ms_merkle_node(ctx, sibling, hash, hash);
		else
			r = ms_merkle_node(ctx, hash, sibling, hash);
		if (r < 0)
			return r;
	}
	return 0;
}

int ms_merkle_check(struct ms_ctx *ctx, const struct ms_merkle_root *root,
		    const uint8_t *proof, size_t proof_len, const void *data, size_t len,
		    int *ret_error)
{
	struct ms_cursor c = ms_cur_of(proof, proof_len);
	ms_merkle_hash hash;
	uint32_t pos;
	int r;

	if (root->levels > MS_MERKLE_MAX_LEVELS)
		return ms_fail(ctx, -EINVAL, "a root of %u levels", root->levels);
	if (ms_cur_be32(&c, &pos) < 0 ||
	    ms_cur_left(&c) != (size_t)root->levels * MS_MERKLE_HASH_LEN) {
		*ret_error = ENOPKG;
		return 0;
	}
	r = ms_merkle_leaf(ctx, pos, data, len, hash);
	if (r == 0)
		r = climb(ctx, &c, pos, root->levels, hash);
	if (r < 0)
		return r;
	/* the root of no module is no hash, so nothing leads there */
	if (root->levels && memcmp(hash, root->hash, sizeof(hash)) == 0)
		*ret_error = 0;
	else
		*ret_error = ENOKEY;
	return 0;
}
