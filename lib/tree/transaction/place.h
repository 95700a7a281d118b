/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_PLACE_H
#define MS_TREE_TRANSACTION_PLACE_H

/* One directory with a journal in it, and what that journal says to do there. */

#include <modseal/base.h>

#include "journal.h"
#include "lock.h"

/** The directory, and its journal: locked, read, and to be ended. */
struct ms_place {
	const char *dir; /* shown; absolute; borrowed */
	int fd;		 /* of the directory */
	int lock;	 /* of the journal */
	struct ms_journal journal;
	bool partly; /* not everything is as the run wanted it, though it is finished */
};

#define MS_PLACE_INIT { .fd = -1, .lock = -1 }

/** Gives the lock back; the journal stays. */
void ms_place_done(struct ms_place *place);

/** Opens @dir, absolute and without links. */
int ms_place_open(struct ms_ctx *ctx, const char *dir, struct ms_place *place);

/**
 * Opens the directory that another journal notes as @root: -ESTALE, without a message,
 * where it is not there, or what is there is seen to be another one.
 */
int ms_place_open_noted(struct ms_ctx *ctx, const struct ms_journal_root *root,
			struct ms_place *place);

/**
 * Locks and reads the journal of @place, which is open, where it can be had at once: *@ret
 * says whether it can. The number of a blank one is "". -EBADMSG: it is none, or one of
 * another directory.
 */
int ms_place_take(struct ms_ctx *ctx, struct ms_place *place, enum ms_lock_answer *ret);

/** As ms_place_take(), waiting for whoever holds it; -EWOULDBLOCK with @no_wait. */
int ms_place_take_at_last(struct ms_ctx *ctx, struct ms_place *place, bool no_wait,
			  enum ms_lock_answer *ret);

/**
 * Finishes, where it was @decided, or undoes what the journal says. It can be begun
 * again. -ESTALE: what would have to be seen for that is not there.
 */
int ms_place_carry_out(struct ms_ctx *ctx, struct ms_place *place, bool decided);

/** Adds to the failure @error what to do where something is missing of the run. */
int ms_place_hint(struct ms_ctx *ctx, const struct ms_place *place, int error);

/** Removes the journal, which has done its work, and says so. */
int ms_place_close(struct ms_ctx *ctx, struct ms_place *place, bool decided);

/** Both. */
int ms_place_end(struct ms_ctx *ctx, struct ms_place *place, bool decided);

#endif
