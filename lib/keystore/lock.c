/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The lock of a store: flock()'s on a file in it, which is there only while a run is at
 * work, and which nobody can open but the store's owner and root. The directory itself
 * can be opened, and so locked, by everybody where its mode is 0755, as kernel-sign makes
 * it: a process of any user's could keep all others waiting for ever.
 *
 * A store that only its owner can open is locked itself, too: so do runs of a modseal
 * that does not know the file.
 *
 * It ends with its process, however that ends. Whoever gets it checks that the file is
 * still the one of that name: the one before may have removed it between our open and our
 * flock. Root gives it to the store's owner, who could not open it otherwise.
 *
 * Whoever has it is alone, so what killed runs left can be ended then: sets of files by
 * their journals (lib/base/leftovers.h), and what begins with ".modseal-key-" goes.
 */

#include "lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/context.h"
#include "../base/leftovers.h"
#include "store.h"
#include "write.h"

enum { TELL_AFTER = 300, PAUSE_MAX = 50 }; /* milliseconds */

void ms_store_unlock(struct ms_store_lock *lock)
{
	if (lock->fd < 0)
		return;
	/* removed before it is unlocked, so that nobody locks what is about to go */
	unlinkat(lock->dir, MS_STORE_LOCK, 0);
	close(ms_steal_fd(&lock->fd));
	if (lock->self >= 0)
		close(ms_steal_fd(&lock->self));
}

static int fail_foreign(struct ms_ctx *ctx, const char *shown)
{
	int r = ms_fail(ctx, -EPERM, "'%s/" MS_STORE_LOCK "' is no lock of this store's",
			shown);

	return ms_hint_command(ctx, r, "where no run is at work: rm %s/" MS_STORE_LOCK,
			       shown);
}

/* Only a file that nobody but owner and root can open keeps anybody waiting. */
static int open_lock(struct ms_ctx *ctx, int dir, const char *shown, int *ret)
{
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	_cleanup_fd_ int fd = openat(dir, MS_STORE_LOCK, flags, 0600);
	struct stat st, store;
	int error = errno;

	if (fd < 0 && error != EROFS && error != EMFILE && error != ENFILE &&
	    fstatat(dir, MS_STORE_LOCK, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fail_foreign(ctx, shown);
	if (fd < 0)
		return ms_fail_errno(ctx, -error, "cannot lock '%s'", shown);
	if (fstat(fd, &st) < 0 || fstat(dir, &store) < 0)
		return ms_fail_errno(ctx, -errno, "cannot lock '%s'", shown);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 07077) || st.st_nlink > 1 ||
	    (st.st_uid != geteuid() && st.st_uid != store.st_uid))
		return fail_foreign(ctx, shown);
	if (st.st_uid != store.st_uid && fchown(fd, store.st_uid, store.st_gid) < 0 &&
	    geteuid() == 0)
		return ms_fail_errno(ctx, -errno, "cannot lock '%s'", shown);
	*ret = ms_steal_fd(&fd);
	return 0;
}

static bool is_still_there(int dir, int fd)
{
	struct stat there, ours;

	return fstatat(dir, MS_STORE_LOCK, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &ours) == 0 && there.st_dev == ours.st_dev &&
	       there.st_ino == ours.st_ino;
}

/* 1: locked; 0: another has it. */
static int try_one(struct ms_ctx *ctx, const char *shown, int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	if (errno == EWOULDBLOCK || errno == EINTR)
		return 0;
	return ms_fail_errno(ctx, -errno, "cannot lock '%s'", shown);
}

/* The directory, opened for this run alone: *@ret -1 where others can open it. */
static int try_directory(struct ms_ctx *ctx, int dir, const char *shown, int *ret)
{
	_cleanup_fd_ int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot lock '%s'", shown);
	if (st.st_mode & 077)
		return 1;
	r = try_one(ctx, shown, fd);
	if (r == 1)
		*ret = ms_steal_fd(&fd);
	return r;
}

/* 1: locked. 0: another has it, or had it until now. */
static int try_lock(struct ms_ctx *ctx, int dir, const char *shown,
		    struct ms_store_lock *ret)
{
	_cleanup_fd_ int fd = -1;
	int r = open_lock(ctx, dir, shown, &fd);

	r = r < 0 ? r : try_one(ctx, shown, fd);
	if (r != 1)
		return r;
	if (!is_still_there(dir, fd))
		return 0;
	r = try_directory(ctx, dir, shown, &ret->self);
	if (r != 1) {
		unlinkat(dir, MS_STORE_LOCK, 0);
		return r;
	}
	ret->dir = dir;
	ret->fd = ms_steal_fd(&fd);
	return 1;
}

static int wait_for_lock(struct ms_ctx *ctx, int dir, const char *shown, bool no_wait,
			 struct ms_store_lock *ret)
{
	long waited = 0, pause = 1;

	for (;;) {
		struct timespec time = {.tv_nsec = pause * 1000000};
		int r = try_lock(ctx, dir, shown, ret);

		if (r != 0)
			return r < 0 ? r : 0;
		r = ms_check_cancelled(ctx);
		if (r < 0)
			return r;
		if (no_wait)
			return ms_fail(ctx, -EWOULDBLOCK,
				       "another run is at work on the store '%s'", shown);
		if (waited < TELL_AFTER && waited + pause >= TELL_AFTER)
			ms_warn(ctx, "waiting for another run on the store '%s'", shown);
		waited += pause;
		nanosleep(&time, NULL);
		pause = pause < PAUSE_MAX / 2 ? pause * 2 : PAUSE_MAX;
	}
}

/* Removes what runs that were killed have left. Failing to is no failure. */
static void clear_away(int store, enum ms_recovery *how)
{
	int fd = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir))) {
		if (!ms_store_is_temporary(d->d_name) ||
		    !strcmp(d->d_name, MS_STORE_LOCK))
			continue;
		if (ms_store_remove(store, d->d_name) == 0 && *how < MS_RECOVERY_UNDONE)
			*how = MS_RECOVERY_UNDONE;
	}
	closedir(dir);
}

int ms_store_lock_directory(struct ms_ctx *ctx, int dir, const char *shown, bool no_wait,
			    struct ms_store_lock *ret, enum ms_recovery *ret_how)
{
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	enum ms_recovery how = MS_RECOVERY_NOTHING;
	int r = wait_for_lock(ctx, dir, shown, no_wait, &lock);

	if (r < 0)
		return r;
	r = ms_leftovers_clear(ctx, dir, shown, &how);
	if (r < 0)
		return r;
	clear_away(dir, &how);
	*ret = lock;
	lock = (struct ms_store_lock)MS_STORE_UNLOCKED;
	if (ret_how)
		*ret_how = how;
	return 0;
}
