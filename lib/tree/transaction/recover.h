/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_RECOVER_H
#define MS_TREE_TRANSACTION_RECOVER_H

/* Ending what a run that was killed left behind. */

#include <modseal/tree.h>

#include "lock.h"

struct ms_starts;

/**
 * Ends every interrupted transaction that a module of the first of @starts may be part of,
 * in all its roots. Waits for runs at work, unless @no_wait. Errors: as ms_recover_dir();
 * -ESTALE also: one of the roots is not where it was, and what was decided hangs on it.
 */
int ms_tree_recover(struct ms_ctx *ctx, struct ms_starts *starts, bool no_wait,
		    enum ms_recovery *ret);

/**
 * Ends the transaction in @dir (absolute, without links) if there is one, in all its roots:
 * takes the locks, recovers, removes the journals. Waits for runs that are at work on one
 * of them; -EWOULDBLOCK with @no_wait. Nothing else may be locked by this run meanwhile.
 *
 * *@ret_answer: MS_LOCK_TAKEN; MS_LOCK_ABSENT or _FOREIGN: nothing was to be done, or could.
 * -EBADMSG: it is no journal, and nothing was touched. -ESTALE: the root that decided is
 * not where it was, so that nobody knows what was decided; nothing was touched; or
 * something of the run is missing (ms_place_carry_out()). Other errors and that: what
 * could be done is done, and the journal stays.
 */
int ms_recover_dir(struct ms_ctx *ctx, const char *dir, bool no_wait,
		   enum ms_recovery *ret, enum ms_lock_answer *ret_answer);

#endif
