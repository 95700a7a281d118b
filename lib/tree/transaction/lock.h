/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_LOCK_H
#define MS_TREE_TRANSACTION_LOCK_H

/* The lock on a directory: its journal, held with flock(). */

#include <modseal/base.h>

enum ms_lock_answer {
	MS_LOCK_UNDECIDED = 0,
	MS_LOCK_TAKEN,
	MS_LOCK_BUSY,	 /* another run holds it */
	MS_LOCK_ABSENT,	 /* there is no journal, and none was to be made */
	MS_LOCK_FOREIGN, /* what stands there is not a journal of this user */
	MS_LOCK_HIDDEN,	 /* the directory may not be searched: nobody can tell */
};

/**
 * Takes the lock on the directory @dir, open as @dirfd (O_PATH suffices), where it can be
 * had at once; @dir is for messages. @create: make a journal where there is none, -EPERM in
 * a directory from which nothing can be removed. @ret_fd: the journal, where TAKEN; release
 * it with ms_lock_release(). Errors of the file system.
 */
int ms_lock_take(struct ms_ctx *ctx, int dirfd, const char *dir, bool create,
		 enum ms_lock_answer *ret, int *ret_fd);

/**
 * Gives the lock @fd (or -1) on directory @dirfd back; @remove: the journal has done its
 * work. Only the very file that is locked is removed.
 */
void ms_lock_release(int dirfd, int fd, bool remove);

/**
 * Opens directory @dir (absolute, without links) as one to look for a lock in. -1 in
 * *@ret_fd and success where it is not there, or not for this user.
 */
int ms_lock_dir(struct ms_ctx *ctx, const char *dir, int *ret_fd);

/**
 * Is there a journal in @dir (absolute, without links), and is somebody at work? TAKEN:
 * nobody is, and what the journal says has to be ended. An empty one is removed on the
 * way, and ABSENT then.
 */
int ms_lock_look(struct ms_ctx *ctx, const char *dir, enum ms_lock_answer *ret);

/** The failure for a FOREIGN journal in @dir, with what to do about it. */
int ms_lock_fail_foreign(struct ms_ctx *ctx, const char *dir);

/**
 * Waits until nobody holds the lock on @dir, without taking it. With @no_wait
 * -EWOULDBLOCK at once. -ECANCELED.
 */
int ms_lock_wait(struct ms_ctx *ctx, const char *dir, bool no_wait);

#endif
