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
 * DKMS before 3.2 does not even look at what a hook returns. Its own subshell for this
 * one module waits for the hook, and ending that fails the action without another
 * module's being touched.
 */

#include "../../cli/dkms/dkms.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "../../cli/cleanup.h"

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

bool dkms_discard(struct cli *cli, const char *built)
{
	_cleanup_string_ char *path = cli_check(strdup(built));
	_cleanup_fd_ int arch = -1;
	char *slash;

	while ((slash = strrchr(path, '/')) && slash != path && !slash[1])
		*slash = '\0';
	if (!slash || strcmp(slash, "/module") != 0 || slash == path)
		return false; /* not as DKMS calls it */
	*slash = '\0';
	arch = open_directory(AT_FDCWD, path);
	if (arch < 0)
		return errno == ENOENT;
	empty(arch, "module");
	empty(arch, "log");
	if (rmdir(path) == 0) {
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
		if (slash && *path)
			rmdir(path); /* KERNEL, where that was the only ARCH of it */
		return true;
	}
	cli_warn(cli, "'%s' is left: %s", path, strerror(errno));
	return faccessat(arch, "module", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

bool dkms_end_parent(void)
{
	pid_t parent = getppid();
	_cleanup_string_ char *path = cli_format("/proc/%d/comm", (int)parent);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char name[16];

	if (fd < 0 || read(fd, name, sizeof(name)) != 5 || memcmp(name, "dkms\n", 5) != 0)
		return false;
	return getppid() == parent && kill(parent, SIGTERM) == 0;
}
