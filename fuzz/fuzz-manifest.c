// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the reader of manifests. What it takes must have one spelling only: made anew of
 * what was read, a manifest has the same bytes. No path leads up or to the root, they
 * ascend, and a manifest that was cut off is never taken.
 */
#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/manifest/manifest.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ms_ctx *ctx;

MS_DEFINE_CLEANUP(manifest_cleanup, struct ms_manifest *, ms_manifest_free)

static void check_made_anew(const struct ms_manifest *read, const uint8_t *data, size_t size)
{
	_cleanup_(manifest_cleanup) struct ms_manifest *made =
		ms_manifest_new(ms_manifest_hash(read), ms_manifest_release(read));
	const struct ms_manifest_entry *entry;
	const char *text;
	size_t len;

	require(made != NULL);
	for (size_t i = ms_manifest_count(read); i-- > 0;) {
		entry = ms_manifest_at(read, i);
		require(entry);
		require(stays_below(entry->path));
		require(ms_manifest_add(ctx, made, entry->path, entry->size,
					entry->digest) == 0);
	}
	require(ms_manifest_end(ctx, made) == 0);
	text = ms_manifest_text(made, &len);
	require(len == size && !memcmp(text, data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(manifest_cleanup) struct ms_manifest *manifest = NULL, *part = NULL;

	if (!ctx)
		ctx = ms_ctx_new();
	require(ctx != NULL);
	if (ms_manifest_parse(ctx, data, size, "manifest", &manifest) < 0) {
		require(!manifest && *ms_ctx_message(ctx));
		return 0;
	}
	check_made_anew(manifest, data, size);
	require(ms_manifest_parse(ctx, data, size - 1, "part", &part) < 0);
	return 0;
}
