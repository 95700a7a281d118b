/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

/* How many of what: the last line of what a command says. */

#include "../cli.h"

/** Counts to be reported, each with a name. */
struct cli_count {
	const char *name;
	size_t count;
};

/** Reports `N modules: 3 trusted, 1 unsigned` and "summary": the counts above zero. */
void cli_summary(struct cli *cli, const char *what, size_t total,
		 const struct cli_count *counts, size_t n_counts);

#endif
