/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sources of trust by name: a file, a directory, a kernel image, this machine.
 *
 * In a directory every entry counts, hidden ones too, and every one must be a file of
 * certificates or an EFI signature list: a directory in it, a socket, an editor's backup
 * is an error. Who wants to leave something out takes it away.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/listing.h"
#include "set.h"

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

static int take_file(struct ms_ctx *ctx, struct ms_trust *trust, const char *path,
		     bool revoke, size_t *ret_found)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	int r = ms_source_open(ctx, path, &source);

	if (r < 0)
		return r;
	if (source->kind == MS_SOURCE_KERNEL) {
		ms_fail(ctx, -EBADMSG, "'%s' is a kernel image, no file of certificates",
			path);
		return ms_hint_command(ctx, -EBADMSG,
				       "modseal certs %s -o FILE.pem writes its trusted "
				       "certificates to a file",
				       path);
	}
	*ret_found += source->n_certs + (revoke ? source->n_digests : 0);
	return ms_trust_take(ctx, trust, path, source, MS_TRUST_STRICT, revoke);
}

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int take_directory(struct ms_ctx *ctx, struct ms_trust *trust, const char *path,
			  bool revoke, size_t *ret_found)
{
	_cleanup_(ms_listing_done) struct ms_listing entries = { 0 };
	int r = 0;

	entries.n = scandir(path, &entries.list, is_entry, ms_listing_order);
	if (entries.n < 0)
		return ms_fail_errno(ctx, -errno, "cannot read directory '%s'", path);
	for (int i = 0; i < entries.n && r == 0; i++) {
		_cleanup_free_ char *file = NULL;

		if (asprintf(&file, "%s/%s", path, entries.list[i]->d_name) < 0)
			return ms_fail_nomem(ctx);
		r = take_file(ctx, trust, file, revoke, ret_found);
	}
	return r;
}

static int take(struct ms_ctx *ctx, struct ms_trust *trust, const char *source,
		bool revoke)
{
	size_t found = 0;
	struct stat st;
	int r;

	if (strcmp(source, "system") == 0)
		return ms_trust_take_system(ctx, trust, revoke);
	if (stat(source, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", source);
	if (S_ISDIR(st.st_mode))
		r = take_directory(ctx, trust, source, revoke, &found);
	else
		r = take_file(ctx, trust, source, revoke, &found);
	if (r == 0 && found == 0)
		return ms_fail(ctx, -ENOKEY, "'%s': no certificate in it", source);
	return r;
}

static int add(struct ms_ctx *ctx, struct ms_trust *trust, const char *source,
	       bool revoke)
{
	struct ms_trust_mark mark = ms_trust_begin(trust);

	return ms_trust_end(ctx, trust, mark, take(ctx, trust, source, revoke));
}

int ms_trust_add(struct ms_ctx *ctx, struct ms_trust *trust, const char *source)
{
	return add(ctx, trust, source, false);
}

int ms_trust_add_revoked(struct ms_ctx *ctx, struct ms_trust *trust, const char *source)
{
	return add(ctx, trust, source, true);
}
