/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ending what a killed run has left in a store, for whoever does not want to change it.
 */

#include "recover.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "../base/leftovers.h"
#include "lock.h"
#include "store.h"

/* Is there anything of ours? A directory that is no store gets no lock. */
static bool has_temporary(int store)
{
	int fd = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	bool found = false;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (d = readdir(dir)))
		found = ms_store_is_temporary(d->d_name);
	closedir(dir);
	return found;
}

int ms_store_recover(struct ms_ctx *ctx, int fd, const char *shown, bool no_wait,
		     enum ms_recovery *ret)
{
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	enum ms_recovery how = MS_RECOVERY_NOTHING;
	int r = 0;

	if (has_temporary(fd))
		r = ms_store_lock_directory(ctx, fd, shown, no_wait, &lock, &how);
	if (r < 0)
		return r;
	ms_store_unlock(&lock);
	*ret = how;
	return 0;
}
