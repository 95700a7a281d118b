/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The renames of a set, and what becomes of each failure. "Kill" is a kill, or the power
 * gone.
 *
 *	1. check    nothing has changed since it was read
 *	2. decide   the journal is on the disk, and everything that it names
 *	3. rename   one after the other
 *	4. sync     the directories
 *	5. forget   what was replaced goes, then the journal
 *
 *	fails at 1, 2: nothing was renamed; what waits is removed
 *
 *	fails at 3: those before it are taken back, each so that a new file waits again, and
 *	then the decision. If that fails too, the journal stays: it is finished later, for
 *	everything is there that it needs
 *
 *	fails at 4: all is in its place and stays. What the disk has nobody knows after a
 *	failed sync, so nothing is deleted and nothing taken back; the journal stays, to
 *	finish what a crash may have undone
 *
 *	fails at 5: likewise; finishing again changes nothing
 *
 *	killed before the end of 2: undone, what waits is removed; killed behind that:
 *	finished
 *
 * One single entry needs no journal: its rename is the decision.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/context.h"
#include "file-set-inside.h"

static int check_unchanged(struct ms_ctx *ctx, const struct ms_file_set *set,
			   const struct ms_set_entry *entry)
{
	struct ms_identity now;
	struct stat st;

	if (!entry->check)
		return 0;
	if (fstatat(set->dirs[entry->dir].fd, entry->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", entry->shown);
	now = ms_identity_of(&st);
	if (!ms_identity_same(&now, &entry->was))
		return ms_fail(ctx, -EBUSY, "'%s' has changed since it was read",
			       entry->shown);
	return 0;
}

/* A second name for the old file, where the file system has such (FAT has not). */
static void keep_old(const struct ms_file_set *set, struct ms_set_entry *entry)
{
	size_t i = (size_t)(entry - set->entries);
	int fd = set->dirs[entry->dir].fd;
	char name[MS_TEMPORARY_NAME_SIZE];

	ms_temporary_name(set->tag, MS_TEMPORARY_OLD, i, name);
	if (linkat(fd, entry->base, fd, name, 0) == 0)
		memcpy(entry->kept, name, sizeof(name));
}

static void drop_kept(struct ms_file_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct ms_set_entry *entry = &set->entries[i];

		if (entry->kept[0])
			unlinkat(set->dirs[entry->dir].fd, entry->kept, 0);
		entry->kept[0] = '\0';
	}
}

int ms_set_rename(int fd, const char *from, const char *to, bool existed,
		  enum ms_set_kind kind)
{
	if (existed)
		return renameat(fd, from, fd, to) < 0 ? -errno : 0;
	if (renameat2(fd, from, fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* not every file system knows NOREPLACE; a directory that has something stays */
	if (kind == MS_SET_DIRECTORY)
		return renameat(fd, from, fd, to) < 0 ? -errno : 0;
	if (linkat(fd, from, fd, to, 0) < 0)
		return -errno;
	unlinkat(fd, from, 0);
	return 0;
}

/*
 * Of several, new and old change their names, so that this can be taken back as it was
 * done. Not every file system can do that; then the old one gets a second name first.
 */
static int replace(const struct ms_file_set *set, struct ms_set_entry *entry)
{
	int fd = set->dirs[entry->dir].fd;

	if (set->n > 1 && entry->existed) {
		if (renameat2(fd, entry->temp, fd, entry->base, RENAME_EXCHANGE) == 0) {
			entry->exchanged = true;
			return 0;
		}
		if (errno != EINVAL && errno != ENOSYS)
			return -errno;
		keep_old(set, entry);
	}
	return ms_set_rename(fd, entry->temp, entry->base, entry->existed, entry->kind);
}

static int put_in_place(struct ms_ctx *ctx, const struct ms_file_set *set,
			struct ms_set_entry *entry)
{
	int r = replace(set, entry);

	if (r == -EEXIST)
		return ms_fail_errno(ctx, r, "cannot create '%s'", entry->shown);
	return r < 0 ? ms_fail_errno(ctx, r, "cannot replace '%s'", entry->shown) : 0;
}

/*
 * The old one gets its name again, and the new one waits again: should the next step
 * fail, the journal can still be finished.
 */
static int take_back(const struct ms_file_set *set, const struct ms_set_entry *entry)
{
	int fd = set->dirs[entry->dir].fd;
	struct ms_set_seen seen = { 0 };

	/* what somebody has put there since is his: it would be removed as what waits */
	if (ms_set_look(fd, entry->base, &seen) < 0 ||
	    !ms_mark_same_there(&seen.mark, &entry->mark))
		return -EBUSY;
	if (entry->exchanged)
		return renameat2(fd, entry->temp, fd, entry->base, RENAME_EXCHANGE) < 0
			       ? -errno
			       : 0;
	if (!entry->existed)
		return renameat(fd, entry->base, fd, entry->temp) < 0 ? -errno : 0;
	if (!entry->kept[0] || linkat(fd, entry->base, fd, entry->temp, 0) < 0)
		return -EIO;
	return renameat(fd, entry->kept, fd, entry->base) < 0 ? -errno : 0;
}

static int sync_all(struct ms_ctx *ctx, const struct ms_file_set *set)
{
	int r = 0;

	for (size_t i = 0; i < set->n_dirs && !set->no_sync; i++)
		if (fsync(set->dirs[i].fd) < 0 && r == 0)
			r = -errno;
	if (r == 0)
		return 0;
	return set->n == 1
		       ? ms_fail_errno(ctx, r, "'%s' is written, but cannot be synced",
				       set->entries[0].shown)
		       : ms_fail_errno(ctx, r,
				       "'%s' and what belongs to it are in place, "
				       "but cannot be synced",
				       set->entries[0].shown);
}

/* Puts all in place; @ret_done: how many are. */
static int rename_all(struct ms_ctx *ctx, struct ms_file_set *set, size_t *ret_done)
{
	int r = 0;

	*ret_done = 0;
	while (*ret_done < set->n) {
		r = put_in_place(ctx, set, &set->entries[*ret_done]);
		if (r < 0)
			return r;
		(*ret_done)++;
	}
	return 0;
}

/* Back to where all was, but where that fails, too. */
static void undo(struct ms_file_set *set, size_t done)
{
	bool synced = true, renamed = done > 0;
	int r = 0;

	while (done > 0 && r == 0) {
		struct ms_set_entry *entry = &set->entries[--done];

		r = take_back(set, entry);
		if (r == 0)
			entry->kept[0] = '\0';
	}
	for (size_t i = 0; i < set->n_dirs && renamed && !set->no_sync; i++)
		synced &= fsync(set->dirs[i].fd) == 0;
	if (set->n > 1)
		set->pending = r < 0 || !synced || ms_set_withdraw(set) < 0;
}

static int prepare(struct ms_ctx *ctx, struct ms_file_set *set)
{
	int r = 0;

	for (size_t i = 0; i < set->n && r == 0; i++)
		r = check_unchanged(ctx, set, &set->entries[i]);
	if (r == 0)
		r = ms_check_cancelled(ctx);
	if (r < 0 || set->n < 2)
		return r;
	return ms_set_decide(ctx, set);
}

/* All has its name: nothing waits any longer, and under its name is what it replaced. */
static void note_done(struct ms_file_set *set)
{
	set->done = true;
	for (size_t i = 0; i < set->n; i++) {
		struct ms_set_entry *entry = &set->entries[i];

		if (entry->exchanged)
			memcpy(entry->kept, entry->temp, sizeof(entry->kept));
		entry->temp[0] = '\0';
	}
}

static int hint_pending(struct ms_ctx *ctx, const struct ms_file_set *set, int error)
{
	return set->pending
		       ? ms_hint_command(ctx, error, "modseal recover %s",
					 set->dirs[0].path)
		       : error;
}

static int finish(struct ms_ctx *ctx, struct ms_file_set *set)
{
	int r = sync_all(ctx, set);

	if (r < 0 && set->n > 1)
		set->pending = true;
	if (!set->pending)
		drop_kept(set);
	if (r == 0 && set->n > 1 && ms_set_forget(set) < 0) {
		r = ms_fail(ctx, -EIO, "cannot remove the journal in '%s'",
			    set->dirs[0].path);
		set->pending = true;
	}
	return hint_pending(ctx, set, r);
}

int ms_file_set_commit(struct ms_ctx *ctx, struct ms_file_set *set)
{
	size_t done = 0;
	int r;

	if (set->n == 0)
		return 0;
	r = prepare(ctx, set);
	if (r < 0)
		return hint_pending(ctx, set, r);
	r = rename_all(ctx, set, &done);
	if (r < 0) {
		undo(set, done);
		return hint_pending(ctx, set, r);
	}
	note_done(set);
	return finish(ctx, set);
}
