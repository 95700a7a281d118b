/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* Being interrupted: the library is asked to stop, and the run ends in status 2. */

#include <stdbool.h>

#include <modseal/base.h>

/**
 * Sends SIGINT, SIGTERM and SIGHUP to @ctx, ignores SIGPIPE, and has waiting for the readers
 * of standard output and error end by them.
 */
void cli_signals_init(struct ms_ctx *ctx);

/** True once one of them came. */
bool cli_interrupted(void);

#endif
