/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_RECOVER_H
#define MODSEAL_RECOVER_H

#include <stdbool.h>

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Ends what runs that were killed have left at @path: in a tree of modules or a module's
 * transaction, in all the trees that it was about; in a key store, and the configurations
 * that were changed with it; of files that were being written together there, or where the
 * file @path is. Waits for runs at work, unless @no_wait.
 *
 * Where @path leads is asked once: what is put in its way meanwhile is an error. @ret: of
 * several things that were done, the one that changed most.
 *
 * Errors: -ENOENT nothing is there, and nothing was left of it; -EWOULDBLOCK a run is at
 * work, and @no_wait; -ESTALE one of the trees is not where it was, and what was decided
 * hangs on it, or something of the run is not there: what was mounted in a tree, or a new
 * file; -EBADMSG a journal is none, or one of another directory; those of opening and
 * renaming. What could be done then is done, and the journal stays.
 */
MS_PUBLIC int ms_recover(struct ms_ctx *ctx, const char *path, bool no_wait,
			 enum ms_recovery *ret);

#ifdef __cplusplus
}
#endif
#endif
