/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The current generation for others: a headers package, a machine that verifies. What is
 * public is copied; the private key only where it was asked for in so many words, since
 * whoever gets the copy can sign for every kernel that trusts the key.
 *
 * A generation that is new there appears whole, and `current` with it; in one that is
 * there already, and has the same certificate, the files that are missing appear: all or
 * nothing (lib/files/file-set.h). Failing at the renames leaves all as it was; failing
 * behind them, at the sync, leaves the copy, which `current` names. A kill leaves what
 * the next install to that place, or `modseal recover DEST`, ends.
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
#include "../base/sized.h"
#include "../files/directory.h"
#include "../files/file.h"
#include "../base/text.h"
#include "store.h"
#include "write.h"

MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

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
	const char *name; /* the generation's */
	bool with_private_key;
	bool is_new; /* there is none of that name yet */
	bool changed;
	struct ms_file_set *set;
	struct ms_new_dir dir;
	struct ms_new_link link;
};

/* 1: it was read, 0: it is not there. Only that it is absent may be passed over. */
static int read_part(struct copy *copy, int dir, const struct part *part,
		     const char *shown, struct ms_buf *ret)
{
	int r = ms_file_read_at(copy->ctx, dir, part->name, shown, true,
				MS_STORE_FILE_MAX, ret, NULL);

	if (r != -ENOENT)
		return r < 0 ? r : 1;
	ms_fail_clear(copy->ctx);
	return 0;
}

/* True where the target has the part with these bytes. */
static int is_there(struct copy *copy, const struct part *part,
		    const struct ms_buf *content, bool *ret)
{
	_cleanup_(ms_buf_wipe) struct ms_buf there = { 0 };
	int r;

	*ret = false;
	r = read_part(copy, copy->target, part, part->name, &there);
	if (r <= 0)
		return r;
	if (there.len != content->len || memcmp(there.data, content->data, there.len) != 0)
		return ms_fail(copy->ctx, -EEXIST,
			       "'%s' has a key generation of that name with another %s",
			       copy->to, part->name);
	*ret = true;
	return 0;
}

/* Into a directory that has no name yet. */
static int fill(struct copy *copy, const struct part *part, const struct ms_buf *content)
{
	struct iovec bytes = {.iov_base = content->data, .iov_len = content->len};

	return ms_store_write(copy->ctx, copy->target, copy->to, part->name, part->mode,
			      &bytes, 1);
}

/* Into a generation that is there: it waits with the other parts that were missing. */
static int place(struct copy *copy, const struct part *part, const struct ms_buf *content)
{
	_cleanup_free_ char *path =
		ms_format("%s/%s/%s", copy->to, copy->name, part->name);
	const struct ms_new_file file = {
		.path = path,
		.data = content->data,
		.len = content->len,
		.mode = part->mode,
		.keep = MS_KEEP_NOTHING,
		.fresh = true,
	};

	copy->changed = true;
	return path ? ms_file_set_add(copy->ctx, copy->set, &file)
		    : ms_fail_nomem(copy->ctx);
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
	r = read_part(copy, copy->source, part, shown, &content);
	if (r == 0 && !part->optional)
		return ms_fail_errno(copy->ctx, -ENOENT, "cannot open '%s'", shown);
	if (r <= 0)
		return r;
	r = is_there(copy, part, &content, &there);
	if (r < 0 || there)
		return r;
	return copy->is_new ? fill(copy, part, &content) : place(copy, part, &content);
}

static int copy_parts(struct copy *copy)
{
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(parts) && r == 0; i++)
		r = copy_part(copy, &parts[i]);
	return r;
}

static int install_new(struct copy *copy, int dest)
{
	int r = ms_new_dir_begin(copy->ctx, dest, copy->to, &copy->dir);

	if (r < 0)
		return r;
	copy->target = copy->dir.fd;
	copy->is_new = copy->changed = true;
	r = copy_parts(copy);
	if (r == 0)
		r = ms_new_dir_seal(copy->ctx, &copy->dir, copy->to,
				    copy->with_private_key ? 0700 : 0755);
	return r < 0 ? r
		     : ms_store_add_to(copy->ctx, copy->set, copy->to, &copy->dir,
				       copy->name, &copy->link);
}

/* Lets `current` of the destination name the generation. */
static int point(struct copy *copy, int dest)
{
	char target[MS_GENERATION_NAME_SIZE + 1];
	ssize_t len = readlinkat(dest, MS_STORE_LINK, target, sizeof(target));
	int r;

	if (len == (ssize_t)strlen(copy->name) &&
	    !memcmp(target, copy->name, (size_t)len))
		return 0;
	if (len < 0 && errno != ENOENT)
		return ms_fail(copy->ctx, -EEXIST, "'%s/" MS_STORE_LINK "' is no link",
			       copy->to);
	copy->changed = true;
	r = ms_new_link_begin(copy->ctx, dest, copy->to, copy->name, &copy->link);
	return r < 0 ? r
		     : ms_file_set_rename(copy->ctx, copy->set, copy->to, copy->link.name,
					  MS_STORE_LINK);
}

/* What is put into it goes there, even if another directory has its name by then. */
static int hold_target(struct copy *copy)
{
	_cleanup_free_ char *path = ms_format("%s/%s", copy->to, copy->name);

	return path ? ms_file_set_hold(copy->ctx, copy->set, copy->target, path)
		    : ms_fail_nomem(copy->ctx);
}

static int stage(struct copy *copy, int dest)
{
	_cleanup_fd_ int there =
		openat(dest, copy->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (there < 0 && errno != ENOENT)
		return ms_fail_errno(copy->ctx, -errno, "cannot open '%s/%s'", copy->to,
				     copy->name);
	if (fstatat(dest, MS_STORE_LINK, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISLNK(st.st_mode))
		return ms_fail(copy->ctx, -EEXIST, "'%s/" MS_STORE_LINK "' is no link",
			       copy->to);
	if (there < 0)
		return install_new(copy, dest);
	copy->target = there;
	r = ms_file_set_hold(copy->ctx, copy->set, dest, copy->to);
	r = r < 0 ? r : hold_target(copy);
	r = r < 0 ? r : copy_parts(copy);
	return r < 0 ? r : point(copy, dest);
}

/* Where nothing can be written nothing can be locked, and nothing may have to be. */
static int lock(struct copy *copy, int dest, struct ms_store_lock *ret)
{
	int r = ms_store_lock_directory(copy->ctx, dest, copy->to, false, ret, NULL);

	if (r != -EROFS && r != -EACCES)
		return r;
	ms_fail_clear(copy->ctx);
	return 0;
}

/* Into the directory open as @at, wherever its path leads by then. */
static int install(struct copy *copy, int at)
{
	_cleanup_fd_ int dest = ms_open_directory(at, ".");
	_cleanup_(ms_store_unlock) struct ms_store_lock locked = MS_STORE_UNLOCKED;
	_cleanup_fd_ int source = open(copy->from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dest < 0)
		return ms_fail_errno(copy->ctx, dest, "cannot open '%s'", copy->to);
	if (source < 0)
		return ms_fail_errno(copy->ctx, -errno, "cannot open '%s'", copy->from);
	copy->source = source;
	r = lock(copy, dest, &locked);
	r = r < 0 ? r : stage(copy, dest);
	r = r < 0 ? r : ms_store_commit(copy->ctx, copy->set, &copy->dir, &copy->link);
	ms_new_link_done(&copy->link);
	ms_new_dir_done(&copy->dir);
	return r;
}

int ms_keystore_install(struct ms_ctx *ctx, const struct ms_keystore *store,
			const char *dest, const struct ms_install_options *caller,
			bool *ret_changed)
{
	struct copy copy = {.ctx = ctx, .to = dest, .dir = {.fd = -1}};
	struct ms_install_options options;
	const struct ms_generation *current = NULL;
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	struct ms_made_directories made = { 0 };
	_cleanup_fd_ int at = -1;
	int r = set ? ms_sized_in(ctx, &options, sizeof(options), caller)
		    : ms_fail_nomem(ctx);

	if (r < 0)
		return r;
	r = ms_keystore_current(ctx, store, &current);
	if (r < 0)
		return r;
	copy.with_private_key = options.with_private_key;
	copy.from = current->path;
	copy.name = current->name;
	copy.set = set;
	at = ms_store_make(ctx, dest, 0755, &made);
	r = at < 0 ? at : install(&copy, at);
	ms_made_remove(&made); /* what is empty: nothing came of it */
	ms_made_done(&made);
	if (r < 0)
		return r;
	*ret_changed = copy.changed;
	return 0;
}
