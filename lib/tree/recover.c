/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Recovery. A decided transaction (its journal has a right commit line) is finished, any
 * other undone by removing its waiting files. Either can be broken off and begun again.
 *
 * The journal is believed only as far as it can do no harm: every directory is opened
 * from the journal's own, component by component and without following links; only
 * regular files whose name carries the transaction's number are ever renamed or removed;
 * a rename happens only where the waiting file has the size that was noted, and the
 * target is still the one that was to be replaced. Somebody else's newer module stays.
 */

#include "recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "journal.h"
#include "lock.h"
#include "sync.h"
#include "transaction.h"
#include "tree.h"

struct recovery {
	struct ms_ctx *ctx;
	const char *dir; /* shown */
	int fd;		 /* the directory of the journal */
	const struct ms_journal *journal;
	struct ms_sync sync;
};

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

/* Opens the directory of @path below @fd; *@ret_base: the last component. */
static int open_parent(int fd, const char *path, const char **ret_base, int *ret)
{
	_cleanup_fd_ int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	while (at >= 0) {
		const char *slash = strchr(path, '/');
		_cleanup_free_ char *name = NULL;
		int next;

		if (!slash) {
			*ret_base = path;
			*ret = ms_steal_fd(&at);
			return 0;
		}
		name = strndup(path, (size_t)(slash - path));
		if (!name)
			return -ENOMEM;
		next = openat(at, name, DIRECTORY);
		if (next < 0)
			return -errno;
		close(at);
		at = next;
		path = slash + 1;
	}
	return -errno;
}

/* Is the target still what was to be replaced? The kernel may have cut nanoseconds. */
static bool is_old(int fd, const char *name, const struct ms_journal_entry *entry)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && !entry->had_old;
	return entry->had_old && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == entry->old_size &&
	       st.st_mtim.tv_sec == entry->old_seconds &&
	       (st.st_mtim.tv_nsec == entry->old_nanoseconds || st.st_mtim.tv_nsec == 0);
}

static int finish_in(struct recovery *rec, const struct ms_journal_entry *entry, int fd,
		     const char *base)
{
	char staged[MS_STAGED_NAME_SIZE];
	struct stat st;

	ms_staged_name(rec->journal->txid, (size_t)entry->number, staged);
	if (fstatat(fd, staged, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno; /* it has its name already */
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != entry->size)
		return -EBADMSG;
	if (!is_old(fd, base, entry)) {
		ms_warn(rec->ctx,
			"'%s/%s' changed since the interrupted run and is left "
			"as it is",
			rec->dir, entry->path);
		return unlinkat(fd, staged, 0) < 0 ? -errno : 0;
	}
	return renameat(fd, staged, fd, base) < 0 ? -errno : 0;
}

static int finish(struct recovery *rec)
{
	int result = 0;

	for (size_t i = 0; i < rec->journal->n_entries; i++) {
		const struct ms_journal_entry *entry = &rec->journal->entries[i];
		_cleanup_fd_ int fd = -1;
		const char *base = NULL;
		int r = open_parent(rec->fd, entry->path, &base, &fd);

		if (r == 0)
			r = ms_sync_add(rec->ctx, &rec->sync, fd);
		if (r == 0)
			r = finish_in(rec, entry, fd, base);
		ms_transaction_step("recovering");
		if (r < 0)
			result = ms_fail_errno(
				rec->ctx, r,
				"cannot finish the interrupted run on '%s/%s'", rec->dir,
				entry->path);
	}
	return result < 0 ? result : ms_sync_run(rec->ctx, &rec->sync);
}

static int sweep(struct recovery *rec, int parent, const char *name);

static int sweep_one(struct recovery *rec, DIR *dir, const struct dirent *d)
{
	struct stat st;

	if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
		return 0;
	if (d->d_type == DT_DIR)
		return sweep(rec, dirfd(dir), d->d_name);
	if (d->d_type != DT_UNKNOWN && d->d_type != DT_REG)
		return 0;
	if (d->d_type == DT_REG && !ms_is_staged_name(d->d_name, rec->journal->txid))
		return 0;
	if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return sweep(rec, dirfd(dir), d->d_name);
	if (!S_ISREG(st.st_mode) || !ms_is_staged_name(d->d_name, rec->journal->txid))
		return 0;
	if (unlinkat(dirfd(dir), d->d_name, 0) < 0)
		return -errno;
	ms_transaction_step("recovering");
	return 0;
}

/* Removes the transaction's waiting files from directory @name and all below it. */
static int sweep(struct recovery *rec, int parent, const char *name)
{
	int fd = openat(parent, name, DIRECTORY), r = 0;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, d = readdir(dir)))
		r = sweep_one(rec, dir, d);
	if (r == 0)
		r = -errno;
	closedir(dir);
	return r;
}

static int undo(struct recovery *rec)
{
	int r = sweep(rec, rec->fd, ".");

	if (r < 0)
		return ms_fail_errno(rec->ctx, r,
				     "cannot undo the interrupted run on '%s'", rec->dir);
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

static int recover(struct ms_ctx *ctx, const char *dir, const struct ms_journal *journal,
		   enum ms_recovery *ret)
{
	struct recovery rec = { .ctx = ctx, .dir = dir, .journal = journal };
	_cleanup_fd_ int fd = open(dir, DIRECTORY);
	int r;

	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", dir);
	rec.fd = fd;
	r = journal->committed ? finish(&rec) : undo(&rec);
	ms_sync_done(&rec.sync);
	if (r < 0)
		return r;
	*ret = journal->committed ? MS_RECOVERY_FINISHED : MS_RECOVERY_UNDONE;
	return 0;
}

int ms_recover_journal(struct ms_ctx *ctx, const char *dir, int fd, enum ms_recovery *ret)
{
	_cleanup_(ms_journal_done) struct ms_journal journal = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_free_ char *shown = ms_path_join(dir, MS_JOURNAL_NAME);
	enum ms_recovery how = MS_RECOVERY_NOTHING;
	int r;

	if (!shown)
		return ms_fail_nomem(ctx);
	r = read_journal(ctx, shown, fd, &text);
	if (r == 0 && !is_blank(&text))
		r = ms_journal_parse(ctx, (char *)text.data, text.len, shown, &journal);
	if (r == -EBADMSG)
		return ms_hint(ctx, r,
			       "look at it, and remove it if it is not needed: "
			       "rm '%s'",
			       shown);
	if (r == 0 && *journal.txid)
		r = recover(ctx, dir, &journal, &how);
	if (r < 0)
		return r;
	if (ftruncate(fd, 0) < 0)
		return ms_fail_errno(ctx, -errno, "cannot write '%s'", shown);
	if (how != MS_RECOVERY_NOTHING)
		ms_warn(ctx, "%s an interrupted run on '%s'",
			how == MS_RECOVERY_FINISHED ? "finished" : "undid", dir);
	*ret = how;
	return 0;
}

int ms_recover_dir(struct ms_ctx *ctx, const char *dir, enum ms_recovery *ret,
		   enum ms_lock_answer *ret_answer)
{
	int fd = -1, r;

	*ret_answer = MS_LOCK_UNDECIDED;
	*ret = MS_RECOVERY_NOTHING;
	r = ms_lock_take(ctx, dir, false, ret_answer, &fd);
	if (r < 0 || *ret_answer != MS_LOCK_TAKEN)
		return r;
	r = ms_recover_journal(ctx, dir, fd, ret);
	ms_lock_release(dir, fd, r == 0);
	return r;
}
