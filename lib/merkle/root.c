/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Roots as text, and lists of digests. Either has one spelling only. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/context.h"
#include "../base/text.h"
#include "merkle.h"

void ms_merkle_root_text(const struct ms_merkle_root *root, char ret[MS_MERKLE_ROOT_TEXT])
{
	int n = snprintf(ret, MS_MERKLE_ROOT_TEXT, "%u:", root->levels % 100);

	for (size_t i = 0; i < sizeof(root->hash); i++)
		n += snprintf(ret + n, MS_MERKLE_ROOT_TEXT - (size_t)n, "%02x",
			      root->hash[i]);
}

/* One or two digits without a zero in front; their number, 0 where they are none. */
static size_t read_levels(const char *text, uint32_t *ret)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 2 || (n > 1 && text[0] == '0'))
		return 0;
	*ret = 0;
	for (size_t i = 0; i < n; i++)
		*ret = *ret * 10 + (uint32_t)(text[i] - '0');
	return n;
}

int ms_merkle_root_parse(struct ms_ctx *ctx, const char *text, struct ms_merkle_root *ret)
{
	static const uint8_t zeros[32];
	struct ms_merkle_root root = { 0 };
	size_t n = read_levels(text, &root.levels);

	if (n == 0 || text[n] != ':' ||
	    ms_hex_decode(text + n + 1, strlen(text + n + 1), root.hash,
			  sizeof(root.hash)) < 0)
		return ms_fail(ctx, -EINVAL,
			       "no root: it is LEVELS:HEX with 64 lower case hex digits");
	if (root.levels > MS_MERKLE_MAX_LEVELS)
		return ms_fail(ctx, -EINVAL, "a root of %u levels: a tree has at most %d",
			       root.levels, MS_MERKLE_MAX_LEVELS);
	if (!root.levels != !memcmp(root.hash, zeros, sizeof(zeros)))
		return ms_fail(ctx, -EINVAL,
			       "a root of %u levels with this hash: only the tree of no "
			       "module has no level, and its hash is zero",
			       root.levels);
	*ret = root;
	return 0;
}

bool ms_merkle_root_same(const struct ms_merkle_root *a, const struct ms_merkle_root *b)
{
	return a->levels == b->levels && !memcmp(a->hash, b->hash, sizeof(a->hash));
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, MS_MERKLE_HASH_LEN);
}

size_t ms_hash_list_sort(ms_merkle_hash *list, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++) {
		if (kept && !compare(list[kept - 1], list[i]))
			continue;
		if (kept != i)
			memcpy(list[kept], list[i], sizeof(*list));
		kept++;
	}
	return kept;
}

bool ms_kernel_hashes_has(const struct ms_kernel_hashes *hashes, const uint8_t sha256[32])
{
	return hashes->form == MS_HASHES_LIST && hashes->count &&
	       bsearch(sha256, hashes->list, hashes->count, sizeof(*hashes->list), compare);
}

bool ms_kernel_hashes_any(const struct ms_kernel_hashes *hashes)
{
	return hashes->form == MS_HASHES_LIST ? hashes->count > 0
					      : hashes->root.levels > 0;
}

enum ms_hashes_form ms_kernel_hashes_form(const struct ms_kernel_hashes *hashes)
{
	return hashes->form;
}

bool ms_kernel_hashes_root(const struct ms_kernel_hashes *hashes,
			   struct ms_merkle_root *ret)
{
	*ret = hashes->root;
	return hashes->form == MS_HASHES_ROOT;
}

size_t ms_kernel_hashes_count(const struct ms_kernel_hashes *hashes)
{
	return hashes->count;
}

const uint8_t *ms_kernel_hashes_at(const struct ms_kernel_hashes *hashes, size_t i)
{
	return i < hashes->count ? hashes->list[i] : NULL;
}

struct ms_kernel_hashes *ms_kernel_hashes_free(struct ms_kernel_hashes *hashes)
{
	if (hashes)
		free(hashes->list);
	free(hashes);
	return NULL;
}
