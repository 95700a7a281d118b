/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"

enum { DIRECTORY = O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

/* In one call, where the kernel has it (5.6) and the path is not too long for it. */
static int open_at_once(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | DIRECTORY),
		.resolve = resolve | RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/*
 * ENOSYS, EPERM: an older kernel, or a filter that does not know the call; E2BIG and EINVAL:
 * one that knows another form of it; EAGAIN: something was renamed meanwhile.
 */
static bool is_to_be_tried_otherwise(int fd)
{
	return fd == -ENOSYS || fd == -EPERM || fd == -E2BIG || fd == -EINVAL ||
	       fd == -EAGAIN || fd == -ENAMETOOLONG;
}

static int open_stepwise(int dirfd, const char *path, int flags)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_fd_ int at = -1;
	char *rest = copy, *name;

	if (!copy)
		return -ENOMEM;
	while ((name = strsep(&rest, "/"))) {
		int next = openat(at < 0 ? dirfd : at, *name ? name : ".",
				  (rest ? O_PATH : flags) | DIRECTORY);

		if (next < 0)
			return -errno;
		if (at >= 0)
			close(at);
		at = next;
	}
	return ms_steal_fd(&at);
}

int ms_open_beneath(int dirfd, const char *path, int flags)
{
	int fd = open_at_once(dirfd, *path ? path : ".", flags, RESOLVE_BENEATH);

	if (is_to_be_tried_otherwise(fd)) /* step by step it is just as strict */
		fd = open_stepwise(dirfd, path, flags);
	return fd == -ELOOP ? -ENOTDIR : fd;
}

/*
 * The kernel tells the path of what it has opened: the same where no link was on the way.
 * -ENOSYS: it does not tell.
 */
static int open_and_ask(const char *path, int flags)
{
	_cleanup_fd_ int fd = open(path, flags | DIRECTORY);
	char name[64], real[PATH_MAX];
	ssize_t len;

	if (fd < 0)
		return -errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, real, sizeof(real));
	if (len < 0)
		return -ENOSYS;
	if ((size_t)len != strlen(path) || memcmp(real, path, (size_t)len) != 0)
		return -ENOTDIR;
	return ms_steal_fd(&fd);
}

int ms_open_resolved(const char *path, int flags)
{
	int fd = open_at_once(AT_FDCWD, path, flags, 0);

	if (is_to_be_tried_otherwise(fd))
		fd = open_and_ask(path, flags);
	if (fd == -ENOSYS || fd == -ENAMETOOLONG) {
		_cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd = root < 0 ? -errno
			      : open_stepwise(root, path + strspn(path, "/"), flags);
	}
	return fd == -ELOOP ? -ENOTDIR : fd;
}

bool ms_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && ms_same_inode(&x, &y);
}
