/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_WRITE_H
#define MS_KEYSTORE_WRITE_H

/*
 * Directories that appear whole, and `current` with them. A directory is filled under a
 * temporary name, which no reader takes for a generation, and put on the disk; a link to
 * it waits under another. Then both get their names in one set (lib/files/file-set.h), and
 * with them whatever else is in that set: configurations that are to trust the new key.
 */

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <modseal/base.h>

#include "../files/file-set.h"

enum { MS_TEMPORARY_SIZE = 48 };

/** A directory that is being filled; it is removed unless it got its name. */
struct ms_new_dir {
	int parent; /* borrowed */
	int fd;     /* -1: none yet */
	char name[MS_TEMPORARY_SIZE];
};

/** A link that waits; it is removed unless it got its name. */
struct ms_new_link {
	int parent; /* borrowed */
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

/** Gives the directory its @mode and puts it on the disk, still without its name. */
int ms_new_dir_seal(struct ms_ctx *ctx, const struct ms_new_dir *dir, const char *shown,
		    mode_t mode);

void ms_new_dir_done(struct ms_new_dir *dir);

/** Makes a link to @target that waits in @parent. */
int ms_new_link_begin(struct ms_ctx *ctx, int parent, const char *shown,
		      const char *target, struct ms_new_link *ret);
void ms_new_link_done(struct ms_new_link *link);

/**
 * Adds to @set that @dir gets its @name in the store @store, and that `current` points to
 * it: @link, made here, is done with by the caller, behind ms_store_commit().
 */
int ms_store_add_to(struct ms_ctx *ctx, struct ms_file_set *set, const char *store,
		    const struct ms_new_dir *dir, const char *name,
		    struct ms_new_link *link);

/**
 * Commits @set. What waits is not removed any more where it has its name, or a journal
 * still needs it.
 */
int ms_store_commit(struct ms_ctx *ctx, struct ms_file_set *set, struct ms_new_dir *dir,
		    struct ms_new_link *link);

/**
 * Removes a file, a link, or a directory and the files in it. @was: what it is. 0 or a
 * negative errno; -ESTALE: it is another directory by now.
 */
int ms_store_remove(int dirfd, const char *name, const struct stat *was);

#endif
