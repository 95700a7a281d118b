/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

/* Running other programs, without a shell between. */

#include "cli.h"

/** One run. Set argv, the rest zero but for input. */
struct cli_program {
	const char *const *argv; /* ends with NULL; the program is looked for on PATH */
	int input;		 /* becomes its standard input; -1: it has ours */
	int keep;		 /* stays open in it under the same number; -1: none */
	bool capture;	     /* keep what it prints; else that goes to standard error */
	const char *package; /* where it comes from, for the hint where it is absent */
	int status;		 /* out: its exit status; 128 + n: killed by signal n */
	char *output;		 /* out: what it printed, to free(); NULL */
};

/**
 * Runs it and waits for its end. CLI_YES: it ran, whatever it came to; CLI_TROUBLE after
 * reporting: it is not there, or could not be run.
 */
int cli_program_run(struct cli *cli, struct cli_program *program);

/** A private file with that content, to be read from its start; -1 after reporting. */
int cli_memory_file(struct cli *cli, const void *data, size_t len);

#endif
