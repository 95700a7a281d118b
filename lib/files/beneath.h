/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_BENEATH_H
#define MS_FILES_BENEATH_H

/*
 * Directories, reached without following a link. Whoever may write in a directory can put
 * a link in the place of anything in it, at any moment; a path that is walked by the
 * kernel alone then leads wherever that user likes. So what lies below a directory that
 * was named is reached from its descriptor, and no component may be a link.
 */

#include <stdbool.h>
#include <sys/stat.h>

/**
 * Opens the directory @path below @dirfd: relative, "" for that directory itself, without
 * "." and "..", of any length. @flags: O_RDONLY or O_PATH; O_DIRECTORY and O_CLOEXEC are
 * added.
 *
 * Returns the descriptor, or the negative errno value of open; -ENOTDIR where a
 * component is a link.
 */
int ms_open_beneath(int dirfd, const char *path, int flags);

/** ms_open_beneath() for @path, which is absolute and has no link in it. */
int ms_open_resolved(const char *path, int flags);

/** True where the two are of the same file. */
static inline bool ms_same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/** True where @a and @b are open on the same file. */
bool ms_same_file(int a, int b);

#endif
