/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Taking back what DKMS has built.
 *
 * A hook that fails after the build does not unbuild: every DKMS counts the module as
 * built then, and the next `dkms install` would install it without building, and
 * checking, anew. So the build's directory goes: TREE/MODULE/VERSION/KERNEL/ARCH with
 * module/ and log/ in it. Nothing but files in those is removed and no link is followed;
 * whatever else is there stays, and the directory with it.
 *
 * DKMS before 3.2 does not even look at what a hook returns: who is called by that one has
 * to end it, too.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modseal/dkms.h>

#include "../base/cleanup.h"
#include "../base/context.h"

static int open_directory(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Removes the files in a directory, and then the directory. */
static void empty(int parent, const char *name)
{
	int fd = open_directory(parent, name);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0); /* directories refuse that */
	closedir(dir);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* Removes the directory of a machine, and that of the kernel where it was the only one. */
static bool remove_above(char *path)
{
	char *slash = strrchr(path, '/');

	if (rmdir(path) < 0)
		return false;
	if (slash)
		*slash = '\0';
	if (slash && *path)
		rmdir(path);
	return true;
}

int ms_dkms_discard(struct ms_ctx *ctx, const char *built, bool *ret_gone)
{
	_cleanup_free_ char *path = strdup(built);
	_cleanup_fd_ int arch = -1;
	char *slash;

	if (!path)
		return ms_fail_nomem(ctx);
	*ret_gone = false;
	while ((slash = strrchr(path, '/')) && slash != path && !slash[1])
		*slash = '\0';
	if (!slash || strcmp(slash, "/module") != 0 || slash == path)
		return 0; /* not as DKMS calls it */
	*slash = '\0';
	arch = open_directory(AT_FDCWD, path);
	*ret_gone = arch < 0 && errno == ENOENT;
	if (arch < 0)
		return 0;
	empty(arch, "module");
	empty(arch, "log");
	*ret_gone = remove_above(path);
	if (*ret_gone)
		return 0;
	ms_warn(ctx, "'%s' is left: %s", path, strerror(errno));
	*ret_gone = faccessat(arch, "module", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	return 0;
}
