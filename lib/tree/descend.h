/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_DESCEND_H
#define MS_TREE_DESCEND_H

/* A directory and all below it, by descriptors and without following links. */

#include <stddef.h>

#include <modseal/base.h>

/** A directory on the way, for as long as the call that it is given to. */
struct ms_visit {
	size_t number;     /* counts directories; each has its own */
	int fd;            /* open for reading */
	const char *path;  /* from where the descent began; "" there */
};

/**
 * Called for everything in a directory that is no directory. @type: DT_REG, DT_LNK, ... of
 * <dirent.h>, never DT_UNKNOWN. A negative return ends the descent.
 */
typedef int (*ms_name_fn)(struct ms_ctx *ctx, const struct ms_visit *visit,
			  const char *name, unsigned char type, void *userdata);

/**
 * Calls @fn for everything in directory @fd (borrowed) and below. Directories of one
 * parent come in the order of their names' bytes, and what is in a directory before what
 * is below it. @shown: how messages call @fd.
 *
 * However deep it goes, a few descriptors are open, and memory is held for one path and
 * the names on it. Errors: those of the file system, where the message names the
 * directory; -EBUSY a directory was moved meanwhile; -ECANCELED; and what @fn returns.
 */
int ms_descend(struct ms_ctx *ctx, int fd, const char *shown, ms_name_fn fn,
	       void *userdata);

#endif
