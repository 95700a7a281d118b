/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_LOCK_H
#define MS_TREE_LOCK_H

/* The lock on a directory: its journal, held with flock(). */

#include <modseal/base.h>

enum ms_lock_answer {
	MS_LOCK_UNDECIDED = 0,
	MS_LOCK_TAKEN,
	MS_LOCK_BUSY,    /* another run holds it */
	MS_LOCK_ABSENT,  /* there is no journal, and none was to be made */
	MS_LOCK_FOREIGN, /* what stands there is not a journal of this user */
};

/**
 * Takes the lock on directory @dir (absolute, without links) where it can be had at
 * once. @create: make a journal where there is none. @ret_fd: the journal, where TAKEN;
 * release it with ms_lock_release(). Errors of the file system.
 */
int ms_lock_take(struct ms_ctx *ctx, const char *dir, bool create,
		 enum ms_lock_answer *ret, int *ret_fd);

/** Gives the lock back; @remove: the journal has done its work. */
void ms_lock_release(const char *dir, int fd, bool remove);

/** The failure for a FOREIGN journal in @dir, with what to do about it. */
int ms_lock_fail_foreign(struct ms_ctx *ctx, const char *dir);

/**
 * Waits until nobody holds the lock on @dir, without taking it. With @no_wait
 * -EWOULDBLOCK at once. -ECANCELED.
 */
int ms_lock_wait(struct ms_ctx *ctx, const char *dir, bool no_wait);

#endif
