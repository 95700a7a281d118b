/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Journal and lock are one file, .modseal-journal in the directory itself. There, and
 * not beside the directory, because that place is the same however the directory is
 * spelled (links, mounts, "." and ".."), exists for a root directory and for a mount
 * point as well, is on the file system that the renames happen on, can be written by
 * whoever may replace the modules, and is found by every run that walks the tree from
 * further up. It is there only while a run is at work, or was killed.
 *
 * All that is done to it goes by the directory's descriptor: where the directory is renamed
 * and another one, or a link, takes its name, the journal that is written and removed is
 * still the one that was locked.
 *
 * The lock is flock()'s, so it ends with its process, however that ends. Whoever gets it
 * checks that the file is still the one of that name: the one before may have removed it
 * between our open and our flock. Only a regular file of this user that no one else may
 * open is believed: what another user put there is neither waited for nor tells us what to
 * do, but ends the run, since two that cannot lock would meet.
 */

#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../files/attributes.h"
#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../base/wait.h"
#include "journal.h"
#include "../tree.h"

static bool is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & 07077) == 0 && st->st_nlink <= 1;
}

/* Did open() fail because of what stands there: a link, a directory, another's file? */
static bool says_foreign(int dirfd, int error)
{
	struct stat st;

	return error == ELOOP || error == EISDIR || error == ENXIO || error == ENODEV ||
	       ((error == EACCES || error == EPERM) &&
		fstatat(dirfd, MS_JOURNAL_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Opens the journal; -1 and *@ret where there is none that could be locked. */
static int open_journal(struct ms_ctx *ctx, int dirfd, const char *dir, bool create,
			enum ms_lock_answer *ret, int *ret_fd)
{
	int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
		    (create ? O_CREAT : 0);
	_cleanup_fd_ int fd = openat(dirfd, MS_JOURNAL_NAME, flags, 0600);
	int error = errno;
	struct stat st;

	if (fd < 0 && !create && (error == ENOENT || error == ENOTDIR)) {
		*ret = MS_LOCK_ABSENT;
		return 0;
	}
	if (fd < 0 && says_foreign(dirfd, error)) {
		*ret = MS_LOCK_FOREIGN;
		return 0;
	}
	if (fd < 0 && !create && error == EACCES) {
		*ret = MS_LOCK_HIDDEN;
		return 0;
	}
	if (fd < 0) {
		int r = ms_fail_errno(ctx, -error, "cannot make the journal '%s%s%s'",
				      dir, dir[1] ? "/" : "", MS_JOURNAL_NAME);

		return error == EMFILE ? ms_hint(ctx, r,
						 "name directories instead of the "
						 "files in them, or: ulimit -n hard")
				       : r;
	}
	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat the journal in '%s'", dir);
	if (!is_ours(&st)) {
		*ret = MS_LOCK_FOREIGN;
		return 0;
	}
	*ret_fd = ms_steal_fd(&fd);
	return 0;
}

/* Is the journal @fd still the one of that name? 0 or a negative errno value. */
static int look_there(int dirfd, int fd, bool *ret)
{
	struct stat there, ours;

	*ret = false;
	if (fstatat(dirfd, MS_JOURNAL_NAME, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &ours) < 0)
		return -errno;
	*ret = ms_same_inode(&there, &ours);
	return 0;
}

int ms_lock_take(struct ms_ctx *ctx, int dirfd, const char *dir, bool create,
		 enum ms_lock_answer *ret, int *ret_fd)
{
	/* a journal that could be made and not removed would be in the way for ever */
	int r = create ? ms_check_removable_from(ctx, dirfd, dir) : 0;

	if (r < 0)
		return r;
	for (;;) {
		_cleanup_fd_ int fd = -1;
		bool there;

		r = open_journal(ctx, dirfd, dir, create, ret, &fd);
		if (r < 0 || fd < 0)
			return r;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EWOULDBLOCK)
				return ms_fail_errno(ctx, -errno, "cannot lock '%s'",
						     dir);
			*ret = MS_LOCK_BUSY;
			return 0;
		}
		r = look_there(dirfd, fd, &there);
		if (r < 0)
			return ms_fail_errno(ctx, r, "cannot stat the journal in '%s'",
					     dir);
		if (!there)
			continue;
		*ret = MS_LOCK_TAKEN;
		*ret_fd = ms_steal_fd(&fd);
		return 0;
	}
}

void ms_lock_release(int dirfd, int fd, bool remove)
{
	bool there;

	if (fd < 0)
		return;
	/* removed before it is unlocked, so that nobody locks what is about to go */
	if (remove && look_there(dirfd, fd, &there) == 0 && there)
		unlinkat(dirfd, MS_JOURNAL_NAME, 0);
	close(fd);
}

int ms_lock_dir(struct ms_ctx *ctx, const char *dir, int *ret_fd)
{
	int fd = ms_open_resolved(dir, O_PATH);

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR && fd != -EACCES)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", dir);
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}

int ms_lock_look(struct ms_ctx *ctx, const char *dir, enum ms_lock_answer *ret)
{
	_cleanup_fd_ int dirfd = -1;
	struct stat st;
	int fd = -1, r = ms_lock_dir(ctx, dir, &dirfd);
	bool empty;

	*ret = MS_LOCK_ABSENT;
	if (r < 0 || dirfd < 0)
		return r;
	r = ms_lock_take(ctx, dirfd, dir, false, ret, &fd);
	if (r < 0 || *ret != MS_LOCK_TAKEN)
		return r;
	empty = fstat(fd, &st) == 0 && st.st_size == 0;
	if (empty)
		*ret = MS_LOCK_ABSENT;
	ms_lock_release(dirfd, fd, empty);
	return 0;
}

int ms_lock_fail_foreign(struct ms_ctx *ctx, const char *dir)
{
	int r = ms_fail(ctx, -EPERM, "'%s%s%s' is no journal of this user", dir,
			dir[1] ? "/" : "", MS_JOURNAL_NAME);

	return ms_hint_command(ctx, r,
			       "let the user it belongs to run: modseal recover %s", dir);
}

int ms_lock_wait(struct ms_ctx *ctx, const char *dir, bool no_wait)
{
	struct ms_wait wait = {0}; /* runs on one file are over at once */

	for (;;) {
		enum ms_lock_answer answer = MS_LOCK_UNDECIDED;
		int r = ms_check_cancelled(ctx);

		if (r == 0)
			r = ms_lock_look(ctx, dir, &answer);
		if (r == 0 && answer == MS_LOCK_BUSY)
			r = ms_wait_for_run(ctx, &wait, no_wait, "", dir);
		if (r < 0 || answer != MS_LOCK_BUSY)
			return r;
	}
}
