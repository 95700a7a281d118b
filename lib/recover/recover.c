/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ending what killed runs left at a path. It may be a tree of modules, a key store, or a
 * directory in which a command wrote files: configurations, a new key, DKMS's. All are
 * looked for, since only what is there tells which it was.
 *
 * The path is resolved once. Whoever may write in a directory above it could lead the
 * second look elsewhere than the first, so all looks are at the resolved path, which is
 * opened without following a link.
 */

#include <modseal/recover.h>

#include <errno.h>
#include <fcntl.h>

#include "../files/beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/leftovers.h"
#include "../keystore/recover.h"
#include "../tree/transaction/recover.h"
#include "../tree/walk.h"

static void keep_most(enum ms_recovery how, enum ms_recovery *most)
{
	if (how > *most)
		*most = how;
}

/* A file that is as it was before the run may be none at all. */
static int recover_absent(struct ms_ctx *ctx, const char *path, enum ms_recovery *ret)
{
	enum ms_recovery how;
	int r = ms_files_recover(ctx, path, &how);

	if (r == 0 && how == MS_RECOVERY_NOTHING)
		return ms_fail_errno(ctx, -ENOENT, "cannot open '%s'", path);
	if (r == 0)
		*ret = how;
	return r;
}

/*
 * The directory itself, or that of the file. A store's journals are ended under its lock,
 * so they come first.
 */
static int recover_directory(struct ms_ctx *ctx, const struct ms_start *start,
			     bool no_wait, enum ms_recovery *most)
{
	const char *shown = start->is_file ? start->real : start->shown;
	_cleanup_fd_ int fd = ms_open_resolved(start->real, O_RDONLY);
	enum ms_recovery how;
	int r = 0;

	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", shown);
	if (!start->is_file) {
		r = ms_store_recover(ctx, fd, shown, no_wait, &how);
		if (r == 0)
			keep_most(how, most);
	}
	r = r < 0 ? r : ms_leftovers_recover(ctx, fd, shown, &how);
	if (r == 0)
		keep_most(how, most);
	return r;
}

int ms_recover(struct ms_ctx *ctx, const char *path, bool no_wait, enum ms_recovery *ret)
{
	_cleanup_(ms_starts_done) struct ms_starts starts = { 0 };
	enum ms_recovery how = MS_RECOVERY_NOTHING, most = MS_RECOVERY_NOTHING;
	int r = ms_starts_resolve(ctx, &path, 1, &starts);

	if (r == -ENOENT) {
		ms_fail_clear(ctx);
		return recover_absent(ctx, path, ret);
	}
	if (r == 0)
		r = recover_directory(ctx, &starts.list[0], no_wait, &most);
	if (r == 0)
		r = ms_tree_recover(ctx, &starts, no_wait, &how);
	if (r < 0)
		return r;
	keep_most(how, &most);
	*ret = most;
	return 0;
}
