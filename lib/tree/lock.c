/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Journal and lock are one file, .modseal-journal in the directory itself. There, and
 * not beside the directory, because that place is the same however the directory is
 * spelled (links, mounts, "." and ".."), exists for a root directory and for a mount
 * point as well, is on the file system that the renames happen on, can be written by
 * whoever may replace the modules, and is found by every run that walks the tree from
 * further up. It is there only while a run is at work, or was killed.
 *
 * The lock is flock()'s, so it ends with its process, however that ends. Whoever gets it
 * checks that the file is still the one of that name: the one before may have removed it
 * between our open and our flock. Only a regular file of this user that no one else may
 * open is believed: what another user put there neither holds us up nor tells us what to
 * do.
 */

#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "journal.h"
#include "tree.h"

enum { TELL_AFTER = 300, PAUSE_MAX = 50 }; /* milliseconds, of ms_lock_wait() */

static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & 07077) == 0 && st->st_nlink <= 1;
}

/* Opens the journal; -1 and *@ret where there is none that could be locked. */
static int open_journal(struct ms_ctx *ctx, const char *path, bool create,
			enum ms_lock_answer *ret, int *ret_fd)
{
	int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		    (create ? O_CREAT : 0);
	_cleanup_fd_ int fd = open(path, flags, 0600);
	int error = errno;
	struct stat st;

	if (fd < 0 && !create && (error == ENOENT || error == ENOTDIR)) {
		*ret = MS_LOCK_ABSENT;
		return 0;
	}
	if (fd < 0 && (error == ELOOP || lstat(path, &st) == 0) && error != EMFILE &&
	    error != ENFILE && error != EROFS) {
		*ret = MS_LOCK_FOREIGN;
		return 0;
	}
	if (fd < 0 && !create && error == EACCES) {
		*ret = MS_LOCK_ABSENT; /* a directory that we may not search */
		return 0;
	}
	if (fd < 0) {
		int r = ms_fail_errno(ctx, -error, "cannot make the journal '%s'", path);

		return error == EMFILE ? ms_hint(ctx, r,
						 "name directories instead of the "
						 "files in them, or: ulimit -n hard")
				       : r;
	}
	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", path);
	if (!is_ours(&st)) {
		*ret = MS_LOCK_FOREIGN;
		return 0;
	}
	*ret_fd = ms_steal_fd(&fd);
	return 0;
}

static bool is_still_there(const char *path, int fd)
{
	struct stat there, ours;

	return lstat(path, &there) == 0 && fstat(fd, &ours) == 0 &&
	       there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

int ms_lock_take(struct ms_ctx *ctx, const char *dir, bool create,
		 enum ms_lock_answer *ret, int *ret_fd)
{
	_cleanup_free_ char *path = ms_path_join(dir, MS_JOURNAL_NAME);

	if (!path)
		return ms_fail_nomem(ctx);
	for (;;) {
		_cleanup_fd_ int fd = -1;
		int r;

		r = open_journal(ctx, path, create, ret, &fd);
		if (r < 0 || fd < 0)
			return r;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EWOULDBLOCK)
				return ms_fail_errno(ctx, -errno, "cannot lock '%s'",
						     path);
			*ret = MS_LOCK_BUSY;
			return 0;
		}
		if (!is_still_there(path, fd))
			continue;
		*ret = MS_LOCK_TAKEN;
		*ret_fd = ms_steal_fd(&fd);
		return 0;
	}
}

void ms_lock_release(const char *dir, int fd, bool remove)
{
	_cleanup_free_ char *path = ms_path_join(dir, MS_JOURNAL_NAME);

	if (fd < 0)
		return;
	/* removed before it is unlocked, so that nobody locks what is about to go */
	if (remove && path)
		unlink(path);
	close(fd);
}

int ms_lock_fail_foreign(struct ms_ctx *ctx, const char *dir)
{
	int r = ms_fail(ctx, -EPERM, "'%s%s%s' is no journal of this user", dir,
			dir[1] ? "/" : "", MS_JOURNAL_NAME);

	return ms_hint(ctx, r, "let the user it belongs to run: modseal recover '%s'",
		       dir);
}

int ms_lock_wait(struct ms_ctx *ctx, const char *dir, bool no_wait)
{
	long waited = 0, pause = 1; /* milliseconds; runs on one file are over at once */

	for (;;) {
		enum ms_lock_answer answer = MS_LOCK_UNDECIDED;
		struct timespec time = { .tv_nsec = pause * 1000000 };
		int fd = -1, r;

		r = ms_check_cancelled(ctx);
		if (r == 0)
			r = ms_lock_take(ctx, dir, false, &answer, &fd);
		ms_lock_release(dir, fd, false);
		if (r < 0 || answer != MS_LOCK_BUSY)
			return r;
		if (no_wait)
			return ms_fail(ctx, -EWOULDBLOCK,
				       "another run is at work on '%s'", dir);
		if (waited < TELL_AFTER && waited + pause >= TELL_AFTER)
			ms_warn(ctx, "waiting for another run on '%s'", dir);
		waited += pause;
		nanosleep(&time, NULL);
		pause = pause < PAUSE_MAX / 2 ? pause * 2 : PAUSE_MAX;
	}
}
