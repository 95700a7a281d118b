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
 * flock. Root, who makes one, gives it to the store's owner, who could not open it
 * otherwise; but nothing that was there: the owner may have given that name to a file of
 * root's.
 *
 * Whoever has it is the only one who changes the store, but for one who ends a killed
 * run's set from another of its directories. That one has the set's journal locked, and
 * is waited for. Then what killed runs left can be ended: sets by their journals
 * (lib/files/leftovers.h), and then what no journal needs any more goes (recover.c).
 */

#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../files/attributes.h"
#include "../files/beneath.h"
#include "../base/context.h"
#include "../files/leftovers.h"
#include "../base/wait.h"
#include "recover.h"
#include "store.h"

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

enum { OPEN = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* 1: made, and the store's owner's; 0: somebody was faster. */
static int make_lock(struct ms_ctx *ctx, int dir, const char *shown, int *ret)
{
	_cleanup_fd_ int fd = openat(dir, MS_STORE_LOCK, OPEN | O_CREAT | O_EXCL, 0600);
	struct stat st, store;

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0 || fstat(dir, &store) < 0)
		return ms_fail_errno(ctx, -errno, "cannot lock '%s'", shown);
	if (st.st_uid != store.st_uid && fchown(fd, store.st_uid, store.st_gid) < 0 &&
	    geteuid() == 0) {
		int r = ms_fail_errno(ctx, -errno, "cannot lock '%s'", shown);

		unlinkat(dir, MS_STORE_LOCK, 0);
		return r;
	}
	*ret = ms_steal_fd(&fd);
	return 1;
}

/* Only a file that nobody but owner and root can open keeps anybody waiting. */
static bool is_lock(const struct stat *st, const struct stat *store)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 07077) == 0 && st->st_nlink <= 1 &&
	       st->st_size == 0 &&
	       (st->st_uid == geteuid() || st->st_uid == store->st_uid);
}

/* 1: open; 0: it has come or gone meanwhile. */
static int open_lock(struct ms_ctx *ctx, int dir, const char *shown, int *ret)
{
	_cleanup_fd_ int fd = openat(dir, MS_STORE_LOCK, OPEN);
	struct stat st, store;
	int error = errno;

	if (fd < 0 && error == ENOENT)
		return make_lock(ctx, dir, shown, ret);
	if (fd < 0 && error != EROFS && error != EMFILE && error != ENFILE &&
	    fstatat(dir, MS_STORE_LOCK, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fail_foreign(ctx, shown);
	if (fd < 0)
		return ms_fail_errno(ctx, -error, "cannot lock '%s'", shown);
	if (fstat(fd, &st) < 0 || fstat(dir, &store) < 0)
		return ms_fail_errno(ctx, -errno, "cannot lock '%s'", shown);
	if (!is_lock(&st, &store))
		return fail_foreign(ctx, shown);
	*ret = ms_steal_fd(&fd);
	return 1;
}

static bool is_still_there(int dir, int fd)
{
	struct stat there, ours;

	return fstatat(dir, MS_STORE_LOCK, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &ours) == 0 && ms_same_inode(&there, &ours);
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

	if (r == 1)
		r = try_one(ctx, shown, fd);
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

/*
 * What is no lock may be one that root has made and not given away yet: it is looked at
 * again for a while.
 */
static int wait_for_lock(struct ms_ctx *ctx, int dir, const char *shown, bool no_wait,
			 struct ms_wait *wait, struct ms_store_lock *ret)
{
	for (;;) {
		int r = try_lock(ctx, dir, shown, ret);
		bool again = r == -EPERM && !ms_wait_is_long(wait);

		if (r == 1)
			return 0;
		if (r < 0 && !again)
			return r;
		if (again)
			ms_fail_clear(ctx);
		r = ms_wait_for_run(ctx, wait, no_wait && !again, "the store ", shown);
		if (r < 0)
			return r;
	}
}

/* Ends the sets of killed runs, behind whoever is doing that already. */
static int end_sets(struct ms_ctx *ctx, int dir, const char *shown, bool no_wait,
		    struct ms_wait *wait, enum ms_recovery *how)
{
	for (;;) {
		enum ms_recovery now = MS_RECOVERY_UNDECIDED;
		int r = ms_leftovers_end(ctx, dir, shown, &now);

		if (now > *how)
			*how = now;
		if (r != -EWOULDBLOCK)
			return r;
		ms_fail_clear(ctx);
		r = ms_wait_for_run(ctx, wait, no_wait, "the store ", shown);
		if (r < 0)
			return r;
	}
}

int ms_store_lock_directory(struct ms_ctx *ctx, int dir, const char *shown, bool no_wait,
			    struct ms_store_lock *ret, enum ms_recovery *ret_how)
{
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	enum ms_recovery how = MS_RECOVERY_NOTHING;
	struct ms_wait wait = {0};
	/* a lock that could be made and not removed would stay for ever */
	int r = ms_check_removable_from(ctx, dir, shown);

	r = r < 0 ? r : wait_for_lock(ctx, dir, shown, no_wait, &wait, &lock);
	r = r < 0 ? r : end_sets(ctx, dir, shown, no_wait, &wait, &how);
	if (r < 0)
		return r;
	ms_store_clear_away(ctx, dir, shown, &how);
	*ret = lock;
	lock = (struct ms_store_lock)MS_STORE_UNLOCKED;
	if (ret_how)
		*ret_how = how;
	return 0;
}
