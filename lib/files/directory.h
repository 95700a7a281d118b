/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_DIRECTORY_H
#define MS_FILES_DIRECTORY_H

/*
 * Directories, looked into and removed by their descriptors. A name says nothing of what has it: whoever
 * may write in a directory can give that name to another one, which lay in there or which
 * he may move, and have its owner empty it.
 */

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

/**
 * Could somebody have moved a directory of user @owner to a name in @parent? True where
 * anybody but @owner and root may: who owns @parent, or may write there without the
 * sticky bit.
 */
bool ms_others_could_move(const struct stat *parent, uid_t owner);

/** Opens the directory @name for reading, and no link. Or a negative errno. */
int ms_open_directory(int parent, const char *name);

/** Directory @fd to be read from its beginning; NULL, with errno. @fd stays the caller's. */
DIR *ms_directory_list(int fd);
void ms_directory_list_done(DIR **dir);

/**
 * Empties the directory @fd of files, and down to @depth levels of directories, and
 * removes it where @name in @parent still is that one. 0 or a negative errno.
 */
int ms_directory_remove(int parent, const char *name, int fd, int depth);

#endif
