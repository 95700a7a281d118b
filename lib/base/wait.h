/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_WAIT_H
#define MS_BASE_WAIT_H

/* Waiting for another run, which is mostly over at once. */

#include <stdbool.h>

#include <modseal/base.h>

/** Zero at the beginning. */
struct ms_wait {
	long waited, pause; /* milliseconds */
};

/** True once it has been waited for as long as nobody wonders. */
bool ms_wait_is_long(const struct ms_wait *wait);

/**
 * Waits a little, and says so once that takes long. @what: what the other run is at work
 * on, in words, as "the store "; or "". @shown: its name.
 *
 * -ECANCELED; -EWOULDBLOCK: there was to be no waiting, @no_wait.
 */
int ms_wait_for_run(struct ms_ctx *ctx, struct ms_wait *wait, bool no_wait,
		    const char *what, const char *shown);

#endif
