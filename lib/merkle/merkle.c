/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Building the tree: all nodes in one array, the leaves first, then level by level, so that
 * a sibling is a neighbour. The topmost node is the root.
 *
 * The one byte before what is hashed keeps leaves and nodes apart: no module's bytes can be
 * taken for two nodes. pos in the leaf binds a module to its place.
 */

#include "merkle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../hash/payload.h"
#include "node.h"

enum { LEAF = 0x01, NODE = 0x02 };

struct ms_merkle {
	size_t n;
	uint32_t levels;
	size_t start[MS_MERKLE_MAX_LEVELS + 1]; /* of each level in nodes */
	size_t width[MS_MERKLE_MAX_LEVELS + 1];
	ms_merkle_hash *nodes;
};

MS_DEFINE_CLEANUP(merkle_cleanup, struct ms_merkle *, ms_merkle_free)

struct ms_merkle *ms_merkle_free(struct ms_merkle *tree)
{
	if (tree)
		free(tree->nodes);
	free(tree);
	return NULL;
}

uint32_t ms_merkle_levels(size_t n)
{
	uint32_t levels = 0;

	for (size_t width = n; width > 1; width = width / 2 + width % 2)
		levels++;
	return n == 1 ? 1 : levels;
}

static void put_be32(uint32_t value, uint8_t ret[4])
{
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(value >> (24 - 8 * i));
}

int ms_merkle_leaf(struct ms_ctx *ctx, uint32_t pos, const void *data, size_t len,
		   ms_merkle_hash ret)
{
	uint8_t head[1 + 4] = { LEAF };
	const struct ms_hash_part parts[] = { { head, sizeof(head) }, { data, len } };

	put_be32(pos, head + 1);
	return ms_hash_parts(ctx, MS_HASH_SHA256, parts, MS_ARRAY_SIZE(parts), ret);
}

int ms_merkle_node(struct ms_ctx *ctx, const ms_merkle_hash left,
		   const ms_merkle_hash right, ms_merkle_hash ret)
{
	uint8_t both[1 + 2 * MS_MERKLE_HASH_LEN] = { NODE };
	uint8_t hash[MS_HASH_MAX_SIZE];
	int r;

	memcpy(both + 1, left, MS_MERKLE_HASH_LEN);
	memcpy(both + 1 + MS_MERKLE_HASH_LEN, right, MS_MERKLE_HASH_LEN);
	r = ms_hash_bytes(ctx, MS_HASH_SHA256, both, sizeof(both), hash);
	if (r == 0)
		memcpy(ret, hash, MS_MERKLE_HASH_LEN);
	return r;
}

/* Lays the levels out; returns how many nodes they have. */
static size_t lay_out(struct ms_merkle *tree)
{
	size_t width = tree->n, total = 0;

	for (uint32_t i = 0; i <= tree->levels; i++) {
		tree->start[i] = total;
		tree->width[i] = width;
		total += width;
		width = width / 2 + width % 2;
	}
	return total;
}

static int build_level(struct ms_ctx *ctx, struct ms_merkle *tree, uint32_t level)
{
	ms_merkle_hash *below = tree->nodes + tree->start[level - 1];
	ms_merkle_hash *here = tree->nodes + tree->start[level];
	size_t n = tree->width[level - 1];

	for (size_t i = 0; i < tree->width[level]; i++) {
		size_t right = 2 * i + 1 < n ? 2 * i + 1 : 2 * i;
		int r = ms_merkle_node(ctx, below[2 * i], below[right], here[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int ms_merkle_build(struct ms_ctx *ctx, const ms_merkle_hash *leaves, size_t n,
		    struct ms_merkle **ret)
{
	_cleanup_(merkle_cleanup) struct ms_merkle *tree = calloc(1, sizeof(*tree));
	int r = 0;

	if (!tree)
		return ms_fail_nomem(ctx);
	if (n > UINT32_MAX)
		return ms_fail(ctx, -E2BIG, "more modules than a tree has places for");
	tree->n = n;
	tree->levels = ms_merkle_levels(n);
	tree->nodes = calloc(lay_out(tree) + 1, sizeof(*tree->nodes));
	if (!tree->nodes)
		return ms_fail_nomem(ctx);
	if (n)
		memcpy(tree->nodes, leaves, n * sizeof(*leaves));
	for (uint32_t level = 1; r == 0 && level <= tree->levels; level++)
		r = build_level(ctx, tree, level);
	if (r == 0)
		*ret = ms_steal(&tree);
	return r;
}

struct ms_merkle_root ms_merkle_root_of(const struct ms_merkle *tree)
{
	struct ms_merkle_root root = { .levels = tree->levels };

	if (tree->n)
		memcpy(root.hash, tree->nodes[tree->start[tree->levels]],
		       sizeof(root.hash));
	return root;
}

const uint8_t *ms_merkle_leaf_at(const struct ms_merkle *tree, size_t pos)
{
	return pos < tree->n ? tree->nodes[pos] : NULL;
}

int ms_merkle_prove(struct ms_ctx *ctx, const struct ms_merkle *tree, uint32_t pos,
		    struct ms_buf *ret)
{
	uint8_t head[4];
	size_t at = pos;

	if (pos >= tree->n)
		return ms_fail(ctx, -EINVAL, "no module has the position %u", pos);
	put_be32(pos, head);
	if (ms_buf_append(ret, head, sizeof(head)) < 0)
		return ms_fail_nomem(ctx);
	for (uint32_t level = 0; level < tree->levels; level++, at /= 2) {
		size_t sibling = (at ^ 1) < tree->width[level] ? at ^ 1 : at;

		if (ms_buf_append(ret, tree->nodes[tree->start[level] + sibling],
				  MS_MERKLE_HASH_LEN) < 0)
			return ms_fail_nomem(ctx);
	}
	return 0;
}
