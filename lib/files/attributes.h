/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_ATTRIBUTES_H
#define MS_FILES_ATTRIBUTES_H

/*
 * What would keep a rename from succeeding is asked before anything is made. What cannot
 * be asked on this file system counts as no obstacle; the rename will tell.
 */

#include <modseal/base.h>

/**
 * May the file @name of @dirfd, which may not be there, be replaced? -EPERM: it is
 * immutable or append-only; -EBUSY: something is mounted on it. @shown: the name for
 * messages.
 */
int ms_check_replaceable(struct ms_ctx *ctx, int dirfd, const char *name,
			 const char *shown);

/** -EPERM where directory @fd is immutable or append-only. */
int ms_check_removable_from(struct ms_ctx *ctx, int fd, const char *shown);

#endif
