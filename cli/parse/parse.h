/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

/* The command line, read by the table of commands. */

#include <stdint.h>

#include "../cli.h"

struct cli_args {
	const char **values[CLI_OPT_COUNT]; /* arguments in order; borrowed from argv */
	size_t counts[CLI_OPT_COUNT];	    /* how often an option was given */
	const char **operands;
	size_t n_operands;
};

/**
 * Reads @argv, which begins behind the command's name. Options may stand anywhere
 * before "--", short ones grouped, an argument joined ("-j4", "--jobs=4") or apart.
 * Long options are not abbreviated. Returns CLI_YES, or CLI_TROUBLE after reporting a
 * fault. Free with cli_args_done() in either case.
 */
int cli_args_parse(struct cli *cli, const struct cli_command *command, int argc,
		   char **argv, struct cli_args *ret);

void cli_args_done(struct cli_args *args);

/** True where the option was given. */
bool cli_args_has(const struct cli_args *args, enum cli_option_id option);

/** The last argument of an option, NULL where it was not given. */
const char *cli_args_value(const struct cli_args *args, enum cli_option_id option);

/** Reads a decimal number from 1 to @max: digits only. False: it is none. */
bool cli_parse_number(const char *text, uint64_t max, uint64_t *ret);

/**
 * Reads a size in bytes, with K, M or G (powers of 1024) behind it. False: it is none.
 */
bool cli_parse_size(const char *text, uint64_t *ret);

/** The place of @value in a choice's @values, -1: it is none of them. */
int cli_parse_choice(const char *values, const char *value);

/** The command whose name is so near to @name that it may be meant, or NULL. */
const char *cli_nearest_command(const char *name);

#endif
