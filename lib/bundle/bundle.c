/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Detached signatures: an array of entries, sorted as the lines of the file are sorted
 * (by digest, then base64, then path), so that finding is a binary search and saving is
 * a walk. Adding appends; the array is sorted when somebody next looks.
 *
 * A directory of signatures has no digests: its entries carry the path only, are sorted
 * and found by it, with or without the module's compression suffix.
 */

#include "bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/room.h"
#include "../base/text.h"

struct ms_bundle *ms_bundle_new(void)
{
	return calloc(1, sizeof(struct ms_bundle));
}

static void entry_done(struct ms_bundle_entry *entry)
{
	free(entry->base64);
	free(entry->path);
	ms_buf_done(&entry->der);
}

struct ms_bundle *ms_bundle_free(struct ms_bundle *bundle)
{
	if (!bundle)
		return NULL;
	for (size_t i = 0; i < bundle->count; i++)
		entry_done(&bundle->entries[i]);
	free(bundle->entries);
	ms_index_done(&bundle->by_name);
	free(bundle);
	return NULL;
}

/* The order of the lines of the file: paths are kept encoded, so it is theirs. */
static int compare_lines(const void *left, const void *right)
{
	const struct ms_bundle_entry *a = left, *b = right;
	int order = memcmp(a->sha256, b->sha256, sizeof(a->sha256));

	if (order == 0)
		order = strcmp(a->base64, b->base64);
	return order ? order : strcmp(a->path, b->path);
}

static int compare_paths(const void *left, const void *right)
{
	const struct ms_bundle_entry *a = left, *b = right;
	int order = strcmp(a->path, b->path);

	return order ? order : compare_lines(a, b);
}

int ms_bundle_name(const uint8_t sha256[32], const char *path, struct ms_buf *ret)
{
	ms_buf_clear(ret);
	return ms_buf_append(ret, sha256, 32) < 0 || ms_buf_append_str(ret, path) < 0
		       ? -ENOMEM
		       : 0;
}

/* A digest may stand in every line, with as many paths: these are not gone through. */
static int index_names(struct ms_bundle *bundle)
{
	_cleanup_(ms_buf_done) struct ms_buf name = {0};
	int r = 0;

	ms_index_done(&bundle->by_name);
	for (size_t i = 0; r == 0 && !bundle->by_path && i < bundle->count; i++) {
		r = ms_bundle_name(bundle->entries[i].sha256, bundle->entries[i].path,
				   &name);
		r = r < 0 ? r : ms_index_add(&bundle->by_name, name.data, name.len, i);
	}
	return r;
}

int ms_bundle_sort(struct ms_bundle *bundle)
{
	int (*compare)(const void *, const void *) =
		bundle->by_path ? compare_paths : compare_lines;
	size_t kept = 0;

	if (bundle->sorted)
		return 0;
	if (bundle->count)
		qsort(bundle->entries, bundle->count, sizeof(*bundle->entries), compare);
	for (size_t i = 0; i < bundle->count; i++) {
		if (kept && compare(&bundle->entries[kept - 1], &bundle->entries[i]) == 0)
			entry_done(&bundle->entries[i]);
		else
			bundle->entries[kept++] = bundle->entries[i];
	}
	bundle->count = kept;
	if (index_names(bundle) < 0)
		return -ENOMEM;
	bundle->sorted = true;
	return 0;
}

int ms_bundle_append(struct ms_ctx *ctx, struct ms_bundle *bundle, const uint8_t sha256[32],
		     const void *der, size_t len, const char *encoded_path)
{
	struct ms_bundle_entry *entry, *entries;
	_cleanup_(ms_buf_done) struct ms_buf base64 = { 0 }, copy = { 0 };
	_cleanup_free_ char *path = strdup(encoded_path);

	if (!path || ms_base64_append(&base64, der, len) < 0 ||
	    ms_buf_append(&base64, "", 1) < 0 || ms_buf_append(&copy, der, len) < 0)
		return ms_fail_nomem(ctx);
	entries = ms_room(bundle->entries, bundle->count, &bundle->capacity,
			  sizeof(*entries));
	if (!entries)
		return ms_fail_nomem(ctx);
	bundle->entries = entries;
	entry = &bundle->entries[bundle->count++];
	memcpy(entry->sha256, sha256, sizeof(entry->sha256));
	entry->base64 = (char *)ms_steal(&base64.data);
	entry->path = ms_steal(&path);
	entry->der = copy;
	copy = (struct ms_buf){ 0 };
	bundle->sorted = false;
	return 0;
}

int ms_bundle_add(struct ms_ctx *ctx, struct ms_bundle *bundle, const uint8_t sha256[32],
		  const void *der, size_t len, const char *path)
{
	_cleanup_(ms_buf_done) struct ms_buf encoded = { 0 };

	if (ms_percent_append(&encoded, path) < 0 || ms_buf_append(&encoded, "", 1) < 0)
		return ms_fail_nomem(ctx);
	return ms_bundle_append(ctx, bundle, sha256, der, len, (char *)encoded.data);
}

size_t ms_bundle_count(const struct ms_bundle *bundle)
{
	return bundle->count;
}

int ms_bundle_at(const struct ms_bundle *bundle, size_t i, const uint8_t **ret_der,
		 size_t *ret_len)
{
	if (i >= bundle->count)
		return -ENOENT;
	*ret_der = bundle->entries[i].der.data;
	*ret_len = bundle->entries[i].der.len;
	return 0;
}

bool ms_bundle_by_path(const struct ms_bundle *bundle)
{
	return bundle->by_path;
}

int ms_bundle_save(struct ms_ctx *ctx, struct ms_bundle *bundle, const char *path, bool sync)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };

	if (ms_bundle_sort(bundle) < 0)
		return ms_fail_nomem(ctx);
	if (ms_buf_append_str(&text, MS_BUNDLE_HEAD "\n") < 0)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < bundle->count; i++) {
		const struct ms_bundle_entry *entry = &bundle->entries[i];

		if (ms_buf_append_str(&text, "sha256:") < 0 ||
		    ms_hex_append(&text, entry->sha256, sizeof(entry->sha256)) < 0 ||
		    ms_buf_printf(&text, " %s %s\n", entry->base64, entry->path) < 0)
			return ms_fail_nomem(ctx);
	}
	return ms_file_replace(ctx, path, text.data, text.len, 0666, sync);
}
