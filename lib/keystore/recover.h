/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_RECOVER_H
#define MS_KEYSTORE_RECOVER_H

#include <stdbool.h>

#include <modseal/base.h>

/**
 * Ends what runs that were killed have left in the store in the directory @fd, which is
 * @shown in messages, and in the configurations that they were changing with it; waits for
 * a run at work, unless @no_wait: -EWOULDBLOCK. A directory that is no store is left alone.
 */
int ms_store_recover(struct ms_ctx *ctx, int fd, const char *shown, bool no_wait,
		     enum ms_recovery *ret);

/**
 * Removes what runs that were killed have left in the store @dir: for whoever has locked
 * it and has ended all sets, so that no journal needs any of it. What somebody else may
 * have moved there stays, with a warning; failing to remove is no failure.
 */
void ms_store_clear_away(struct ms_ctx *ctx, int dir, const char *shown,
			 enum ms_recovery *how);

#endif
