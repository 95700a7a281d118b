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

#endif
