/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_FILE_H
#define MS_FILES_FILE_H

/* Whole files: read once into private memory, replaced atomically. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include <modseal/base.h>

#include "../base/buffer.h"

/** Which file it was, and in which state, when it was read. */
struct ms_identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec mtime;
	struct timespec ctime;
};

struct ms_identity ms_identity_of(const struct stat *st);

/** True where device, inode, size and mtime are the same; ctime is for the caller. */
bool ms_identity_same(const struct ms_identity *a, const struct ms_identity *b);

/**
 * Reads a regular file whole, from @dirfd (or AT_FDCWD) and @name, appending to @ret.
 * It is an error for it to be larger than @max_size or to change size meanwhile.
 *
 * @shown: the name for messages. @nofollow: refuse a symbolic link as last component.
 * @ret_stat may be NULL.
 * Errors: those of open and read; -EISDIR and -EINVAL no regular file; -EFBIG too
 * large; -EBUSY changed while it was read.
 */
int ms_file_read_at(struct ms_ctx *ctx, int dirfd, const char *name, const char *shown,
		    bool nofollow, uint64_t max_size, struct ms_buf *ret,
		    struct stat *ret_stat);

/** ms_file_read_at() of what is open already, from where it was last read. */
int ms_file_read_fd(struct ms_ctx *ctx, int fd, const char *shown, uint64_t max_size,
		    struct ms_buf *ret, struct stat *ret_stat);

/** ms_file_read_at() for a path that a user gave, links followed. */
int ms_file_read(struct ms_ctx *ctx, const char *path, uint64_t max_size,
		 struct ms_buf *ret);

/**
 * Reads a small file or a pipe whole, appending to @ret, whose memory is taken once: with
 * .secret set nothing of it is anywhere else. For keys, certificates and PINs; all else
 * is read as a regular file. @ret_mode: its permissions, 0 for a pipe.
 *
 * Errors as ms_file_read_at(), and: -ECANCELED; -ETIMEDOUT nobody has opened the pipe for
 * writing in a few seconds.
 */
int ms_file_read_piped(struct ms_ctx *ctx, const char *path, size_t max_size,
		       struct ms_buf *ret, mode_t *ret_mode);

/** Waits until @fd has something to read, or has ended. -ECANCELED; errors of poll. */
int ms_wait_readable(struct ms_ctx *ctx, int fd, const char *shown);

/**
 * Writes to a pipe or device @fd, opened with O_NONBLOCK, waiting for its reader.
 * -ECANCELED; errors of write.
 */
int ms_pipe_write(struct ms_ctx *ctx, int fd, const char *path, const void *data,
		  size_t len);

/** Writes all of @iov to @fd, which may take several writes. 0 or the error of writev. */
int ms_write_all(int fd, const struct iovec *iov, int n);

/** @mode as the umask leaves it. */
mode_t ms_mode_less_umask(mode_t mode);

/**
 * Replaces @path, which a user has named, by a file with that content: temporary file
 * beside it, sync, rename. The mode of an existing file of this user is kept, any other
 * gets @mode less the umask. With @sync file and directory are on disk when it returns.
 *
 * On failure @path is as it was; but where only the directory could not be synced, the
 * new file has its name and keeps it: the message says so.
 *
 * Of a link the file that it leads to is replaced. What is no file and can be written to,
 * such as /dev/null or a pipe, stays and is written to. What nobody has named is written
 * by ms_file_put() (file-set.h), which follows no link.
 */
int ms_file_replace(struct ms_ctx *ctx, const char *path, const void *data, size_t len,
		    mode_t mode, bool sync);

#endif
