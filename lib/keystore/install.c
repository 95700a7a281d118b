/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The current generation for others: a headers package, a machine that verifies. What is
 * public is copied; the private key only where it was asked for in so many words, since
 * whoever gets the copy can sign for every kernel that trusts the key.
 *
 * A generation that is new there appears whole, by rename. In one that is there already,
 * and has the same certificate, files that are missing appear one by one.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../base/file.h"
#include "../base/text.h"
#include "store.h"
#include "write.h"

/* The parts of a generation. A token's have signing_key.uri and signing_crt.pem. */
static const struct part {
	const char *name;
	mode_t mode;
	bool private;
	bool optional;
} parts[] = {
	{ MS_STORE_CRT, 0644, false, false }, { MS_STORE_HASH, 0644, false, false },
	{ MS_STORE_TYPE, 0644, false, true }, { MS_STORE_PEM, 0644, false, true },
	{ MS_STORE_KEY, 0600, true, true },   { MS_STORE_PRV, 0600, true, true },
	{ MS_STORE_URI, 0600, true, true },
};

/* A copy at work. */
struct copy {
	struct ms_ctx *ctx;
	const char *from; /* the generation's directory */
	const char *to;	  /* the destination, for messages */
	int source;	  /* descriptors of both */
	int target;
	bool with_private_key;
	bool changed;
};

/* True where the target has the part with these bytes. */
static int is_there(struct copy *copy, const struct part *part,
		    const struct ms_buf *content, bool *ret)
{
	_cleanup_(ms_buf_wipe) struct ms_buf there = { 0 };
	int r;

	*ret = false;
	if (faccessat(copy->target, part->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = ms_file_read_at(copy->ctx, copy->target, part->name, part->name, true,
			    MS_STORE_FILE_MAX, &there, NULL);
	if (r < 0)
		return r;
	if (there.len != content->len || memcmp(there.data, content->data, there.len) != 0)
		return ms_fail(copy->ctx, -EEXIST,
			       "'%s' has a key generation of that name with another %s",
			       copy->to, part->name);
	*ret = true;
	return 0;
}

/* Appears under a temporary name, then under its own. */
static int place(struct copy *copy, const struct part *part, const struct ms_buf *content)
{
	struct iovec bytes = { .iov_base = content->data, .iov_len = content->len };
	char temporary[MS_TEMPORARY_SIZE];
	int r = ms_store_temporary_name(copy->ctx, temporary);

	if (r == 0)
		r = ms_store_write(copy->ctx, copy->target, copy->to, temporary,
				   part->mode, &bytes, 1);
	if (r == 0 && renameat(copy->target, temporary, copy->target, part->name) < 0)
		r = ms_fail_errno(copy->ctx, -errno, "cannot write '%s/%s'", copy->to,
				  part->name);
	if (r < 0)
		unlinkat(copy->target, temporary, 0);
	else
		copy->changed = true;
	return r;
}

static int copy_part(struct copy *copy, const struct part *part)
{
	_cleanup_(ms_buf_wipe) struct ms_buf content = { 0 };
	_cleanup_free_ char *shown = ms_format("%s/%s", copy->from, part->name);
	bool there = false;
	int r;

	if (!shown)
		return ms_fail_nomem(copy->ctx);
	if (part->private && !copy->with_private_key)
		return 0;
	if (part->optional &&
	    faccessat(copy->source, part->name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = ms_file_read_at(copy->ctx, copy->source, part->name, shown, true,
			    MS_STORE_FILE_MAX, &content, NULL);
	if (r == 0)
		r = is_there(copy, part, &content, &there);
	return r < 0 || there ? r : place(copy, part, &content);
}

static int copy_parts(struct copy *copy)
{
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(parts) && r == 0; i++)
		r = copy_part(copy, &parts[i]);
	if (r == 0 && copy->changed && fsync(copy->target) < 0)
		r = ms_fail_errno(copy->ctx, -errno, "cannot sync '%s'", copy->to);
	return r;
}

static int install_new(struct copy *copy, int dest, const char *name)
{
	_cleanup_(ms_new_dir_done) struct ms_new_dir dir = { .fd = -1 };
	int r = ms_new_dir_begin(copy->ctx, dest, copy->to, &dir);

	if (r < 0)
		return r;
	copy->target = dir.fd;
	r = copy_parts(copy);
	if (r == 0)
		r = ms_new_dir_finish(copy->ctx, &dir, copy->to, name,
				      copy->with_private_key ? 0700 : 0755);
	copy->changed = r == 0;
	return r;
}

static int install_generation(struct copy *copy, int dest, const char *name)
{
	_cleanup_fd_ int there =
		openat(dest, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (there < 0 && errno == ENOENT)
		return install_new(copy, dest, name);
	if (there < 0)
		return ms_fail_errno(copy->ctx, -errno, "cannot open '%s/%s'", copy->to,
				     name);
	copy->target = there;
	return copy_parts(copy);
}

/* Lets `current` of the destination name the generation. */
static int point(struct copy *copy, int dest, const char *name)
{
	char target[MS_GENERATION_NAME_SIZE + 1];
	ssize_t len = readlinkat(dest, MS_STORE_LINK, target, sizeof(target));

	if (len == (ssize_t)strlen(name) && !memcmp(target, name, (size_t)len))
		return 0;
	if (len < 0 && errno != ENOENT)
		return ms_fail(copy->ctx, -EEXIST, "'%s/" MS_STORE_LINK "' is no link",
			       copy->to);
	copy->changed = true;
	return ms_store_point(copy->ctx, dest, copy->to, MS_STORE_LINK, name);
}

static int install(struct copy *copy, const char *name)
{
	_cleanup_fd_ int dest = open(copy->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_fd_ int source = open(copy->from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dest < 0 || source < 0)
		return ms_fail_errno(copy->ctx, -errno, "cannot open '%s'",
				     dest < 0 ? copy->to : copy->from);
	copy->source = source;
	r = install_generation(copy, dest, name);
	return r < 0 ? r : point(copy, dest, name);
}

int ms_keystore_install(struct ms_ctx *ctx, const struct ms_keystore *store,
			const char *dest, const struct ms_install_options *options,
			bool *ret_changed)
{
	struct copy copy = {
		.ctx = ctx,
		.to = dest,
		.with_private_key = options->with_private_key,
	};
	const struct ms_generation *current;
	char **made = NULL;
	size_t n_made = 0;
	int r = ms_keystore_current(ctx, store, &current);

	if (r < 0)
		return r;
	copy.from = current->path;
	r = ms_store_make_path(ctx, dest, 0755, &made, &n_made);
	if (r == 0)
		r = install(&copy, current->name);
	ms_store_unmake_path(made, n_made); /* what is empty: nothing came of it */
	if (r < 0)
		return r;
	*ret_changed = copy.changed;
	return 0;
}
