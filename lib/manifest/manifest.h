/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_MANIFEST_MANIFEST_H
#define MS_MANIFEST_MANIFEST_H

/* Making a manifest: begin, add every module, end. */

#include <modseal/manifest.h>

#include "../base/buffer.h"

struct ms_manifest_item {
	struct ms_manifest_entry face; /* its digest: from ms_manifest_settle() on */
	char *path;
	char *encoded; /* as it stands in the text, by which they are sorted */
	uint8_t digest[MS_HASH_MAX_SIZE];
};

struct ms_manifest {
	enum ms_hash hash;
	size_t digest_size;
	char *release;
	struct ms_manifest_item *items;
	size_t count, capacity;
	struct ms_buf text;
};

/** An empty manifest; @release may be NULL. NULL where there is no memory. */
struct ms_manifest *ms_manifest_new(enum ms_hash hash, const char *release);

/** Adds a module in any order. @digest: ms_hash_size() bytes. -ENOMEM. */
int ms_manifest_add(struct ms_ctx *ctx, struct ms_manifest *manifest, const char *path,
		    uint64_t size, const uint8_t *digest);

/**
 * Sorts the modules and makes the text. -EEXIST: two modules of one path; -EINVAL: a path
 * or release that cannot stand in a manifest.
 */
int ms_manifest_end(struct ms_ctx *ctx, struct ms_manifest *manifest);

/** All modules are there, and stay where they are in memory: they can be shown. */
void ms_manifest_settle(struct ms_manifest *manifest);

/** A path that leads nowhere but down from where one stands, in its one spelling. */
bool ms_manifest_path_ok(const char *path);

/** A release as the kernel has it: up to 64 printable characters, no blank. */
bool ms_manifest_release_ok(const char *release);

/** What every manifest begins with, and the version of those that are read and made. */
#define MS_MANIFEST_HEAD    "# modseal-manifest "
#define MS_MANIFEST_VERSION "1"

#endif
