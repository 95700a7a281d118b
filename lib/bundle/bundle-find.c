/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finding a signature, by digest or, in a directory of signatures, by path. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/text.h"
#include "bundle.h"

/* The first entry with that digest or, where there is none, the first behind it. */
static size_t lower_bound(const struct ms_bundle *bundle, const uint8_t sha256[32])
{
	size_t low = 0, high = bundle->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(bundle->entries[middle].sha256, sha256, 32) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* One to which signatures were just added is not sorted yet, and may not be changed. */
static const struct ms_bundle_entry *scan(const struct ms_bundle *bundle,
					  const uint8_t sha256[32], const char *path)
{
	const struct ms_bundle_entry *found = NULL;

	for (size_t i = 0; i < bundle->count; i++) {
		const struct ms_bundle_entry *entry = &bundle->entries[i];

		if (memcmp(entry->sha256, sha256, 32))
			continue;
		if (!strcmp(entry->path, path))
			return entry;
		if (!found || strcmp(entry->base64, found->base64) < 0)
			found = entry;
	}
	return found;
}

static int find_by_digest(const struct ms_bundle *bundle, const uint8_t sha256[32],
			  const char *path, const struct ms_bundle_entry **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf name = {0};
	size_t at;

	if (!bundle->sorted) {
		*ret = scan(bundle, sha256, path);
		return 0;
	}
	if (ms_bundle_name(sha256, path, &name) < 0)
		return -ENOMEM;
	if (!ms_index_find(&bundle->by_name, name.data, name.len, &at))
		at = lower_bound(bundle, sha256);
	if (at < bundle->count && !memcmp(bundle->entries[at].sha256, sha256, 32))
		*ret = &bundle->entries[at];
	return 0;
}

static int compare_path(const void *key, const void *entry)
{
	return strcmp(key, ((const struct ms_bundle_entry *)entry)->path);
}

static const struct ms_bundle_entry *lookup_path(const struct ms_bundle *bundle,
						 const char *path)
{
	return bundle->count ? bsearch(path, bundle->entries, bundle->count,
				       sizeof(*bundle->entries), compare_path) :
			       NULL;
}

/* Looks for @path, then for @path without its compression suffix, which it cuts off. */
static const struct ms_bundle_entry *find_by_path(const struct ms_bundle *bundle, char *path)
{
	static const char *const suffixes[] = { ".gz", ".xz", ".zst" };
	const struct ms_bundle_entry *entry = lookup_path(bundle, path);

	for (size_t i = 0; !entry && i < MS_ARRAY_SIZE(suffixes); i++) {
		if (!ms_ends_with(path, suffixes[i]))
			continue;
		path[strlen(path) - strlen(suffixes[i])] = '\0';
		return lookup_path(bundle, path);
	}
	return entry;
}

int ms_bundle_find(const struct ms_bundle *bundle, const uint8_t sha256[32],
		   const char *path, const uint8_t **ret_der, size_t *ret_len)
{
	_cleanup_(ms_buf_done) struct ms_buf encoded = { 0 };
	const struct ms_bundle_entry *entry = NULL;

	if (ms_percent_append(&encoded, path) < 0 || ms_buf_append(&encoded, "", 1) < 0)
		return -ENOMEM;
	if (bundle->by_path)
		entry = find_by_path(bundle, (char *)encoded.data);
	else if (find_by_digest(bundle, sha256, (char *)encoded.data, &entry) < 0)
		return -ENOMEM;
	if (!entry)
		return -ENOENT;
	*ret_der = entry->der.data;
	*ret_len = entry->der.len;
	return 0;
}
