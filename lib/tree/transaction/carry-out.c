/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The journal is believed only as far as it can do no harm: every directory is opened
 * from the journal's own, and without following links; only regular files whose name
 * carries the transaction's number are ever renamed or removed; a file is put in its
 * place only where it is the very one that the run made, and the target is still the one
 * that was to be replaced. Somebody else's newer module stays.
 *
 * And nothing is taken for done that is not seen to be: a file that does not wait any
 * more has to be found in its place, and what was mounted below has to be there. Else the
 * journal stays, since it alone knows what is to be done there.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../files/beneath.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../files/made.h"
#include "../descend.h"
#include "place.h"
#include "sync.h"
#include "transaction.h"

struct recovery {
	struct ms_ctx *ctx;
	struct ms_place *place;
	const struct ms_journal *journal; /* of the place */
	struct ms_sync sync;
	int at; /* the directory that was come to last, or -1, and its path */
	char *at_path;
};

/* What stands where a new file belongs. */
enum standing {
	STANDS_OTHER, /* what somebody has put there since */
	STANDS_NEW,
	STANDS_OLD,  /* what was there before the run, also where that was nothing */
	STANDS_NONE, /* it was removed since */
};

static bool is_new(const struct statx *stx, const struct ms_journal_entry *entry)
{
	const struct ms_mark made = { .inode = entry->inode, .birth = entry->birth };
	const struct ms_mark seen = { .inode = stx->stx_ino, .birth = ms_mark_birth(stx) };

	return S_ISREG(stx->stx_mode) && stx->stx_size == entry->size &&
	       ms_mark_same_there(&seen, &made);
}

/* Is that what was to be replaced? The kernel may have cut nanoseconds. */
static bool is_old(const struct statx *stx, const struct ms_journal_entry *entry)
{
	return entry->had_old && S_ISREG(stx->stx_mode) &&
	       stx->stx_size == entry->old_size &&
	       stx->stx_mtime.tv_sec == entry->old_seconds &&
	       (stx->stx_mtime.tv_nsec == entry->old_nanoseconds ||
		stx->stx_mtime.tv_nsec == 0);
}

/* What cannot be told is an error: a file taken for changed would be left out. */
static int look_at_target(int fd, const char *name, const struct ms_journal_entry *entry,
			  enum standing *ret)
{
	struct statx stx;
	int r = ms_mark_look(fd, name, &stx);

	if (r == -ENOENT) {
		*ret = entry->had_old ? STANDS_NONE : STANDS_OLD;
		return 0;
	}
	if (r < 0)
		return r;
	*ret = is_new(&stx, entry) ? STANDS_NEW :
	       is_old(&stx, entry) ? STANDS_OLD : STANDS_OTHER;
	return 0;
}

static int remove_waiting(int fd, const char *staged)
{
	return unlinkat(fd, staged, 0) < 0 ? -errno : 0;
}

/* The new file waits, and is the run's. */
static int finish_waiting(struct recovery *rec, const struct ms_journal_entry *entry,
			  int fd, const char *staged, const char *base,
			  enum standing standing)
{
	if (standing == STANDS_OLD)
		return renameat(fd, staged, fd, base) < 0 ? -errno : 0;
	if (standing == STANDS_NEW) /* under both names: a rename would leave them */
		return remove_waiting(fd, staged);
	ms_warn(rec->ctx,
		"'%s/%s' changed since the interrupted run and is left as it is",
		rec->place->dir, entry->path);
	rec->place->partly = true;
	return remove_waiting(fd, staged);
}

/* Nothing waits: it has its name already, or whatever the run wanted cannot be had. */
static int finish_gone(struct recovery *rec, const struct ms_journal_entry *entry,
		       enum standing standing)
{
	if (standing == STANDS_NEW)
		return 0;
	if (standing == STANDS_OTHER)
		ms_warn(rec->ctx,
			"'%s/%s' changed since the interrupted run and is left as it is",
			rec->place->dir, entry->path);
	else if (rec->journal->keep_going) /* which may have let it go */
		ms_warn(rec->ctx, "'%s/%s' could not be replaced by the interrupted run",
			rec->place->dir, entry->path);
	else
		return ms_fail(rec->ctx, -ESTALE, "what should be there is gone");
	rec->place->partly = true;
	return 0;
}

static int finish_in(struct recovery *rec, const struct ms_journal_entry *entry, int fd,
		     const char *base)
{
	char staged[MS_STAGED_NAME_SIZE];
	enum standing standing = STANDS_OTHER;
	struct statx stx;
	int waits, r;

	ms_staged_name(rec->journal->txid, (size_t)entry->number, staged);
	waits = ms_mark_look(fd, staged, &stx);
	if (waits < 0 && waits != -ENOENT)
		return ms_fail_errno(rec->ctx, waits, "cannot stat '%s'", staged);
	if (waits == 0 && !is_new(&stx, entry))
		return ms_fail(rec->ctx, -EBADMSG,
			       "'%s' is not the file that the run made", staged);
	r = look_at_target(fd, base, entry, &standing);
	if (r == 0 && waits < 0)
		return finish_gone(rec, entry, standing);
	if (r == 0)
		r = finish_waiting(rec, entry, fd, staged, base, standing);
	return r < 0 ? ms_fail_errno(rec->ctx, r, "cannot replace it") : 0;
}

static void leave_directory(struct recovery *rec)
{
	if (rec->at >= 0)
		close(rec->at);
	free(rec->at_path);
	rec->at = -1;
	rec->at_path = NULL;
}

/*
 * Goes to the directory of @path, from the last one where it lies in that: files come in
 * the order of their paths.
 */
static int go_to_parent(struct recovery *rec, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);
	const char *at_path = rec->at_path ? rec->at_path : "";
	size_t len = strlen(at_path);
	bool is_in = parent && rec->at >= 0 && !strncmp(parent, at_path, len) &&
		     (!len || !parent[len] || parent[len] == '/');
	int fd;

	if (!parent)
		return -ENOMEM;
	if (!is_in)
		len = 0;
	else if (!parent[len])
		return 0;
	fd = ms_open_beneath(is_in ? rec->at : rec->place->fd, parent + len + (len > 0),
			     O_RDONLY);
	if (fd < 0)
		return fd;
	leave_directory(rec);
	rec->at = fd;
	rec->at_path = ms_steal(&parent);
	return 0;
}

static int finish_one(struct recovery *rec, const struct ms_journal_entry *entry)
{
	const char *slash = strrchr(entry->path, '/');
	int r = go_to_parent(rec, entry->path);

	if (r < 0)
		return ms_fail_errno(rec->ctx, r, "cannot open its directory");
	r = ms_sync_add(rec->ctx, &rec->sync, rec->at);
	return r < 0 ? r
		     : finish_in(rec, entry, rec->at, slash ? slash + 1 : entry->path);
}

static int finish(struct recovery *rec)
{
	int result = 0;

	for (size_t i = 0; i < rec->journal->n_entries; i++) {
		const struct ms_journal_entry *entry = &rec->journal->entries[i];
		int r = finish_one(rec, entry);

		ms_transaction_step("recovering");
		if (r < 0)
			result = ms_fail_prefix(
				rec->ctx, r,
				"cannot finish the interrupted run on '%s/%s'",
				rec->place->dir, entry->path);
	}
	if (result == -ESTALE || result == -EBADMSG || result == -ENOENT ||
	    result == -ENOTDIR)
		return ms_place_hint(rec->ctx, rec->place, result);
	return result < 0 ? result : ms_sync_run(rec->ctx, &rec->sync);
}

static int sweep_name(struct ms_ctx *ctx, const struct ms_visit *visit, const char *name,
		      unsigned char type, void *userdata)
{
	const struct recovery *rec = userdata;
	const char *slash = *visit->path ? "/" : "";

	if (type != DT_REG || !ms_is_staged_name(name, rec->journal->txid))
		return 0;
	if (unlinkat(visit->fd, name, 0) < 0 && errno != ENOENT)
		return ms_fail_errno(ctx, -errno, "cannot remove '%s%s%s/%s'",
				     rec->place->dir, slash, visit->path, name);
	ms_transaction_step("recovering");
	return 0;
}

/* Opens the directory of @path below @fd; *@ret_base: the last component. */
static int open_parent(int fd, const char *path, const char **ret_base)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);

	if (!parent)
		return -ENOMEM;
	*ret_base = slash ? slash + 1 : path;
	return ms_open_beneath(fd, parent, O_PATH);
}

/* Of the directories that the run made those that nobody has put to use go again. */
static int sweep_made(struct recovery *rec)
{
	for (size_t i = rec->journal->n_made; i-- > 0;) {
		const struct ms_journal_root *made = &rec->journal->made[i];
		const char *base;
		_cleanup_fd_ int fd = open_parent(rec->place->fd, made->path, &base);
		int r;

		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue; /* it was never made, or is none of ours */
		/* a run that was killed before it noted which has made any */
		r = fd < 0 ? fd
			   : ms_made_remove_one(fd, base,
						ms_mark_is_known(&made->mark) ? &made->mark
									: NULL);
		if (r < 0)
			return ms_fail_errno(rec->ctx, r,
					     "cannot remove directory '%s/%s'",
					     rec->place->dir, made->path);
	}
	return 0;
}

/* Removes the transaction's waiting files from the directory and all below it. */
static int undo(struct recovery *rec)
{
	int r = ms_descend(rec->ctx, rec->place->fd, rec->place->dir, sweep_name, rec);

	if (r == 0)
		r = sweep_made(rec);
	if (r < 0)
		return ms_fail_prefix(rec->ctx, r,
				      "cannot undo the interrupted run on '%s'",
				      rec->place->dir);
	return 0;
}

/* Is all there that was mounted below? What is not seen is not ended. */
static int check_below(struct recovery *rec)
{
	for (size_t i = 0; i < rec->journal->n_below; i++) {
		const struct ms_journal_root *below = &rec->journal->below[i];
		_cleanup_fd_ int fd =
			ms_open_beneath(rec->place->fd, below->path, O_PATH);
		int r;

		if (fd >= 0 && ms_mark_fits(fd, &below->mark))
			continue;
		r = ms_fail(rec->ctx, -ESTALE,
			    "the interrupted run on '%s' was also on what was mounted "
			    "for '%s/%s', and is not there",
			    rec->place->dir, rec->place->dir, below->path);
		return ms_place_hint(rec->ctx, rec->place, r);
	}
	return 0;
}

int ms_place_carry_out(struct ms_ctx *ctx, struct ms_place *place, bool decided)
{
	struct recovery rec = {
		.ctx = ctx, .place = place, .journal = &place->journal, .at = -1
	};
	int r = decided ? finish(&rec) : undo(&rec);
	int below = check_below(&rec);

	leave_directory(&rec);
	ms_sync_done(&rec.sync);
	return below < 0 ? below : r;
}
