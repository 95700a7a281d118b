/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_LOCK_H
#define MS_KEYSTORE_LOCK_H

/* Who may change a store: one at a time. */

#include <stdbool.h>

#include <modseal/base.h>

#define MS_STORE_LOCK ".modseal-key-lock"

struct ms_store_lock {
	int dir;  /* borrowed */
	int fd;	  /* -1: not locked */
	int self; /* the directory, locked, too; or -1 */
};

#define MS_STORE_UNLOCKED                                                                \
	{                                                                                \
		.dir = -1, .fd = -1, .self = -1                                          \
	}

/**
 * Locks the directory @dir of a store, which is @shown in messages, and ends what killed
 * runs left in it. @ret_how: what that was; may be NULL.
 *
 * -EWOULDBLOCK: another run has it, and @no_wait; -ECANCELED; -EPERM: nothing can be removed
 * from it, what is there is no lock of this store's, or a set that was left in it is another
 * user's to end; errors of finishing what a killed run has decided.
 */
int ms_store_lock_directory(struct ms_ctx *ctx, int dir, const char *shown, bool no_wait,
			    struct ms_store_lock *ret, enum ms_recovery *ret_how);

void ms_store_unlock(struct ms_store_lock *lock);

#endif
