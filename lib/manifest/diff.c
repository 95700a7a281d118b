/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two manifests side by side: both are sorted, so one walk through both tells all. */

#include <errno.h>
#include <string.h>

#include "../base/context.h"
#include "manifest.h"

/* < 0: the next path is in @a only; > 0: in @b only; 0: in both. */
static int order_at(const struct ms_manifest *a, size_t i, const struct ms_manifest *b,
		    size_t j)
{
	if (i >= a->count)
		return 1;
	if (j >= b->count)
		return -1;
	return strcmp(a->items[i].encoded, b->items[j].encoded);
}

static bool same(const struct ms_manifest *a, size_t i, const struct ms_manifest *b,
		 size_t j)
{
	return a->items[i].face.size == b->items[j].face.size &&
	       memcmp(a->items[i].digest, b->items[j].digest, a->digest_size) == 0;
}

int ms_manifest_diff(struct ms_ctx *ctx, const struct ms_manifest *a,
		     const struct ms_manifest *b, ms_manifest_diff_fn fn, void *userdata)
{
	size_t i = 0, j = 0;

	if (a->hash != b->hash)
		return ms_fail(ctx, -EINVAL, "digests of %s and of %s do not compare",
			       ms_hash_name(a->hash), ms_hash_name(b->hash));
	while (i < a->count || j < b->count) {
		int order = order_at(a, i, b, j);
		const struct ms_manifest_entry *left = ms_manifest_at(a, i);
		const struct ms_manifest_entry *right = ms_manifest_at(b, j);

		if (order < 0)
			fn(userdata, MS_MANIFEST_REMOVED, left, NULL);
		else if (order > 0)
			fn(userdata, MS_MANIFEST_ADDED, NULL, right);
		else
			fn(userdata,
			   same(a, i, b, j) ? MS_MANIFEST_SAME : MS_MANIFEST_CHANGED,
			   left, right);
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}
