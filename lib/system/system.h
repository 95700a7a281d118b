/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_SYSTEM_SYSTEM_H
#define MS_SYSTEM_SYSTEM_H

/*
 * An installed system below a root, seen from within it: a path here is one that the
 * system itself would use. Below a root that is not "/" links are followed by hand
 * (path.c), so that no path leads out of it.
 *
 * NULL stands for the system that this process runs on.
 */

#include <modseal/base.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"

struct ms_system;

/**
 * Opens the system below directory @root; NULL or "/": this one. @ret: free with
 * ms_system_free(). -ENOENT etc.; -ENOTDIR @root is no directory.
 */
int ms_system_open(struct ms_ctx *ctx, const char *root, struct ms_system **ret);
struct ms_system *ms_system_free(struct ms_system *system);
MS_DEFINE_CLEANUP(ms_cleanup_system, struct ms_system *, ms_system_free)

/** "" or the root, absolute, without links and without a slash at its end. */
const char *ms_system_root(const struct ms_system *system);

/**
 * The place of the system's path @path on this machine: below the root, with links
 * followed as if the root were "/". Nothing need be there. To free(). -ENOMEM; -ELOOP;
 * -ENAMETOOLONG.
 */
int ms_system_path(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   char **ret);

/** ms_system_path() of formatted text. */
__attribute__((format(printf, 4, 5))) int ms_system_pathf(struct ms_ctx *ctx,
							  const struct ms_system *system,
							  char **ret, const char *format,
							  ...);

/**
 * Appends a file of the system, of at most 1 MiB, that may be one of /proc or /sys, whose
 * sizes are not known beforehand. No message: what it means is the caller's to say.
 * Errors: those of open and read; -EISDIR and -EINVAL no regular file, though /dev/null
 * is one that is empty; -EFBIG; -ENOMEM.
 */
int ms_system_read(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   struct ms_buf *ret);

/** The first line of such a file, without white space around it; to free(). */
int ms_system_line(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   char **ret);

/** True where the system has such a path. */
bool ms_system_exists(struct ms_ctx *ctx, const struct ms_system *system,
		      const char *path);

#endif
