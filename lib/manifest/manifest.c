/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Manifests in memory: the modules sorted as their lines are, and the text. Either makes
 * the other, and a text that is read is kept as it was: what a signature vouches for are
 * those bytes.
 */

#include "manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/room.h"
#include "../base/text.h"
#include "../hash/payload.h"

enum { MAX_RELEASE = 64 };

struct ms_manifest *ms_manifest_new(enum ms_hash hash, const char *release)
{
	struct ms_manifest *manifest = calloc(1, sizeof(*manifest));

	if (!manifest)
		return NULL;
	manifest->hash = hash;
	manifest->digest_size = ms_hash_size(hash);
	if (release && !(manifest->release = strdup(release)))
		return ms_manifest_free(manifest);
	return manifest;
}

struct ms_manifest *ms_manifest_free(struct ms_manifest *manifest)
{
	if (!manifest)
		return NULL;
	for (size_t i = 0; i < manifest->count; i++) {
		free(manifest->items[i].path);
		free(manifest->items[i].encoded);
	}
	free(manifest->items);
	free(manifest->release);
	ms_buf_done(&manifest->text);
	free(manifest);
	return NULL;
}

int ms_manifest_add(struct ms_ctx *ctx, struct ms_manifest *manifest, const char *path,
		    uint64_t size, const uint8_t *digest)
{
	_cleanup_(ms_buf_done) struct ms_buf encoded = { 0 };
	_cleanup_free_ char *copy = strdup(path);
	struct ms_manifest_item *item, *items;

	if (!copy || ms_percent_append(&encoded, path) < 0 ||
	    ms_buf_append(&encoded, "", 1) < 0)
		return ms_fail_nomem(ctx);
	items = ms_room(manifest->items, manifest->count, &manifest->capacity,
			sizeof(*items));
	if (!items)
		return ms_fail_nomem(ctx);
	manifest->items = items;
	item = &manifest->items[manifest->count++];
	*item = (struct ms_manifest_item){.face.size = size};
	item->path = ms_steal(&copy);
	item->encoded = (char *)ms_steal(&encoded.data);
	memcpy(item->digest, digest, manifest->digest_size);
	return 0;
}

bool ms_manifest_path_ok(const char *path)
{
	if (!*path)
		return false;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
		if (!*path++)
			return true;
	}
}

bool ms_manifest_release_ok(const char *release)
{
	size_t len = strlen(release);

	for (size_t i = 0; i < len; i++)
		if (release[i] < 0x21 || release[i] > 0x7e)
			return false;
	return len > 0 && len <= MAX_RELEASE && strcmp(release, "-") != 0;
}

static int compare(const void *left, const void *right)
{
	const struct ms_manifest_item *a = left, *b = right;

	return strcmp(a->encoded, b->encoded);
}

static int check_all(struct ms_ctx *ctx, const struct ms_manifest *manifest)
{
	if (manifest->release && !ms_manifest_release_ok(manifest->release))
		return ms_fail(ctx, -EINVAL, "'%s' is no kernel release",
			       manifest->release);
	for (size_t i = 0; i < manifest->count; i++) {
		const struct ms_manifest_item *item = &manifest->items[i];

		if (!ms_manifest_path_ok(item->path))
			return ms_fail(ctx, -EINVAL,
				       "'%s' is no path that a manifest can have",
				       item->path);
		if (i && !compare(item - 1, item))
			return ms_fail(ctx, -EEXIST,
				       "there are two modules '%s' in the tree",
				       item->path);
	}
	return 0;
}

static int write_item(struct ms_buf *text, const struct ms_manifest *manifest,
		      const struct ms_manifest_item *item)
{
	if (ms_buf_printf(text, "# %" PRIu64 "\n", item->face.size) < 0 ||
	    ms_hex_append(text, item->digest, manifest->digest_size) < 0 ||
	    ms_buf_printf(text, "  %s\n", item->encoded) < 0)
		return -ENOMEM;
	return 0;
}

int ms_manifest_end(struct ms_ctx *ctx, struct ms_manifest *manifest)
{
	int r;

	if (manifest->count)
		qsort(manifest->items, manifest->count, sizeof(*manifest->items), compare);
	r = check_all(ctx, manifest);
	if (r < 0)
		return r;
	ms_buf_clear(&manifest->text);
	if (ms_buf_printf(&manifest->text,
			  MS_MANIFEST_HEAD MS_MANIFEST_VERSION
			  "\n# kernel %s\n# algorithm %s\n# modules %zu\n",
			  manifest->release ? manifest->release : "-",
			  ms_hash_name(manifest->hash), manifest->count) < 0)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < manifest->count; i++)
		if (write_item(&manifest->text, manifest, &manifest->items[i]) < 0)
			return ms_fail_nomem(ctx);
	ms_manifest_settle(manifest);
	return 0;
}

const char *ms_manifest_text(const struct ms_manifest *manifest, size_t *ret_len)
{
	*ret_len = manifest->text.len;
	return (const char *)manifest->text.data;
}

enum ms_hash ms_manifest_hash(const struct ms_manifest *manifest)
{
	return manifest->hash;
}

size_t ms_manifest_digest_size(const struct ms_manifest *manifest)
{
	return manifest->digest_size;
}

const char *ms_manifest_release(const struct ms_manifest *manifest)
{
	return manifest->release;
}

size_t ms_manifest_count(const struct ms_manifest *manifest)
{
	return manifest->count;
}

void ms_manifest_settle(struct ms_manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++) {
		struct ms_manifest_item *item = &manifest->items[i];

		item->face.path = item->path;
		item->face.digest = item->digest;
	}
}

const struct ms_manifest_entry *ms_manifest_at(const struct ms_manifest *manifest,
					       size_t i)
{
	return i < manifest->count ? &manifest->items[i].face : NULL;
}
