/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../base/context.h"

/* Does the file system say that one of these attributes is set? Not known is no. */
static bool has_attributes(int dirfd, const char *name, uint64_t attributes)
{
	struct statx st = { 0 };

	return statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT,
		     STATX_TYPE, &st) == 0 &&
	       (st.stx_attributes & attributes);
}

int ms_check_replaceable(struct ms_ctx *ctx, int dirfd, const char *name,
			    const char *shown)
{
	int r;

	if (has_attributes(dirfd, name, STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) {
		r = ms_fail(ctx, -EPERM, "'%s' is immutable", shown);
		return ms_hint_command(ctx, r, "chattr -i -a %s", shown);
	}
	if (has_attributes(dirfd, name, STATX_ATTR_MOUNT_ROOT)) {
		r = ms_fail(ctx, -EBUSY, "'%s' is a mount point", shown);
		return ms_hint_command(ctx, r, "umount %s", shown);
	}
	return 0;
}

int ms_check_removable_from(struct ms_ctx *ctx, int fd, const char *shown)
{
	int r;

	if (!has_attributes(fd, "", STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND))
		return 0;
	r = ms_fail(ctx, -EPERM, "nothing can be replaced in directory '%s'", shown);
	return ms_hint_command(ctx, r, "chattr -i -a %s", shown);
}
