/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_SYSTEM_SYSTEM_H
#define MS_SYSTEM_SYSTEM_H

/*
 * The library's side of a system below a root: its files. A path here is one that the
 * system itself would use; see path.c for how links are followed.
 */

#include <modseal/system.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"

MS_DEFINE_CLEANUP(ms_cleanup_system, struct ms_system *, ms_system_free)

/** ms_system_path() of formatted text. */
__attribute__((format(printf, 4, 5))) int ms_system_pathf(struct ms_ctx *ctx,
							  const struct ms_system *system,
							  char **ret, const char *format,
							  ...);

/**
 * ms_system_path() where there is something, or what is there cannot be looked at: who
 * opens it says why. -ENOENT, without a message, where there is nothing.
 */
int ms_system_find(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   char **ret);

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
