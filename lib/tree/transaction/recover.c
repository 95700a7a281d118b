/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Recovery. A decided transaction (its journal has a right commit line) is finished, any
 * other undone by removing its waiting files: place.c does that in one directory. Either
 * can be broken off and begun again.
 *
 * A run over several roots is ended in all of them, from its lead (journal.h), whichever
 * was met. Another root is believed to be part of it only where its own journal, which no
 * other user could have made, has the same number. Who holds the lead may wait for a
 * member, and nobody waits for a lead while holding anything.
 *
 * That another root has no such journal says something too: the lead does not know of the
 * run, so it was not decided, or is done; the member has followed. This is believed only
 * of a directory that is certainly the one that was noted (lib/files/mark.h), and that
 * could be looked into. What cannot be looked at says nothing, and everything stays as it
 * is; but a member that was not ready needs nobody to tell it that nothing was decided.
 */

#include "recover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
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

static int fail_elsewhere(struct ms_ctx *ctx, const struct ms_place *place,
			  const char *other)
{
	int r = ms_fail(
		ctx, -ESTALE,
		"the interrupted run on '%s' was one with '%s', which is not there",
		place->dir, other);

	return ms_place_hint(ctx, place, r);
}

/*
 * The journal of a run that was met in @place does not stand in @other. May that be
 * believed? 0, or the reason why not.
 */
static int check_absence(struct ms_ctx *ctx, const struct ms_place *place,
			 const struct ms_place *other,
			 const struct ms_journal_root *noted, enum ms_lock_answer answer)
{
	if (answer == MS_LOCK_FOREIGN)
		return ms_lock_fail_foreign(ctx, other->dir);
	if (answer == MS_LOCK_HIDDEN)
		return ms_fail(ctx, -EACCES, "cannot look for a journal in '%s'",
			       other->dir);
	return ms_mark_fits(other->fd, &noted->mark)
		       ? 0
		       : fail_elsewhere(ctx, place, other->dir);
}

static void remove_blank(struct ms_place *place)
{
	ms_lock_release(place->fd, place->lock, true);
	place->lock = -1;
}

/*
 * Opens, locks and reads a member. *@ret_has_part: it has a part in the run that is not ended
 * yet. Where nothing was decided it need not be there: it undoes its part whenever it is met.
 */
static int take_member(struct ms_ctx *ctx, const struct ms_place *lead,
		       const struct ms_journal_root *member, bool no_wait,
		       struct ms_place *place, bool *ret_has_part)
{
	bool decided = lead->journal.committed;
	enum ms_lock_answer answer = MS_LOCK_UNDECIDED;
	int r = ms_place_open_noted(ctx, member, place);

	*ret_has_part = false;
	if (r == -ESTALE)
		return decided ? fail_elsewhere(ctx, lead, member->path) : 0;
	if (r == 0)
		r = check_other(ctx, lead, place);
	if (r == 0)
		r = ms_place_take_at_last(ctx, place, no_wait, &answer);
	if (r < 0)
		return r;
	if (answer != MS_LOCK_TAKEN || !place->journal.lead.path ||
	    strcmp(place->journal.txid, lead->journal.txid)) {
		r = decided ? check_absence(ctx, lead, place, member, answer) : 0;
		if (r == 0 && answer == MS_LOCK_TAKEN && !*place->journal.txid)
			remove_blank(place);
		return r;
	}
	if (decided && !place->journal.committed)
		return ms_fail(ctx, -EBADMSG, "the journal in '%s' is not whole",
			       member->path);
	*ret_has_part = true;
	return 0;
}

/* Does what a member's journal says, which stays. *@ret_partly: as ms_place. */
static int carry_out_member(struct ms_ctx *ctx, const struct ms_place *lead,
			    const struct ms_journal_root *member, bool no_wait,
			    bool *ret_partly)
{
	_cleanup_(ms_place_done) struct ms_place place = MS_PLACE_INIT;
	bool has_part;
	int r = take_member(ctx, lead, member, no_wait, &place, &has_part);

	if (r == 0 && has_part)
		r = ms_place_carry_out(ctx, &place, lead->journal.committed);
	*ret_partly = place.partly;
	return r;
}

static int close_member(struct ms_ctx *ctx, const struct ms_place *lead,
			const struct ms_journal_root *member, bool no_wait, bool partly)
{
	_cleanup_(ms_place_done) struct ms_place place = MS_PLACE_INIT;
	bool has_part;
	int r = take_member(ctx, lead, member, no_wait, &place, &has_part);

	if (r < 0 || !has_part)
		return r;
	place.partly = partly;
	return ms_place_close(ctx, &place, lead->journal.committed);
}

/*
 * The journals of all go only when all has been done: who has to try again then learns
 * again what was left in which of them. *@ret_partly: in any.
 */
static int end_members(struct ms_ctx *ctx, const struct ms_place *lead, bool no_wait,
		       bool *ret_partly)
{
	const struct ms_journal *journal = &lead->journal;
	_cleanup_free_ bool *partly = calloc(journal->n_members + 1, sizeof(*partly));
	int result = 0;

	if (!partly)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < journal->n_members; i++) {
		int r = carry_out_member(ctx, lead, &journal->members[i], no_wait,
					 &partly[i]);

		result = r < 0 ? r : result;
		*ret_partly |= partly[i];
	}
	for (size_t i = 0; i < journal->n_members && result == 0; i++)
		result = close_member(ctx, lead, &journal->members[i], no_wait,
				      partly[i]);
	return result;
}

/* Ends a run from its lead, or from the one root that it has. */
static int end_lead(struct ms_ctx *ctx, struct ms_place *lead, bool no_wait,
		    enum ms_recovery *ret)
{
	bool decided = lead->journal.committed, partly = false;
	int result = end_members(ctx, lead, no_wait, &partly), r;

	if (result < 0) {
		/* the decision stays until all have followed it */
		struct ms_ctx *quiet = ms_ctx_fork(ctx);

		ms_place_carry_out(quiet ? quiet : ctx, lead, decided);
		ms_ctx_free(quiet);
		return result;
	}
	r = ms_place_end(ctx, lead, decided);
	if (r == 0)
		*ret = !decided		       ? MS_RECOVERY_UNDONE :
		       partly || lead->partly ? MS_RECOVERY_PARTLY :
						MS_RECOVERY_FINISHED;
	return r;
}

/* Opens, locks and reads the lead of @member. */
static int take_lead(struct ms_ctx *ctx, const struct ms_place *member,
		     struct ms_place *lead, enum ms_lock_answer *ret)
{
	int r = ms_place_open_noted(ctx, &member->journal.lead, lead);

	if (r == -ESTALE)
		return fail_elsewhere(ctx, member, member->journal.lead.path);
	return r < 0 ? r : ms_place_take(ctx, lead, ret);
}

static void let_go(struct ms_place *place)
{
	ms_lock_release(place->fd, place->lock, false);
	place->lock = -1;
}

/*
 * Ends a run that was met in one of its members, which is locked. *@ret_next is what the
 * lead says: MS_LOCK_BUSY, somebody is at work there, which has to be waited for with
 * nothing locked; MS_LOCK_TAKEN, the run was ended from there.
 */
static int end_from_member(struct ms_ctx *ctx, struct ms_place *member, bool no_wait,
			   enum ms_recovery *ret, enum ms_lock_answer *ret_next)
{
	_cleanup_(ms_place_done) struct ms_place lead = MS_PLACE_INIT;
	enum ms_lock_answer answer = MS_LOCK_UNDECIDED;
	bool ready = member->journal.committed;
	int r = take_lead(ctx, member, &lead, &answer);
	int itself = lead.fd >= 0 ? check_other(ctx, member, &lead) : 0;

	if (itself < 0)
		return itself;
	if (r == 0 && answer == MS_LOCK_TAKEN && !lead.journal.lead.path &&
	    !strcmp(lead.journal.txid, member->journal.txid)) {
		let_go(member);
		*ret_next = MS_LOCK_TAKEN;
		return end_lead(ctx, &lead, no_wait, ret);
	}
	if (r == 0 && answer == MS_LOCK_BUSY && ready) {
		*ret_next = MS_LOCK_BUSY;
		return 0;
	}
	if (r == 0 && ready)
		r = check_absence(ctx, member, &lead, &member->journal.lead, answer);
	if (r < 0 && ready)
		return r;
	ms_fail_clear(ctx); /* wherever the lead is, it cannot have decided */
	r = ms_place_end(ctx, member, false);
	if (r == 0)
		*ret = MS_RECOVERY_UNDONE;
	return r;
}

/* @place is open, locked and read. *@ret_next: as end_from_member(). */
static int end_any(struct ms_ctx *ctx, struct ms_place *place, bool no_wait,
		   enum ms_recovery *ret, enum ms_lock_answer *ret_next)
{
	if (!*place->journal.txid) {
		remove_blank(place);
		return 0;
	}
	if (place->journal.lead.path)
		return end_from_member(ctx, place, no_wait, ret, ret_next);
	return end_lead(ctx, place, no_wait, ret);
}

/* Ends what is there as far as it can be ended at once; *@ret_again: look again. */
static int end_once(struct ms_ctx *ctx, const char *dir, bool no_wait,
		    enum ms_recovery *ret, enum ms_lock_answer *ret_answer,
		    bool *ret_again)
{
	_cleanup_(ms_place_done) struct ms_place place = MS_PLACE_INIT;
	enum ms_lock_answer next = MS_LOCK_UNDECIDED;
	int r = ms_place_open(ctx, dir, &place);

	*ret_again = false;
	if (r == 0)
		r = ms_place_take_at_last(ctx, &place, no_wait, ret_answer);
	if (r < 0 || *ret_answer != MS_LOCK_TAKEN)
		return r;
	r = end_any(ctx, &place, no_wait, ret, &next);
	*ret_again = r == 0 && (next == MS_LOCK_BUSY || next == MS_LOCK_TAKEN);
	if (r < 0 || next != MS_LOCK_BUSY)
		return r;
	let_go(&place);
	return ms_lock_wait(ctx, place.journal.lead.path, no_wait);
}

int ms_recover_dir(struct ms_ctx *ctx, const char *dir, bool no_wait,
		   enum ms_recovery *ret, enum ms_lock_answer *ret_answer)
{
	bool again = true;
	int r = 0;

	*ret_answer = MS_LOCK_ABSENT;
	*ret = MS_RECOVERY_NOTHING;
	while (r == 0 && again) {
		enum ms_recovery how = MS_RECOVERY_NOTHING;
		enum ms_lock_answer answer = MS_LOCK_ABSENT;

		r = end_once(ctx, dir, no_wait, &how, &answer, &again);
		/* after a run was ended from its lead there mostly is no journal left */
		if (*ret_answer != MS_LOCK_TAKEN)
			*ret_answer = answer;
		if (how > *ret)
			*ret = how;
	}
	return r;
}
