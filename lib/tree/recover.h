/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_RECOVER_H
#define MS_TREE_RECOVER_H

/* Ending what a run that was killed left behind. */

#include <modseal/tree.h>

#include "lock.h"

/**
 * Ends the transaction of the journal @fd, which is locked and lies in @dir (absolute,
 * without links). The journal is empty then. -EBADMSG: it is no journal, and nothing
 * was touched. Other errors: what could be done is done, and the journal stays.
 */
int ms_recover_journal(struct ms_ctx *ctx, const char *dir, int fd,
		       enum ms_recovery *ret);

/**
 * Ends the transaction in @dir if there is one: takes the lock, recovers, removes the
 * journal. *@ret_answer tells whether the lock was to be had: MS_LOCK_BUSY, _ABSENT and
 * _FOREIGN: nothing was done.
 */
int ms_recover_dir(struct ms_ctx *ctx, const char *dir, enum ms_recovery *ret,
		   enum ms_lock_answer *ret_answer);

#endif
