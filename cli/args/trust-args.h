/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_TRUST_ARGS_H
#define CLI_TRUST_ARGS_H

/* The trust that the command line asks for. */

#include <modseal/trust.h>

#include "../cli.h"
#include "../parse/parse.h"

/** Adds every --trust. CLI_YES, or CLI_TROUBLE after reporting. */
int cli_trust_add_all(struct cli *cli, const struct cli_args *args,
		      struct ms_trust *trust);

/**
 * The same for who asks about signatures only, for which a kernel's hashes do not vouch:
 * a source that has nothing else ("system" can be one) is trouble, too.
 */
int cli_trust_add_signers(struct cli *cli, const struct cli_args *args,
			  struct ms_trust *trust);

/**
 * Builds what verify judges by: --kernel, --trust, --revoked, --kernel-config,
 * --kernel-release, --no-crypto-modules; where neither --kernel nor --trust is given,
 * the image of the kernel whose modules the operands are. @ret_image: the image used,
 * or NULL; to free(). CLI_YES, or CLI_TROUBLE after reporting.
 */
int cli_trust_build(struct cli *cli, const struct cli_args *args, struct ms_trust **ret,
		    char **ret_image);

/** Reports what was assumed: "assumed", and with -v on standard output. */
void cli_trust_assumed(struct cli *cli, const struct ms_trust *trust);

/**
 * With -v, remarks on trusted certificates that are expired or not valid yet: kernels
 * do not look at validity dates, people do. "notes" in the document.
 */
void cli_trust_dates(struct cli *cli, const struct cli_args *args, const char *image);

#endif
