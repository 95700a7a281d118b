/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_SIGNER_ARGS_H
#define CLI_SIGNER_ARGS_H

/* The signer that the command line asks for. */

#include <modseal/sign.h>

#include "../cli.h"
#include "../parse/parse.h"

/** Is a key named, and only one? CLI_YES, or CLI_TROUBLE after reporting. */
int cli_signer_check(struct cli *cli, const struct cli_args *args);

/**
 * Opens the signer of --store and --for-kernel, or of --key, --cert, --hash,
 * --kernel-config, --skid, --nonce and --pin-file. CLI_YES, or CLI_TROUBLE after reporting.
 */
int cli_signer_open(struct cli *cli, const struct cli_args *args, struct ms_signer **ret);

/** Reports the signer: "signer", and with -v on standard output. */
void cli_signer_report(struct cli *cli, const struct ms_signer *signer);

#endif
