/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_OUTPUT_DKMS_H
#define CLI_OUTPUT_DKMS_H

/* What the commands and the signer say of DKMS's configuration. */

#include <modseal/dkms.h>

#include "../cli.h"

/** The settings of DKMS. CLI_YES, or CLI_TROUBLE after reporting what cannot be read. */
int cli_dkms_settings(struct cli *cli, const struct ms_system *system, const char *release,
		      struct ms_dkms_settings **ret);

/** The last failure, of a setting or certificate, with what mends it. CLI_TROUBLE. */
int cli_dkms_error(struct cli *cli, enum ms_dkms_fault fault);

#endif
