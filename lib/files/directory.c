/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "../base/cleanup.h"

bool ms_others_could_move(const struct stat *parent, uid_t owner)
{
	if (parent->st_uid != owner && parent->st_uid != 0)
		return true;
	return (parent->st_mode & 022) && !(parent->st_mode & S_ISVTX);
}

int ms_open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

DIR *ms_directory_list(int fd)
{
	int copy = ms_open_directory(fd, ".");
	DIR *dir;

	if (copy < 0) {
		errno = -copy;
		return NULL;
	}
	dir = fdopendir(copy);
	if (!dir)
		close(copy);
	return dir;
}

void ms_directory_list_done(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void remove_below(int fd, const char *name, int depth)
{
	_cleanup_fd_ int below = ms_open_directory(fd, name);

	if (below >= 0)
		ms_directory_remove(fd, name, below, depth);
}

static void empty(int fd, int depth)
{
	_cleanup_(ms_directory_list_done) DIR *dir = ms_directory_list(fd);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (unlinkat(fd, d->d_name, 0) < 0 && depth > 0)
			remove_below(fd, d->d_name, depth - 1);
	}
}

int ms_directory_remove(int parent, const char *name, int fd, int depth)
{
	struct stat ours, there;

	empty(fd, depth);
	if (fstat(fd, &ours) < 0 ||
	    fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!ms_same_inode(&ours, &there))
		return -ESTALE;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}
