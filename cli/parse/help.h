/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_HELP_H
#define CLI_HELP_H

/* Help, in at most 80 columns, from the table. */

#include <stdio.h>

#include "command.h"

/** The list of commands. */
void cli_help_program(FILE *stream);

/** The commands of one group. */
void cli_help_group(FILE *stream, const struct cli_group *group);

/** One command's synopsis, description, options and exit statuses. */
void cli_help_command(FILE *stream, const struct cli_command *command);

#endif
