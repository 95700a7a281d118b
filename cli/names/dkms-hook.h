/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_DKMS_HOOK_H
#define CLI_DKMS_HOOK_H

/* What is run around a hook of DKMS's: the module's own script, and the DKMS that waits. */

#include <modseal/dkms.h>

#include "../cli.h"

/**
 * Runs the module's own script, which @words name as dkms.conf does, where DKMS would
 * have. CLI_YES where it succeeded, or is not executable, which DKMS passes over, too.
 */
int cli_dkms_run_script(struct cli *cli, enum ms_dkms_hook hook, const char *built,
			const char *const *words, size_t n);

/** Ends the `dkms` that waits for this process; true where that is its parent. */
bool cli_dkms_end_parent(void);

#endif
