/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which names there are, whose they are, and whether anybody is at work on them.
 *
 * A set that has a journal or a note has it locked from before its first other name until
 * behind its last, and nobody but its user can open it. So that lock tells, and no other
 * is asked then: what waits may have got a mode with which anybody can open and lock it.
 * A set without one (a single file, or several in one directory that were not decided)
 * has locked its files.
 */

#include "leftovers-inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "directory.h"

void ms_leftovers_unlock(struct ms_leftover *group, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (group[i].fd >= 0)
			close(ms_steal_fd(&group[i].fd));
}

void ms_leftovers_done(struct ms_leftovers *all)
{
	ms_leftovers_unlock(all->list, all->n);
	for (size_t i = 0; i < all->n; i++)
		free(all->list[i].name);
	free(all->list);
	free(all->stay_dir);
	free(all->stay_name);
}

void ms_leftovers_stay(struct ms_leftovers *all, enum ms_stay stay, const char *dir,
		       const char *name)
{
	if (stay <= all->stay)
		return;
	all->stay = stay;
	free(all->stay_dir);
	free(all->stay_name);
	all->stay_dir = strdup(dir);
	all->stay_name = strdup(name);
}

static int add_name(struct ms_leftovers *all, const char *name, const char *only_tag)
{
	struct ms_leftover one = {.fd = -1}, *list;

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
	const struct ms_leftover *x = a, *y = b;
	int order = strcmp(x->tag, y->tag);

	return order ? order : strcmp(x->name, y->name);
}

/* A machine that is short of something, which says nothing of what there is. */
static bool is_short(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO;
}

static int fail_short(const struct ms_leftovers *all, int error)
{
	int r = ms_fail_errno(all->ctx, -error, "cannot look for what was left in '%s'",
			      all->shown);

	return error == EMFILE ? ms_hint(all->ctx, r, "ulimit -n hard") : r;
}

/*
 * What cannot be listed is nobody's leftover: whoever wants to write there will say so. But
 * a list that breaks off may lack the journal that needs what it has.
 */
int ms_leftovers_find(struct ms_leftovers *all, const char *only_tag)
{
	_cleanup_(ms_directory_list_done) DIR *dir = ms_directory_list(all->fd);
	const struct dirent *d;

	if (!dir && is_short(errno))
		return fail_short(all, errno);
	while (dir && (errno = 0, d = readdir(dir)))
		if (add_name(all, d->d_name, only_tag) < 0)
			return ms_fail_nomem(all->ctx);
	if (dir && errno)
		return fail_short(all, errno);
	if (all->n > 0)
		qsort(all->list, all->n, sizeof(*all->list), by_tag);
	return 0;
}

/* Those by which a set of several is ended. */
static bool is_anchor(enum ms_temporary_kind kind)
{
	return kind == MS_TEMPORARY_JOURNAL || kind == MS_TEMPORARY_BEGUN ||
	       kind == MS_TEMPORARY_AT;
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

/*
 * Of the user, of root or of the directory's owner: these have business there. Anybody
 * else who may write there must not be able to keep others from going on.
 */
static bool is_of_concern(const struct ms_leftovers *all, const struct stat *st)
{
	struct stat dir;

	return st->st_uid == geteuid() || st->st_uid == 0 || fstat(all->fd, &dir) < 0 ||
	       st->st_uid == dir.st_uid;
}

static int stays(struct ms_leftovers *all, const struct ms_leftover *one,
		 const struct stat *st, enum ms_stay why)
{
	if (!is_anchor(one->kind) || !is_of_concern(all, st))
		why = MS_STAY_ALONE;
	ms_leftovers_stay(all, why, all->shown, one->name);
	return 0;
}

/* 1: it has gone, which is well where it is not what decides. */
static int gone(struct ms_leftovers *all, struct ms_leftover *one, int error)
{
	one->st = (struct stat){0};
	if (is_short(error))
		return fail_short(all, error);
	if (error == ENOENT && !is_anchor(one->kind))
		return 1;
	/* somebody ends the set at this moment; or it cannot be opened */
	ms_leftovers_stay(all, error == ENOENT ? MS_STAY_BUSY : MS_STAY_ALONE, all->shown,
			  one->name);
	return 0;
}

/* Opens and locks one: 1, 0 where it and its set stay, or a negative errno. */
static int lock_one(struct ms_leftovers *all, struct ms_leftover *one)
{
	struct stat there;

	one->fd = openat(all->fd, one->name,
			 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (one->fd < 0)
		return gone(all, one, errno);
	if (flock(one->fd, LOCK_EX | LOCK_NB) < 0)
		return stays(all, one, &one->st, MS_STAY_BUSY);
	/* another may have removed or renamed it before we had the lock */
	if (fstat(one->fd, &one->st) < 0 ||
	    fstatat(all->fd, one->name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return gone(all, one, errno);
	return ms_same_inode(&there, &one->st) ? 1 : stays(all, one, &there, MS_STAY_BUSY);
}

static int lock_anchor(struct ms_leftovers *all, struct ms_leftover *one)
{
	int r;

	if (fstatat(all->fd, one->name, &one->st, AT_SYMLINK_NOFOLLOW) < 0)
		return gone(all, one, errno);
	if (!is_believed(&one->st))
		return stays(all, one, &one->st, MS_STAY_FOREIGN);
	r = lock_one(all, one);
	if (r == 1 && !is_believed(&one->st))
		return stays(all, one, &one->st, MS_STAY_FOREIGN);
	return r;
}

/*
 * One of the others. A device of such a name was made by nobody here, and is passed over;
 * a link is the second name of one that is to be kept.
 */
static int look_at(struct ms_leftovers *all, struct ms_leftover *one, bool locked)
{
	if (fstatat(all->fd, one->name, &one->st, AT_SYMLINK_NOFOLLOW) < 0)
		return gone(all, one, errno);
	if (!is_ours(&one->st, one->kind) && !locked)
		return stays(all, one, &one->st, MS_STAY_FOREIGN);
	if (!is_ours(&one->st, one->kind))
		one->st = (struct stat){0};
	if (locked || one->kind == MS_TEMPORARY_OLD ||
	    (!S_ISREG(one->st.st_mode) && !S_ISDIR(one->st.st_mode)))
		return 1;
	return lock_one(all, one);
}

int ms_leftovers_lock(struct ms_leftovers *all, struct ms_leftover *group, size_t n)
{
	bool locked = false;
	int r = 1;

	for (size_t i = 0; i < n && r == 1; i++)
		if (is_anchor(group[i].kind)) {
			r = lock_anchor(all, &group[i]);
			locked = true;
		}
	for (size_t i = 0; i < n && r == 1; i++)
		if (!is_anchor(group[i].kind))
			r = look_at(all, &group[i], locked);
	return r;
}
