/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Recovery. A decided transaction (its journal has a right commit line) is finished, any
 * other undone by removing its waiting files: place.c does that in one directory. Either can
 * be broken off and begun again.
 *
 * A run over several roots is ended in all of them, from its lead (journal.h), whichever
 * was met. Another root is believed to be part of it only where its own journal, which no
 * other user could have made, has the same number. Who holds the lead may wait for a
 * member, and nobody waits for a lead while holding anything.
 */

#include "recover.h"

#include <errno.h>
#include <string.h>

#include "../base/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "place.h"

/* A journal that names its own directory was not written by a run. */
static int check_other(struct ms_ctx *ctx, const struct ms_place *place,
		       const struct ms_place *other)
{
	return ms_same_file(place->fd, other->fd)
		       ? ms_fail(ctx, -EBADMSG, "the journal in '%s' names itself",
				 place->dir)
		       : 0;
}

static int fail_elsewhere(struct ms_ctx *ctx, const char *dir, const char *other)
{
	int r = ms_fail(ctx, -ESTALE,
			"the interrupted run on '%s' was one with '%s', which is not there",
			dir, other);

	return ms_hint_command(
		ctx, r,
		"mount it or move it back; or, to leave the two as they are: "
		"rm %s/" MS_JOURNAL_NAME,
		dir);
}

/*
 * Ends the part of one member. Where nothing was decided it need not be there: it undoes
 * its part whenever it is met.
 */
static int end_member(struct ms_ctx *ctx, const struct ms_place *lead,
		      const struct ms_journal_root *member, bool no_wait)
{
	_cleanup_(ms_place_done) struct ms_place place = MS_PLACE_INIT;
	bool decided = lead->journal.committed;
	enum ms_lock_answer answer = MS_LOCK_UNDECIDED;
	int r = ms_place_open(ctx, member->path, &member->inode, &place);

	if (r == -ESTALE)
		return decided ? fail_elsewhere(ctx, lead->dir, member->path) : 0;
	if (r == 0)
		r = check_other(ctx, lead, &place);
	if (r == 0)
		r = ms_place_take_at_last(ctx, &place, no_wait, &answer);
	if (r < 0)
		return r;
	if (answer != MS_LOCK_TAKEN || !place.journal.lead.path ||
	    strcmp(place.journal.txid, lead->journal.txid))
		return 0; /* its part is ended */
	if (decided && !place.journal.committed)
		return ms_fail(ctx, -EBADMSG, "the journal in '%s' is not whole",
			       member->path);
	return ms_place_end(ctx, &place, decided);
}

/* Ends a run from its lead, or from the one root that it has. */
static int end_lead(struct ms_ctx *ctx, struct ms_place *lead, bool no_wait,
		    enum ms_recovery *ret)
{
	bool decided = lead->journal.committed;
	int result = 0, r;

	for (size_t i = 0; i < lead->journal.n_members; i++) {
		r = end_member(ctx, lead, &lead->journal.members[i], no_wait);
		if (r < 0)
			result = r;
	}
	if (result < 0) {
		/* the decision stays until all have followed it */
		struct ms_ctx *quiet = ms_ctx_fork(ctx);

		ms_place_carry_out(quiet ? quiet : ctx, lead, decided);
		ms_ctx_free(quiet);
		return result;
	}
	r = ms_place_end(ctx, lead, decided);
	if (r == 0)
		*ret = decided ? MS_RECOVERY_FINISHED : MS_RECOVERY_UNDONE;
	return r;
}

/*
 * Ends a run that was met in one of its members, which is locked. MS_LOCK_BUSY: somebody is
 * at work in the lead, which has to be waited for with nothing locked.
 */
static int end_from_member(struct ms_ctx *ctx, struct ms_place *member, bool no_wait,
			   enum ms_recovery *ret, enum ms_lock_answer *ret_lead)
{
	_cleanup_(ms_place_done) struct ms_place lead = MS_PLACE_INIT;
	int r = ms_place_open(ctx, member->journal.lead.path, &member->journal.lead.inode,
			   &lead);

	if (r == -ESTALE)
		return fail_elsewhere(ctx, member->dir, member->journal.lead.path);
	if (r == 0)
		r = check_other(ctx, member, &lead);
	if (r == 0)
		r = ms_place_take(ctx, &lead, ret_lead);
	if (r < 0 || *ret_lead == MS_LOCK_BUSY)
		return r;
	if (*ret_lead == MS_LOCK_TAKEN && !lead.journal.lead.path &&
	    !strcmp(lead.journal.txid, member->journal.txid)) {
		ms_lock_release(member->fd, member->lock, false);
		member->lock = -1;
		return end_lead(ctx, &lead, no_wait, ret);
	}
	/* the lead does not know of it: nothing was decided, or all was done */
	r = ms_place_end(ctx, member, false);
	if (r == 0)
		*ret = MS_RECOVERY_UNDONE;
	return r;
}

/* @place is open, locked and read. */
static int end_any(struct ms_ctx *ctx, struct ms_place *place, bool no_wait,
		   enum ms_recovery *ret, enum ms_lock_answer *ret_lead)
{
	if (!*place->journal.txid) { /* blank */
		ms_lock_release(place->fd, place->lock, true);
		place->lock = -1;
		return 0;
	}
	if (place->journal.lead.path)
		return end_from_member(ctx, place, no_wait, ret, ret_lead);
	return end_lead(ctx, place, no_wait, ret);
}

int ms_recover_dir(struct ms_ctx *ctx, const char *dir, bool no_wait,
		   enum ms_recovery *ret, enum ms_lock_answer *ret_answer)
{
	int r;

	*ret_answer = MS_LOCK_ABSENT;
	*ret = MS_RECOVERY_NOTHING;
	for (;;) {
		_cleanup_(ms_place_done) struct ms_place place = MS_PLACE_INIT;
		enum ms_lock_answer lead = MS_LOCK_UNDECIDED;

		r = ms_place_open(ctx, dir, NULL, &place);
		if (r == 0)
			r = ms_place_take_at_last(ctx, &place, no_wait, ret_answer);
		if (r < 0 || *ret_answer != MS_LOCK_TAKEN)
			return r;
		r = end_any(ctx, &place, no_wait, ret, &lead);
		if (r < 0 || lead != MS_LOCK_BUSY)
			return r;
		ms_lock_release(place.fd, place.lock, false);
		place.lock = -1;
		r = ms_lock_wait(ctx, place.journal.lead.path, no_wait);
		if (r < 0)
			return r;
	}
}
