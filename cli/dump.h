/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_DUMP_H
#define CLI_DUMP_H

/* The table of commands as JSON, for the tests that compare the man pages with it. */

#include <json-c/json.h>

json_object *cli_dump_commands(void);

#endif
