/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_KEY_ARGS_H
#define CLI_KEY_ARGS_H

/* What the command line wants of a new key's certificate. */

#include <modseal/key.h>

#include "../cli.h"
#include "../parse/parse.h"

/**
 * Takes --cn, --genkey, --days and --code-signing into @ret. CLI_YES, or CLI_TROUBLE after
 * reporting.
 */
int cli_key_certificate(struct cli *cli, const struct cli_args *args,
			struct ms_key_request *ret);

#endif
