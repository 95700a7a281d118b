/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_LEFTOVERS_H
#define MS_FILES_LEFTOVERS_H

/* What runs that were killed have left in a directory (temporary.h names it). */

#include <modseal/base.h>

/**
 * Finishes the sets of files whose journal is in the directory @fd, or which it has a
 * note of, and clears away what else killed runs left there. For whoever is about to
 * write there: what a run at work has, or another user, stays, and so does what nobody
 * can tell the end of.
 *
 * @shown: the directory, for messages. @ret: what was done.
 * Errors: what is decided cannot be finished, or a journal is none; the hint says what
 * to do then. That something cannot be removed is no error.
 */
int ms_leftovers_clear(struct ms_ctx *ctx, int fd, const char *shown,
		       enum ms_recovery *ret);

/**
 * The same for whoever needs it ended: the message says which set is not. A single file
 * that stays is none; that is a warning. @ret is set in these cases, too:
 *
 * -EWOULDBLOCK: a run is at work on one. -EPERM: one is another user's, who has business
 * there (root, or the directory's owner), or its journal is not believed. -ESTALE: nobody
 * can tell how one ended, since its journal is in a directory that is not there.
 */
int ms_leftovers_end(struct ms_ctx *ctx, int fd, const char *shown,
		     enum ms_recovery *ret);

/** ms_leftovers_end(), for which a run at work is a warning. */
int ms_leftovers_recover(struct ms_ctx *ctx, int fd, const char *shown,
			 enum ms_recovery *ret);

#endif
