/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BUNDLE_BUNDLE_H
#define MS_BUNDLE_BUNDLE_H

/* What the bundle's own files share. Everybody else uses <modseal/bundle.h>. */

#include <modseal/bundle.h>

#include "../base/buffer.h"
#include "../base/index.h"

#define MS_BUNDLE_HEAD "modseal-signatures 1"

struct ms_bundle_entry {
	uint8_t sha256[32]; /* of the bare payload; zero where found by path */
	char *base64;       /* of der: the order of the lines needs it */
	char *path;         /* percent-encoded */
	struct ms_buf der;
};

struct ms_bundle {
	struct ms_bundle_entry *entries;
	size_t count;
	size_t capacity;
	bool sorted;
	bool by_path;
	/*
	 * of the sorted entries: where each digest with each path first is; not by_path
	 */
	struct ms_index by_name;
};

/** The key of that index, into @ret, which is emptied first. 0 or -ENOMEM. */
int ms_bundle_name(const uint8_t sha256[32], const char *path, struct ms_buf *ret);

/** Appends an entry (copied). @encoded_path is percent-encoded. 0 or -ENOMEM. */
int ms_bundle_append(struct ms_ctx *ctx, struct ms_bundle *bundle, const uint8_t sha256[32],
		     const void *der, size_t len, const char *encoded_path);

/** Brings the entries into the order of the file, each once. 0 or -ENOMEM. */
int ms_bundle_sort(struct ms_bundle *bundle);

#endif
