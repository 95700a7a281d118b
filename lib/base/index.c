/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* By tsearch(), which in glibc and in musl is a balanced tree. */

#include "index.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct node {
	const uint8_t *key;
	size_t len;
	size_t value;
};

static int compare(const void *left, const void *right)
{
	const struct node *a = left, *b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->key, b->key, a->len) : 0;
}

/* One block of memory: the node, and behind it the key. */
static struct node *node_new(const uint8_t *key, size_t len, size_t value)
{
	struct node *node = malloc(sizeof(*node) + len);
	uint8_t *copy;

	if (!node)
		return NULL;
	copy = (uint8_t *)(node + 1);
	if (len)
		memcpy(copy, key, len);
	*node = (struct node){copy, len, value};
	return node;
}

int ms_index_add(struct ms_index *index, const uint8_t *key, size_t len, size_t value)
{
	struct node *node = node_new(key, len, value), **there;

	if (!node)
		return -ENOMEM;
	there = tsearch(node, &index->root, compare);
	if (!there || *there != node)
		free(node);
	return there ? 0 : -ENOMEM;
}

bool ms_index_find(const struct ms_index *index, const uint8_t *key, size_t len,
		   size_t *ret)
{
	const struct node wanted = {key, len, 0};
	void *const *there = tfind(&wanted, &index->root, compare);

	if (there)
		*ret = ((const struct node *)*there)->value;
	return there;
}

void ms_index_done(struct ms_index *index)
{
	tdestroy(index->root, free);
	index->root = NULL;
}
