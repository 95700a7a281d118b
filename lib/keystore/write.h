/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_WRITE_H
#define MS_KEYSTORE_WRITE_H

/*
 * Directories that appear whole. One is filled under a temporary name, which no reader
 * takes for a generation, is put on the disk, and then gets its name.
 */

#include <sys/types.h>
#include <sys/uio.h>

#include <modseal/base.h>

enum { MS_TEMPORARY_SIZE = 48 };

/** A directory that is being filled; it is removed unless it got its name. */
struct ms_new_dir {
	int parent; /* borrowed */
	int fd;     /* -1: none yet */
	char name[MS_TEMPORARY_SIZE];
};

/** A new name for something temporary. 0, or -EIO: no random bytes to be had. */
int ms_store_temporary_name(struct ms_ctx *ctx, char ret[MS_TEMPORARY_SIZE]);

/** Makes the directory, mode 0700. @shown: the parent, for messages. */
int ms_new_dir_begin(struct ms_ctx *ctx, int parent, const char *shown,
		     struct ms_new_dir *ret);

/**
 * Writes a file into directory @dirfd: created with @mode and nothing more, whatever the
 * umask, and on the disk when it returns. -EEXIST: it is there.
 */
int ms_store_write(struct ms_ctx *ctx, int dirfd, const char *shown, const char *name,
		   mode_t mode, const struct iovec *iov, int n);

/**
 * Gives the directory its @mode and its @name, on the disk when it returns. -EEXIST:
 * something of that name is there.
 */
int ms_new_dir_finish(struct ms_ctx *ctx, struct ms_new_dir *dir, const char *shown,
		      const char *name, mode_t mode);

void ms_new_dir_done(struct ms_new_dir *dir);

/** Points the link @name in @dirfd to @target, atomically, and puts it on the disk. */
int ms_store_point(struct ms_ctx *ctx, int dirfd, const char *shown, const char *name,
		   const char *target);

/** Removes a file, a link, or a directory and the files in it. 0 or a negative errno. */
int ms_store_remove(int dirfd, const char *name);

#endif
