/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ending what a killed run has left in a store, for whoever does not want to change it,
 * and clearing away what was never to be.
 *
 * Who may write in a store can give any directory that he may move a name of ours. So one
 * is emptied only where nobody but its own owner and root can write in the store: it is
 * then what a run of theirs left.
 */

#include "recover.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/context.h"
#include "../files/directory.h"
#include "../files/leftovers.h"
#include "lock.h"
#include "store.h"
#include "write.h"

/* Is it a store, and has it anything of ours? Any other directory gets no lock. */
static bool has_leftovers(int store)
{
	_cleanup_(ms_directory_list_done) DIR *dir = ms_directory_list(store);
	bool is_store = false, found = false;
	struct ms_generation_name id;
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (!strcmp(d->d_name, MS_STORE_LOCK) ||
		    ms_generation_name_parse(d->d_name, &id))
			is_store = true;
		if (!strncmp(d->d_name, MS_TEMPORARY_PREFIX, strlen(MS_TEMPORARY_PREFIX)))
			found = true;
	}
	return is_store && found;
}

int ms_store_recover(struct ms_ctx *ctx, int fd, const char *shown, bool no_wait,
		     enum ms_recovery *ret)
{
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	enum ms_recovery how = MS_RECOVERY_NOTHING;
	int r = 0;

	if (has_leftovers(fd))
		r = ms_store_lock_directory(ctx, fd, shown, no_wait, &lock, &how);
	if (r < 0)
		return r;
	ms_store_unlock(&lock);
	*ret = how;
	return 0;
}

/* The user's own; root clears for the store's owner, too. */
static bool may_go(const struct stat *store, const struct stat *st)
{
	if (st->st_uid != geteuid() && (geteuid() != 0 || st->st_uid != store->st_uid))
		return false;
	return !S_ISDIR(st->st_mode) || !ms_others_could_move(store, st->st_uid);
}

static void remove_one(struct ms_ctx *ctx, int dir, const char *shown, const char *name,
		       enum ms_recovery *how)
{
	struct stat store, st;

	if (fstat(dir, &store) < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (may_go(&store, &st) && ms_store_remove(dir, name, &st) == 0) {
		if (*how < MS_RECOVERY_UNDONE)
			*how = MS_RECOVERY_UNDONE;
		return;
	}
	ms_warn(ctx, "'%s/%s' is left: look at it, and remove it if it is not needed",
		shown, name);
}

void ms_store_clear_away(struct ms_ctx *ctx, int dir, const char *shown,
			 enum ms_recovery *how)
{
	_cleanup_(ms_directory_list_done) DIR *handle = ms_directory_list(dir);
	const struct dirent *d;

	while (handle && (d = readdir(handle)))
		if (ms_store_is_temporary(d->d_name))
			remove_one(ctx, dir, shown, d->d_name, how);
}
