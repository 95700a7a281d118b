/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clearing away what killed runs left. temporary.h says what there is; here it is decided
 * what of it may go:
 *
 *	- it has one of those names, is a file or directory, and is this user's; root, who
 *	  gives new files to others before they have their names, may clear for everybody
 *	- it could be locked, so nobody is at work on it. One file of a set that is locked
 *	  keeps all of that set's
 *	- no journal needs it: one that is decided is finished first
 *
 * A journal or note is believed only if it is a file of this very user, which nobody else
 * may open and which has no second name. What it says can do no harm even then: only
 * names that are there by this set's tag are renamed or removed, and only onto what was
 * there when the set was made.
 */

#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "context.h"
#include "file-set-inside.h"
#include "text.h"

enum {
	MAX_JOURNAL = 16 << 20,
	DEPTH = 8,
	DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
};

/* One name of a set, and the lock on it. */
struct leftover {
	char *name;
	char tag[MS_TAG_SIZE];
	enum ms_temporary_kind kind;
	int fd; /* locked; or -1 */
	struct stat st;
};

struct leftovers {
	struct ms_ctx *ctx;
	int fd;
	const char *shown;
	struct leftover *list;
	size_t n;
	enum ms_recovery how;
};

static void leftovers_done(struct leftovers *all)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->list[i].fd >= 0)
			close(all->list[i].fd);
		free(all->list[i].name);
	}
	free(all->list);
}

static void close_directory(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static DIR *open_again(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir && copy >= 0)
		close(copy);
	return dir;
}

static int add_name(struct leftovers *all, const char *name, const char *only_tag)
{
	struct leftover one = {.fd = -1}, *list;

	one.kind = ms_temporary_parse(name, one.tag);
	if (one.kind == MS_TEMPORARY_NONE || (only_tag && strcmp(one.tag, only_tag) != 0))
		return 0;
	list = reallocarray(all->list, all->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	all->list = list;
	one.name = strdup(name);
	if (!one.name)
		return -ENOMEM;
	list[all->n++] = one;
	return 0;
}

static int by_tag(const void *a, const void *b)
{
	const struct leftover *x = a, *y = b;
	int order = strcmp(x->tag, y->tag);

	return order ? order : strcmp(x->name, y->name);
}

/* What cannot be listed is nobody's leftover: whoever wants to write there will say so.
 */
static int find(struct leftovers *all, const char *only_tag)
{
	_cleanup_(close_directory) DIR *dir = open_again(all->fd);
	const struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (add_name(all, d->d_name, only_tag) < 0)
			return ms_fail_nomem(all->ctx);
	if (all->n > 0)
		qsort(all->list, all->n, sizeof(*all->list), by_tag);
	return 0;
}

/* A directory is emptied for nobody else: he could have moved another one into it. */
static bool is_ours(const struct stat *st, enum ms_temporary_kind kind)
{
	return st->st_uid == geteuid() || (geteuid() == 0 && kind != MS_TEMPORARY_WORK);
}

static bool is_believed(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() &&
	       (st->st_mode & 077) == 0 && st->st_nlink == 1;
}

/* Where one of the others has gone meanwhile, somebody is at work on the set. */
static bool may_vanish(enum ms_temporary_kind kind)
{
	return kind == MS_TEMPORARY_NEW || kind == MS_TEMPORARY_OLD ||
	       kind == MS_TEMPORARY_WORK;
}

/*
 * Locks one of them. False: all of its set have to stay. A link or device of such a name
 * was made by nobody here, and is passed over.
 */
static bool lock_one(int dirfd, struct leftover *one)
{
	struct stat there;

	if (fstatat(dirfd, one->name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && may_vanish(one->kind);
	if (!is_ours(&there, one->kind))
		return false;
	one->st = there;
	if (one->kind == MS_TEMPORARY_OLD || S_ISLNK(there.st_mode))
		return true; /* .old is locked by the others of its set */
	if (!S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
		return true;
	one->fd = openat(dirfd, one->name,
			 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (one->fd < 0)
		return errno == ENOENT && may_vanish(one->kind);
	if (flock(one->fd, LOCK_EX | LOCK_NB) < 0 || fstat(one->fd, &one->st) < 0)
		return false;
	/* another may have removed or renamed it before we had the lock */
	if (fstatat(dirfd, one->name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && may_vanish(one->kind);
	return there.st_dev == one->st.st_dev && there.st_ino == one->st.st_ino;
}

static int read_file(struct ms_ctx *ctx, int fd, const char *name, struct ms_buf *ret)
{
	return ms_file_read_at(ctx, fd, name, name, true, MAX_JOURNAL, ret, NULL);
}

/* Empties a directory that a run worked in. */
static void empty(int dirfd, const char *name, int depth)
{
	int fd = openat(dirfd, name, DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (unlinkat(fd, d->d_name, 0) < 0 && depth > 0)
			empty(fd, d->d_name, depth - 1);
	}
	closedir(dir);
	unlinkat(dirfd, name, AT_REMOVEDIR);
}

void ms_directory_remove(int fd, const char *name)
{
	empty(fd, name, DEPTH);
}

static void remove_one(struct leftovers *all, const struct leftover *one)
{
	struct stat st;

	if (one->kind == MS_TEMPORARY_WORK && S_ISDIR(one->st.st_mode))
		ms_directory_remove(all->fd, one->name);
	else if (S_ISREG(one->st.st_mode) ||
		 (one->kind == MS_TEMPORARY_OLD && S_ISLNK(one->st.st_mode)))
		unlinkat(all->fd, one->name, 0);
	if (one->st.st_mode && all->how < MS_RECOVERY_UNDONE &&
	    fstatat(all->fd, one->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		all->how = MS_RECOVERY_UNDONE;
}

static const struct leftover *of_kind(const struct leftover *group, size_t n,
				      enum ms_temporary_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (group[i].kind == kind && group[i].st.st_mode)
			return &group[i];
	return NULL;
}

static int finish_journal(struct leftovers *all, const struct leftover *file)
{
	_cleanup_(ms_set_journal_done) struct ms_set_journal journal = {0};
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	int r = read_file(all->ctx, all->fd, file->name, &text);

	if (r == 0)
		r = ms_set_journal_parse((const char *)text.data, text.len, &journal);
	if (r == 0 && !journal.decided)
		r = -EBADMSG;
	if (r == -EBADMSG) {
		ms_fail(all->ctx, r, "'%s/%s' is no journal", all->shown, file->name);
		return ms_hint_command(
			all->ctx, r,
			"look at it, and remove it if it is not needed: rm %s/%s",
			all->shown, file->name);
	}
	if (r == 0)
		r = ms_set_finish(all->ctx, &journal, all->fd, all->shown, file->name,
				  file->tag);
	if (r == 0)
		all->how = MS_RECOVERY_FINISHED;
	return r;
}

static int clear(struct leftovers *all, const char *only_tag);

/* The same set in another directory. Nothing to do where that has gone. */
static int clear_there(struct leftovers *all, const char *path, const char *tag)
{
	_cleanup_(leftovers_done) struct leftovers there = {.ctx = all->ctx,
							    .shown = path};
	_cleanup_fd_ int fd = open(path, DIRECTORY);
	int r;

	if (fd < 0)
		return 0;
	there.fd = fd;
	r = clear(&there, tag);
	if (there.how > all->how)
		all->how = there.how;
	return r;
}

/* A set that was begun: its other directories have what waits and a note. */
static int clear_begun(struct leftovers *all, const struct leftover *file)
{
	_cleanup_(ms_set_journal_done) struct ms_set_journal journal = {0};
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	int r = read_file(all->ctx, all->fd, file->name, &text);

	if (r == 0)
		r = ms_set_journal_parse((const char *)text.data, text.len, &journal);
	if (r < 0) { /* killed while it was written: nothing waits elsewhere yet */
		ms_fail_clear(all->ctx);
		return 0;
	}
	for (size_t i = 1; i < journal.n_dirs && r == 0; i++)
		r = clear_there(all, journal.dirs[i], file->tag);
	return r;
}

/*
 * A note: the journal is elsewhere. *@ret_stay: it cannot be said whether the set is
 * decided, or somebody is at work there.
 */
static int clear_noted(struct leftovers *all, const struct leftover *file, bool *ret_stay)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	char name[MS_TEMPORARY_NAME_SIZE];
	_cleanup_free_ char *path = NULL;
	_cleanup_fd_ int fd = -1;
	int r = read_file(all->ctx, all->fd, file->name, &text);

	*ret_stay = false;
	if (r < 0 || text.len < 2 || text.data[text.len - 1] != '\n' ||
	    ms_percent_decode((const char *)text.data, text.len - 1, &path) < 0) {
		ms_fail_clear(all->ctx); /* as above */
		return 0;
	}
	fd = open(path, DIRECTORY);
	if (fd < 0) {
		ms_warn(all->ctx,
			"cannot tell how the interrupted run on '%s' ended: "
			"its journal is in '%s': %s",
			all->shown, path, strerror(errno));
		*ret_stay = true;
		return 0;
	}
	ms_temporary_name(file->tag, MS_TEMPORARY_JOURNAL, 0, name);
	if (faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	r = clear_there(all, path, file->tag);
	*ret_stay =
		faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
	return r;
}

/* The names of one set, which are all in @group. */
static int clear_group(struct leftovers *all, struct leftover *group, size_t n)
{
	const struct leftover *journal, *begun, *note;
	bool stay = false;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		if (!lock_one(all->fd, &group[i]))
			return 0;
	journal = of_kind(group, n, MS_TEMPORARY_JOURNAL);
	begun = of_kind(group, n, MS_TEMPORARY_BEGUN);
	note = of_kind(group, n, MS_TEMPORARY_AT);
	if ((journal && !is_believed(&journal->st)) ||
	    (begun && !is_believed(&begun->st)) || (note && !is_believed(&note->st)))
		return 0;
	if (journal)
		r = finish_journal(all, journal);
	else if (begun)
		r = clear_begun(all, begun);
	else if (note)
		r = clear_noted(all, note, &stay);
	for (size_t i = 0; i < n && r == 0 && !stay; i++)
		if (&group[i] != begun && &group[i] != note && &group[i] != journal)
			remove_one(all, &group[i]);
	if (r == 0 && !stay && begun)
		remove_one(all, begun);
	if (r == 0 && !stay && note)
		remove_one(all, note);
	return r;
}

static int clear(struct leftovers *all, const char *only_tag)
{
	size_t n;
	int r = find(all, only_tag);

	all->how = MS_RECOVERY_NOTHING;
	for (size_t i = 0; i < all->n && r == 0; i += n) {
		for (n = 1; i + n < all->n; n++)
			if (strcmp(all->list[i + n].tag, all->list[i].tag) != 0)
				break;
		r = clear_group(all, &all->list[i], n);
	}
	return r;
}

int ms_leftovers_clear(struct ms_ctx *ctx, int fd, const char *shown,
		       enum ms_recovery *ret)
{
	_cleanup_(leftovers_done) struct leftovers all = {
		.ctx = ctx, .fd = fd, .shown = shown};
	int r = clear(&all, NULL);

	if (r < 0)
		return ms_ctx_hint(ctx) ? r
					: ms_hint_command(ctx, r, "modseal recover %s", shown);
	*ret = all.how;
	return 0;
}
