/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The order matters: chown() takes away security.capability and the set-id bits, and
 * user.* xattrs may only be set while the file can be written. So: owner, xattrs, mode,
 * times. The file is 0600 until its mode is set, so nobody sees it half made.
 *
 * The modification time is not kept where a module is replaced: its content has changed,
 * and whoever compares times (make, rsync, backups, depmod -A) has to see that.
 */

#include "metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "../../base/buffer.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"

#define ACL "system.posix_acl_access"

/* *@mode loses the set-id bits where the file stays somebody else's: they were granted by
 * its owner and group, and by nobody else. */
static int keep_owner(struct ms_ctx *ctx, const struct stat *st, int fd, bool lenient,
		      const char *shown, mode_t *mode)
{
	struct stat now;
	int r;

	if (fstat(fd, &now) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat the new '%s'", shown);
	if ((now.st_uid == st->st_uid && now.st_gid == st->st_gid) ||
	    fchown(fd, st->st_uid, st->st_gid) == 0)
		return 0;
	if (lenient) {
		*mode &= ~(mode_t)(S_ISUID | S_ISGID);
		return 0;
	}
	r = ms_fail_errno(ctx, -errno, "cannot keep the owner of '%s'", shown);
	return ms_hint(ctx, r, "run as its owner or as root");
}

/* The names of all xattrs, each with its NUL, in @ret. */
static int list_xattrs(int fd, struct ms_buf *ret)
{
	for (;;) {
		ssize_t n = flistxattr(fd, NULL, 0);

		if (n < 0)
			return errno == ENOTSUP ? 0 : -errno;
		if (n == 0)
			return 0;
		if (ms_buf_reserve(ret, (size_t)n) < 0)
			return -ENOMEM;
		n = flistxattr(fd, (char *)ret->data, (size_t)n);
		if (n < 0 && errno == ERANGE)
			continue;
		if (n < 0)
			return -errno;
		ret->len = (size_t)n;
		return 0;
	}
}

static int read_xattr(int fd, const char *name, struct ms_buf *ret)
{
	ms_buf_clear(ret);
	for (;;) {
		ssize_t n = fgetxattr(fd, name, NULL, 0);

		if (n < 0)
			return -errno;
		if (ms_buf_reserve(ret, (size_t)n + 1) < 0)
			return -ENOMEM;
		n = fgetxattr(fd, name, ret->data, (size_t)n + 1);
		if (n < 0 && errno == ERANGE)
			continue;
		if (n < 0)
			return -errno;
		ret->len = (size_t)n;
		return 0;
	}
}

/* A label that the system gives to new files may be the wanted one already. */
static bool has_xattr(int fd, const char *name, const struct ms_buf *value)
{
	_cleanup_(ms_buf_done) struct ms_buf now = { 0 };

	return read_xattr(fd, name, &now) == 0 && now.len == value->len &&
	       (now.len == 0 || !memcmp(now.data, value->data, now.len));
}

static int keep_xattr(int source, int fd, const char *name)
{
	_cleanup_(ms_buf_done) struct ms_buf value = { 0 };
	int r = read_xattr(source, name, &value);

	if (r == -ENODATA)
		return 0; /* gone since it was listed */
	if (r < 0)
		return r;
	if (fsetxattr(fd, name, value.data, value.len, 0) == 0)
		return 0;
	r = -errno;
	return has_xattr(fd, name, &value) ? 0 : r;
}

static int keep_xattrs(struct ms_ctx *ctx, int source, int fd, bool lenient,
		       const char *shown, struct ms_metadata_dropped *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf names = { 0 };
	bool has_acl = false;
	int r = list_xattrs(source, &names);

	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot list the xattrs of '%s'", shown);
	for (size_t at = 0; at < names.len; at += strlen((char *)names.data + at) + 1) {
		const char *name = (char *)names.data + at;

		has_acl = has_acl || !strcmp(name, ACL);
		if (!strcmp(name, "security.ima")) {
			ret->ima = true;
		} else if (!strcmp(name, "security.evm")) {
			ret->evm = true;
		} else if ((r = keep_xattr(source, fd, name)) < 0) {
			if (!lenient)
				return ms_fail_errno(ctx, r,
						     "cannot keep xattr '%s' of '%s'",
						     name, shown);
			ret->other = true;
		}
	}
	/* the directory's default ACL may have given the new file one */
	if (!has_acl)
		fremovexattr(fd, ACL);
	return 0;
}

int ms_metadata_copy(struct ms_ctx *ctx, int source, const struct stat *st, int fd,
		     bool lenient, const char *shown, struct ms_metadata_dropped *ret)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	mode_t mode = st->st_mode & 07777;
	int r = keep_owner(ctx, st, fd, lenient, shown, &mode);

	if (r == 0)
		r = keep_xattrs(ctx, source, fd, lenient, shown, ret);
	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0)
		return ms_fail_errno(ctx, -errno, "cannot keep the mode of '%s'", shown);
	if (!lenient)
		times[1].tv_nsec = UTIME_OMIT;
	if (futimens(fd, times) < 0)
		return ms_fail_errno(ctx, -errno, "cannot keep the times of '%s'", shown);
	return 0;
}
