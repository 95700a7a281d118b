/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clearing away what killed runs left. temporary.h says what there is; here it is decided
 * what of it may go:
 *
 *	- it has one of those names, is a file or directory, and is this user's; root, who
 *	  gives new files to others before they have their names, may clear for everybody
 *	- nobody is at work on its set (leftovers-names.c)
 *	- no journal needs it: one that is decided is finished first
 *	- a directory only where nobody else could have moved it there, or it is empty
 *
 * A journal or note is believed only if it is a file of this very user, which nobody else
 * may open and which has no second name; it is read from the descriptor that was asked,
 * since its name may be another file's by then. Whoever may write in the directory can
 * still have moved it there from another one of the user's, and whoever gives that user an
 * archive has him write it himself. So a journal knows its own file and its directories by
 * their marks (mark.h), and what it names in them is looked at: only names of this set's
 * tag, and in a key store its own and those of generations, are renamed or removed, and
 * only onto what was there when the set was made (file-set-finish.c).
 *
 * A note leads to no more than what anybody who clears up in that other directory does
 * there. That there is no journal there is believed only of the directory with that mark:
 * it was then not decided.
 */

#include "leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "directory.h"
#include "file-set-inside.h"
#include "leftovers-inside.h"

enum { MAX_JOURNAL = 16 << 20, DEPTH = 8 };

static int read_file(struct ms_leftovers *all, const struct ms_leftover *one,
		     struct ms_buf *ret)
{
	return ms_file_read_fd(all->ctx, one->fd, one->name, MAX_JOURNAL, ret, NULL);
}

static void did(struct ms_leftovers *all, enum ms_recovery how)
{
	if (how > all->how)
		all->how = how;
}

static void remove_directory(struct ms_leftovers *all, const struct ms_leftover *one)
{
	struct stat parent;

	/* empty it is no more than its name, which whoever moved it can take as well */
	if (unlinkat(all->fd, one->name, AT_REMOVEDIR) == 0)
		return;
	if (fstat(all->fd, &parent) == 0 &&
	    !ms_others_could_move(&parent, one->st.st_uid))
		ms_directory_remove(all->fd, one->name, one->fd, DEPTH);
}

static void remove_one(struct ms_leftovers *all, const struct ms_leftover *one)
{
	struct stat st;

	if (!one->st.st_mode)
		return;
	if (one->kind == MS_TEMPORARY_WORK && S_ISDIR(one->st.st_mode))
		remove_directory(all, one);
	else if (S_ISREG(one->st.st_mode) || S_ISLNK(one->st.st_mode))
		unlinkat(all->fd, one->name, 0);
	if (fstatat(all->fd, one->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		ms_leftovers_stay(all, MS_STAY_ALONE, all->shown, one->name);
	else
		did(all, MS_RECOVERY_UNDONE);
}

static const struct ms_leftover *of_kind(const struct ms_leftover *group, size_t n,
					 enum ms_temporary_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (group[i].kind == kind && group[i].st.st_mode)
			return &group[i];
	return NULL;
}

static int read_decided(struct ms_leftovers *all, const struct ms_leftover *file,
			struct ms_set_journal *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	int r = read_file(all, file, &text);

	if (r < 0)
		return r;
	r = ms_set_journal_parse((const char *)text.data, text.len, ret);
	if (r == -ENOMEM)
		return ms_fail_nomem(all->ctx);
	if (r < 0 || !ret->decided)
		return ms_fail(all->ctx, -EBADMSG,
			       "'%s/%s' is no journal that this modseal can read",
			       all->shown, file->name);
	if (!ms_mark_is_home(file->fd, &ret->self))
		return ms_fail(all->ctx, -EBADMSG,
			       "'%s/%s' is a copy of a journal, or out of an archive",
			       all->shown, file->name);
	return 0;
}

static int finish_journal(struct ms_leftovers *all, const struct ms_leftover *file)
{
	_cleanup_(ms_set_journal_done) struct ms_set_journal journal = {0};
	bool partly = false;
	int r = read_decided(all, file, &journal);

	if (r == 0)
		r = ms_set_finish(all->ctx, &journal, all->fd, all->shown, file->name,
				  file->tag, &partly);
	if (r == 0)
		did(all, partly ? MS_RECOVERY_PARTLY : MS_RECOVERY_FINISHED);
	if (r == -EBADMSG)
		return ms_hint_command(
			all->ctx, r,
			"look at it, and remove it if it is not needed: rm %s/%s",
			all->shown, file->name);
	/* the same command makes all of it anew, whatever of it there is already */
	if (r == -ESTALE || r == -ENOENT)
		return ms_hint_command(
			all->ctx, r,
			"bring it back or, where that cannot be, remove the journal and "
			"run the interrupted command again: rm %s/%s",
			all->shown, file->name);
	return r;
}

static int clear(struct ms_leftovers *all, const char *only_tag);

/* The same set in another directory. */
static int clear_there(struct ms_leftovers *all, int fd, const char *path,
		       const char *tag)
{
	_cleanup_(ms_leftovers_done) struct ms_leftovers there = {
		.ctx = all->ctx, .fd = fd, .shown = path};
	int r = clear(&there, tag);

	did(all, there.how);
	if (there.stay && there.stay_dir && there.stay_name)
		ms_leftovers_stay(all, there.stay, there.stay_dir, there.stay_name);
	return r;
}

/* A set that was begun: its other directories have what waits and a note. */
static int clear_begun(struct ms_leftovers *all, const struct ms_leftover *file)
{
	_cleanup_(ms_set_journal_done) struct ms_set_journal journal = {0};
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	int r = read_file(all, file, &text);

	if (r < 0)
		return r;
	r = ms_set_journal_parse((const char *)text.data, text.len, &journal);
	if (r == -ENOMEM)
		return ms_fail_nomem(all->ctx);
	/* killed while it was written: nothing waits elsewhere yet; or it is a copy */
	if (r < 0 || !ms_mark_is_home(file->fd, &journal.self))
		return 0;
	for (size_t i = 1; i < journal.n_dirs && r == 0; i++) {
		_cleanup_fd_ int fd = ms_set_place_open(&journal.dirs[i]);

		if (fd >= 0)
			r = clear_there(all, fd, journal.dirs[i].path, file->tag);
		else /* when it is back, its note tells of this one */
			ms_warn(all->ctx,
				"the interrupted run on '%s' was also on '%s', which is "
				"not there: what may wait in it stays",
				all->shown, journal.dirs[i].path);
	}
	return r;
}

/* The journal was there; *@ret_stay: it still is. */
static int follow_note(struct ms_leftovers *all, const struct ms_leftover *file,
		       const struct ms_set_place *place, bool *ret_stay)
{
	_cleanup_fd_ int fd = ms_set_place_open(place);
	char name[MS_TEMPORARY_NAME_SIZE];
	int r;

	*ret_stay = true;
	if (fd < 0) {
		ms_warn(all->ctx,
			"cannot tell how the interrupted run on '%s' ended: "
			"its journal is in '%s': %s",
			all->shown, place->path,
			fd == -ESTALE ? "another directory is there" : strerror(-fd));
		ms_leftovers_stay(all, MS_STAY_UNTOLD, all->shown, file->name);
		return 0;
	}
	ms_temporary_name(file->tag, MS_TEMPORARY_JOURNAL, 0, name);
	*ret_stay =
		faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
	if (!*ret_stay)
		return 0; /* it was not decided */
	r = clear_there(all, fd, place->path, file->tag);
	*ret_stay =
		faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
	if (*ret_stay && r == 0)
		ms_leftovers_stay(all, MS_STAY_BUSY, place->path, name);
	return r;
}

/*
 * A note: the journal is elsewhere. *@ret_stay: it cannot be said whether the set is
 * decided, or somebody is at work there.
 */
static int clear_noted(struct ms_leftovers *all, const struct ms_leftover *file,
		       bool *ret_stay)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	struct ms_set_place place = {0};
	int r = read_file(all, file, &text);

	if (r < 0)
		return r;
	r = ms_set_note_parse((const char *)text.data, text.len, &place);
	if (r == -ENOMEM)
		return ms_fail_nomem(all->ctx);
	if (r < 0) /* killed while it was written: nothing waits here yet */
		return 0;
	r = follow_note(all, file, &place, ret_stay);
	free(place.path);
	return r;
}

/* A set on which nobody is at work: what says so goes last. */
static int clear_locked(struct ms_leftovers *all, struct ms_leftover *group, size_t n)
{
	const struct ms_leftover *journal = of_kind(group, n, MS_TEMPORARY_JOURNAL);
	const struct ms_leftover *begun = of_kind(group, n, MS_TEMPORARY_BEGUN);
	const struct ms_leftover *note = of_kind(group, n, MS_TEMPORARY_AT);
	bool stay = false;
	int r = 0;

	if (journal)
		r = finish_journal(all, journal);
	else if (begun)
		r = clear_begun(all, begun);
	else if (note)
		r = clear_noted(all, note, &stay);
	if (r < 0 || stay)
		return r;
	for (size_t i = 0; i < n; i++)
		if (&group[i] != begun && &group[i] != note && &group[i] != journal)
			remove_one(all, &group[i]);
	if (begun)
		remove_one(all, begun);
	if (note)
		remove_one(all, note);
	return 0;
}

static int clear_group(struct ms_leftovers *all, struct ms_leftover *group, size_t n)
{
	int r = ms_leftovers_lock(all, group, n);

	if (r == 1)
		r = clear_locked(all, group, n);
	ms_leftovers_unlock(group, n);
	return r;
}

static int clear(struct ms_leftovers *all, const char *only_tag)
{
	size_t n;
	int r = ms_leftovers_find(all, only_tag);

	all->how = MS_RECOVERY_NOTHING;
	for (size_t i = 0; i < all->n && r == 0; i += n) {
		for (n = 1; i + n < all->n; n++)
			if (strcmp(all->list[i + n].tag, all->list[i].tag) != 0)
				break;
		r = clear_group(all, &all->list[i], n);
	}
	return r;
}

static int clear_all(struct ms_leftovers *all, enum ms_recovery *ret)
{
	int r = clear(all, NULL);

	if (r < 0)
		return ms_ctx_hint(all->ctx)
			       ? r
			       : ms_hint_command(all->ctx, r, "modseal recover %s",
						 all->shown);
	*ret = all->how;
	return 0;
}

int ms_leftovers_clear(struct ms_ctx *ctx, int fd, const char *shown,
		       enum ms_recovery *ret)
{
	_cleanup_(ms_leftovers_done) struct ms_leftovers all = {
		.ctx = ctx, .fd = fd, .shown = shown};

	return clear_all(&all, ret);
}

/* What stays, as an error or, where it concerns nobody, a warning. */
static int tell(const struct ms_leftovers *all)
{
	const char *dir = all->stay_dir, *name = all->stay_name;
	int r;

	if (all->stay == MS_STAY_NOTHING)
		return 0;
	if (!dir || !name)
		return ms_fail_nomem(all->ctx);
	switch (all->stay) {
	case MS_STAY_BUSY:
		return ms_fail(all->ctx, -EWOULDBLOCK,
			       "a run is at work on what '%s/%s' stands for", dir, name);
	case MS_STAY_FOREIGN:
		r = ms_fail(
			all->ctx, -EPERM,
			"'%s/%s' is no journal that this user alone could have written",
			dir, name);
		return ms_hint_command(
			all->ctx, r, "let the user it belongs to run: modseal recover %s",
			dir);
	case MS_STAY_UNTOLD:
		r = ms_fail(all->ctx, -ESTALE, "the interrupted run on '%s' is not ended",
			    dir);
		return ms_hint_command(all->ctx, r, "if it never can be: rm %s/%s", dir,
				       name);
	case MS_STAY_ALONE:
	case MS_STAY_NOTHING:
		break;
	}
	ms_warn(all->ctx, "'%s/%s' is left: another run's or user's, or moved there", dir,
		name);
	return 0;
}

int ms_leftovers_end(struct ms_ctx *ctx, int fd, const char *shown, enum ms_recovery *ret)
{
	_cleanup_(ms_leftovers_done) struct ms_leftovers all = {
		.ctx = ctx, .fd = fd, .shown = shown};
	int r = clear_all(&all, ret);

	return r < 0 ? r : tell(&all);
}

int ms_leftovers_recover(struct ms_ctx *ctx, int fd, const char *shown,
			 enum ms_recovery *ret)
{
	int r = ms_leftovers_end(ctx, fd, shown, ret);

	if (r != -EWOULDBLOCK)
		return r;
	ms_warn(ctx, "%s, and is left to it", ms_ctx_message(ctx));
	ms_fail_clear(ctx);
	return 0;
}
