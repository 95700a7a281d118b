/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_LEFTOVERS_H
#define MS_BASE_LEFTOVERS_H

/* What runs that were killed have left in a directory (temporary.h names it). */

#include <modseal/base.h>

/**
 * Finishes the sets of files whose journal is in the directory @fd, or which it has a
 * note of, and clears away what else killed runs left there. What a run at work has, or
 * another user, stays.
 *
 * @shown: the directory, for messages. @ret: what was done.
 * Errors: what is decided cannot be finished, or a journal is none; the hint says what
 * to do then. That something cannot be removed is no error.
 */
int ms_leftovers_clear(struct ms_ctx *ctx, int fd, const char *shown,
		       enum ms_recovery *ret);

/** Removes directory @name in @fd with what is in it, as far as that goes. */
void ms_directory_remove(int fd, const char *name);

#endif
