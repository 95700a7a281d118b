/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/* The progress bar: on standard error, where that is a terminal and work is long. */

#include <stddef.h>
#include <stdint.h>

/** Lets the bar be drawn from now on. @what: the command's name. */
void cli_progress_begin(const char *what);

/** A ms_progress_fn. */
void cli_progress(void *userdata, uint64_t done, uint64_t total, size_t items_done,
		  size_t items);

/** Erases the bar, which comes back with the next progress. */
void cli_progress_hide(void);

/** Erases the bar for good. */
void cli_progress_end(void);

#endif
