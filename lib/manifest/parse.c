/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading manifests (modseal/manifest.h shows one). Every line is taken in its one spelling
 * or refused, so that a manifest that is read and written again has the same bytes, and no
 * line can be hidden from whoever reads it with other eyes. The number of modules in the
 * head tells of lines that were cut off.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/text.h"
#include "../hash/payload.h"
#include "manifest.h"

enum {
	MAX_MANIFEST = 1 << 30,
	MAX_LINE = 16384, /* a path of PATH_MAX, all of it encoded, and a digest */
	MAX_DIGITS = 19,  /* fewer than would not fit */
};

MS_DEFINE_CLEANUP(manifest_cleanup, struct ms_manifest *, ms_manifest_free)

struct reader {
	struct ms_ctx *ctx;
	const char *shown;
	const char *text; /* what is left */
	size_t left;
	size_t number; /* of the line that was read last */
	char line[MAX_LINE + 1];
};

static int complain(struct reader *reader, const char *complaint)
{
	return ms_fail(reader->ctx, -EBADMSG, "%s:%zu: %s", reader->shown, reader->number,
		       complaint);
}

/* The next line, without its newline, in reader->line. */
static int next_line(struct reader *reader)
{
	const char *end = NULL;
	size_t len;

	reader->number++;
	if (reader->left == 0)
		return complain(reader, "the manifest ends too early");
	end = memchr(reader->text, '\n',
		     reader->left > MAX_LINE ? MAX_LINE + 1 : reader->left);
	if (!end)
		return complain(reader, reader->left > MAX_LINE ? "the line is too long"
								: "no newline at the end");
	len = (size_t)(end - reader->text);
	for (size_t i = 0; i < len; i++)
		if (reader->text[i] < 0x20 || reader->text[i] > 0x7e)
			return complain(reader, reader->text[i] == '\r'
							? "a carriage return"
							: "a byte that is no printable "
							  "ASCII");
	memcpy(reader->line, reader->text, len);
	reader->line[len] = '\0';
	reader->text += len + 1;
	reader->left -= len + 1;
	return 0;
}

/* What follows @prefix in the next line; NULL where the line does not begin so. */
static int next_field(struct reader *reader, const char *prefix, const char **ret)
{
	int r = next_line(reader);

	if (r < 0)
		return r;
	if (strncmp(reader->line, prefix, strlen(prefix)) != 0)
		return ms_fail(reader->ctx, -EBADMSG, "%s:%zu: no line '%s...'",
			       reader->shown, reader->number, prefix);
	*ret = reader->line + strlen(prefix);
	return 0;
}

/* A decimal number without zeros in front. */
static int read_number(struct reader *reader, const char *text, uint64_t *ret)
{
	size_t len = strlen(text);

	if (len == 0 || len > MAX_DIGITS || strspn(text, "0123456789") != len ||
	    (len > 1 && text[0] == '0'))
		return complain(reader, "no number");
	*ret = strtoull(text, NULL, 10);
	return 0;
}

static int read_version(struct reader *reader)
{
	size_t len = strlen(MS_MANIFEST_HEAD);
	bool begins = reader->left >= len && !memcmp(reader->text, MS_MANIFEST_HEAD, len);
	int r = next_line(reader);

	/* of what is no manifest at all, nothing else that is wrong with it matters */
	if (!begins)
		return complain(reader, "no manifest: no line '" MS_MANIFEST_HEAD
					MS_MANIFEST_VERSION "'");
	if (r < 0)
		return r;
	return strcmp(reader->line + len, MS_MANIFEST_VERSION) == 0
		       ? 0
		       : complain(reader, "a manifest of another version");
}

static int read_head(struct reader *reader, struct ms_manifest **ret, uint64_t *ret_count)
{
	_cleanup_free_ char *release = NULL;
	const char *text = "";
	enum ms_hash hash;
	int r = read_version(reader);

	if (r == 0)
		r = next_field(reader, "# kernel ", &text);
	if (r < 0)
		return r;
	if (strcmp(text, "-") != 0 && !ms_manifest_release_ok(text))
		return complain(reader, "no kernel release");
	if (strcmp(text, "-") != 0 && !(release = strdup(text)))
		return ms_fail_nomem(reader->ctx);
	r = next_field(reader, "# algorithm ", &text);
	if (r < 0)
		return r;
	if (ms_hash_from_name(reader->ctx, text, &hash) < 0)
		return complain(reader, "no algorithm that modseal knows");
	r = next_field(reader, "# modules ", &text);
	if (r == 0)
		r = read_number(reader, text, ret_count);
	if (r < 0)
		return r;
	*ret = ms_manifest_new(hash, release);
	return *ret ? 0 : ms_fail_nomem(reader->ctx);
}

/* The path leads down, is encoded as ms_percent_append() does it, and in order. */
static int check_path(struct reader *reader, const struct ms_manifest *manifest,
		      const char *encoded, const char *path)
{
	const struct ms_manifest_item *last =
		manifest->count ? &manifest->items[manifest->count - 1] : NULL;
	_cleanup_(ms_buf_done) struct ms_buf again = { 0 };

	if (!ms_manifest_path_ok(path))
		return complain(reader,
				"an absolute path, or one with empty, '.' or '..' parts");
	if (ms_percent_append(&again, path) < 0)
		return ms_fail_nomem(reader->ctx);
	if (again.len != strlen(encoded) || memcmp(again.data, encoded, again.len) != 0)
		return complain(reader, "the path is not percent-encoded");
	if (last && strcmp(last->encoded, encoded) == 0)
		return complain(reader, "a module that was there already");
	if (last && strcmp(last->encoded, encoded) > 0)
		return complain(reader, "not in ascending order of paths");
	return 0;
}

static int read_module(struct reader *reader, struct ms_manifest *manifest)
{
	_cleanup_free_ char *path = NULL;
	size_t hex = 2 * manifest->digest_size;
	uint8_t digest[MS_HASH_MAX_SIZE];
	const char *text = "";
	uint64_t size = 0;
	int r = next_field(reader, "# ", &text);

	if (r == 0)
		r = read_number(reader, text, &size);
	if (r == 0)
		r = next_line(reader);
	if (r < 0)
		return r;
	text = reader->line;
	if (strlen(text) < hex + 2 || text[hex] != ' ' || text[hex + 1] != ' ' ||
	    ms_hex_decode(text, hex, digest, manifest->digest_size) < 0)
		return complain(reader, "no digest of that algorithm and two blanks");
	text += hex + 2;
	r = ms_percent_decode(text, strlen(text), &path);
	if (r == -ENOMEM)
		return ms_fail_nomem(reader->ctx);
	if (r < 0)
		return complain(reader, "the path is not percent-encoded");
	r = check_path(reader, manifest, text, path);
	return r < 0 ? r : ms_manifest_add(reader->ctx, manifest, path, size, digest);
}

int ms_manifest_parse(struct ms_ctx *ctx, const void *data, size_t len, const char *shown,
		      struct ms_manifest **ret)
{
	_cleanup_(manifest_cleanup) struct ms_manifest *manifest = NULL;
	_cleanup_free_ struct reader *reader = calloc(1, sizeof(*reader));
	uint64_t count = 0;
	int r;

	if (!reader)
		return ms_fail_nomem(ctx);
	reader->ctx = ctx;
	reader->shown = shown;
	reader->text = data;
	reader->left = len;
	r = read_head(reader, &manifest, &count);
	for (uint64_t i = 0; r == 0 && i < count; i++)
		r = read_module(reader, manifest);
	if (r < 0)
		return r;
	reader->number++;
	if (reader->left)
		return complain(reader, "more lines than the head counts modules");
	if (ms_buf_append(&manifest->text, data, len) < 0)
		return ms_fail_nomem(ctx);
	ms_manifest_settle(manifest);
	*ret = ms_steal(&manifest);
	return 0;
}

int ms_manifest_load(struct ms_ctx *ctx, const char *path, struct ms_manifest **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r = ms_file_read(ctx, path, MAX_MANIFEST, &file);

	return r < 0 ? r : ms_manifest_parse(ctx, file.data, file.len, path, ret);
}
