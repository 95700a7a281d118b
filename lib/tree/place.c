/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The journal is believed only as far as it can do no harm: every directory is opened
 * from the journal's own, and without following links; only regular files whose name
 * carries the transaction's number are ever renamed or removed; a rename happens only where
 * the waiting file has the size that was noted, and the target is still the one that was to
 * be replaced. Somebody else's newer module stays.
 */

#include "place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "descend.h"
#include "sync.h"
#include "transaction.h"
#include "tree.h"

struct recovery {
	struct ms_ctx *ctx;
	const struct ms_place *place;
	const struct ms_journal *journal; /* of the place */
	struct ms_sync sync;
	int at; /* the directory that was come to last, or -1, and its path */
	char *at_path;
};

void ms_place_done(struct ms_place *place)
{
	ms_lock_release(place->fd, place->lock, false);
	place->lock = -1;
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
	ms_journal_done(&place->journal);
}

/* Opens the directory of @path below @fd; *@ret_base: the last component. */
static int open_parent(int fd, const char *path, int flags, const char **ret_base)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);

	if (!parent)
		return -ENOMEM;
	*ret_base = slash ? slash + 1 : path;
	return ms_open_beneath(fd, parent, flags);
}

/*
 * Is the target still what was to be replaced? The kernel may have cut nanoseconds. What
 * cannot be told is an error: a file that was taken for changed would be left out.
 */
static int is_old(int fd, const char *name, const struct ms_journal_entry *entry, bool *ret)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		*ret = !entry->had_old;
		return errno == ENOENT ? 0 : -errno;
	}
	*ret = entry->had_old && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == entry->old_size &&
	       st.st_mtim.tv_sec == entry->old_seconds &&
	       (st.st_mtim.tv_nsec == entry->old_nanoseconds || st.st_mtim.tv_nsec == 0);
	return 0;
}

static int finish_in(struct recovery *rec, const struct ms_journal_entry *entry, int fd,
		     const char *base)
{
	char staged[MS_STAGED_NAME_SIZE];
	struct stat st;
	bool old;
	int r;

	ms_staged_name(rec->journal->txid, (size_t)entry->number, staged);
	if (fstatat(fd, staged, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno; /* it has its name already */
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != entry->size)
		return -EBADMSG;
	r = is_old(fd, base, entry, &old);
	if (r < 0)
		return r;
	if (!old) {
		ms_warn(rec->ctx,
			"'%s/%s' changed since the interrupted run and is left "
			"as it is",
			rec->place->dir, entry->path);
		return unlinkat(fd, staged, 0) < 0 ? -errno : 0;
	}
	return renameat(fd, staged, fd, base) < 0 ? -errno : 0;
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

	if (r == 0)
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
			result = ms_fail_errno(
				rec->ctx, r,
				"cannot finish the interrupted run on '%s/%s'",
				rec->place->dir, entry->path);
	}
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

/* Of the directories that the run made those that nobody has put to use go again. */
static int sweep_made(struct recovery *rec)
{
	for (size_t i = rec->journal->n_made; i-- > 0;) {
		const char *path = rec->journal->made[i], *base;
		_cleanup_fd_ int fd = open_parent(rec->place->fd, path, O_PATH, &base);

		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue; /* it was never made, or is none of ours */
		if (fd < 0 || (unlinkat(fd, base, AT_REMOVEDIR) < 0 && errno != ENOENT &&
			       errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR))
			return ms_fail_errno(rec->ctx, fd < 0 ? fd : -errno,
					     "cannot remove directory '%s/%s'",
					     rec->place->dir, path);
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

static int read_journal(struct ms_ctx *ctx, const char *shown, int fd, struct ms_buf *ret)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", shown);
	if (st.st_size > MS_JOURNAL_MAX_SIZE)
		return ms_fail(ctx, -EBADMSG, "'%s' is too large for a journal", shown);
	if (ms_buf_reserve(ret, (size_t)st.st_size + 1) < 0)
		return ms_fail_nomem(ctx);
	while ((n = pread(fd, ret->data + ret->len, (size_t)st.st_size - ret->len,
			  (off_t)ret->len)) != 0) {
		if (n < 0 && errno != EINTR)
			return ms_fail_errno(ctx, -errno, "cannot read '%s'", shown);
		ret->len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Nothing, or what a crash of the machine makes of a file that was just begun. */
static bool is_blank(const struct ms_buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i])
			return false;
	return true;
}

/* Reads the journal of @place. Blank, its number is "". */
static int load_journal(struct ms_ctx *ctx, struct ms_place *place)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_free_ char *shown = ms_path_join(place->dir, MS_JOURNAL_NAME);
	int r;

	if (!shown)
		return ms_fail_nomem(ctx);
	r = read_journal(ctx, shown, place->lock, &text);
	if (r == 0 && !is_blank(&text))
		r = ms_journal_parse(ctx, (char *)text.data, text.len, shown,
				     &place->journal);
	if (r == -EBADMSG)
		return ms_hint_command(ctx, r,
				       "look at it, and remove it if it is not needed: "
				       "rm %s",
				       shown);
	return r;
}

int ms_place_open(struct ms_ctx *ctx, const char *dir, struct ms_place *place)
{
	int fd = ms_open_resolved(dir, O_RDONLY);

	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", dir);
	place->dir = dir;
	place->fd = fd;
	return 0;
}

int ms_place_open_noted(struct ms_ctx *ctx, const struct ms_journal_root *root,
			struct ms_place *place)
{
	struct stat st;
	int r = ms_place_open(ctx, root->path, place);

	if (r == 0 && fstat(place->fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", root->path);
	if (r == -ENOENT || r == -ENOTDIR || (r == 0 && st.st_ino != root->mark.inode)) {
		ms_fail_clear(ctx);
		return -ESTALE;
	}
	return r;
}

int ms_place_take(struct ms_ctx *ctx, struct ms_place *place, enum ms_lock_answer *ret)
{
	int r = ms_lock_take(ctx, place->fd, place->dir, false, ret, &place->lock);

	return r == 0 && *ret == MS_LOCK_TAKEN ? load_journal(ctx, place) : r;
}

int ms_place_take_at_last(struct ms_ctx *ctx, struct ms_place *place, bool no_wait,
			  enum ms_lock_answer *ret)
{
	int r = ms_place_take(ctx, place, ret);

	while (r == 0 && *ret == MS_LOCK_BUSY) {
		r = ms_lock_wait(ctx, place->dir, no_wait);
		if (r == 0)
			r = ms_place_take(ctx, place, ret);
	}
	return r;
}

int ms_place_carry_out(struct ms_ctx *ctx, struct ms_place *place, bool decided)
{
	struct recovery rec = {
		.ctx = ctx, .place = place, .journal = &place->journal, .at = -1
	};
	int r = decided ? finish(&rec) : undo(&rec);

	leave_directory(&rec);
	ms_sync_done(&rec.sync);
	return r;
}

/*
 * The directory itself, and those above it, go where the run made them and they are empty.
 * By name, since there is no other way; so it is looked which directory has that name.
 */
static void remove_made_root(const struct ms_place *place)
{
	_cleanup_free_ char *path = strdup(place->dir);
	struct stat ours, there;

	for (uint64_t i = 0; path && i < place->journal.made_root; i++) {
		char *slash = strrchr(path, '/');
		_cleanup_fd_ int parent = -1;

		if (slash == path)
			return;
		*slash = '\0';
		parent = ms_open_resolved(path, O_PATH);
		if (i == 0 && (fstat(place->fd, &ours) < 0 ||
			       fstatat(parent, slash + 1, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
			       !ms_same_inode(&ours, &there)))
			return;
		if (unlinkat(parent, slash + 1, AT_REMOVEDIR) < 0)
			return; /* somebody has put it to use */
	}
}

int ms_place_close(struct ms_ctx *ctx, struct ms_place *place, bool decided)
{
	if (ftruncate(place->lock, 0) < 0)
		return ms_fail_errno(ctx, -errno, "cannot write the journal in '%s'",
				     place->dir);
	ms_lock_release(place->fd, place->lock, true);
	place->lock = -1;
	if (!decided)
		remove_made_root(place);
	ms_warn(ctx, "%s an interrupted run on '%s'", decided ? "finished" : "undid",
		place->dir);
	return 0;
}

int ms_place_end(struct ms_ctx *ctx, struct ms_place *place, bool decided)
{
	int r = ms_place_carry_out(ctx, place, decided);

	return r < 0 ? r : ms_place_close(ctx, place, decided);
}
