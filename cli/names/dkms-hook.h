/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_DKMS_HOOK_H
#define CLI_DKMS_HOOK_H

/* Where DKMS has put what it built, and the module's own script. */

#include "../cli.h"

/** As CLI_OPT_HOOK's values say it. */
enum dkms_hook {
	DKMS_HOOK_NONE = -1, /* called by a person */
	DKMS_HOOK_POST_BUILD,
	DKMS_HOOK_PRE_INSTALL,
};

/**
 * The directory with the modules that DKMS has built, where a hook in its build directory
 * was not told: ../KERNEL/ARCH/module. KERNEL is @release or $kernelver, ARCH $arch or
 * the only one there. CLI_YES and *@ret, to free(), or CLI_TROUBLE after reporting.
 */
int dkms_find_built(struct cli *cli, const char *release, char **ret);

/**
 * The one directory module/ of those for several machines in @kernel, which is DKMS's
 * TREE/NAME/VERSION/KERNEL; to free(). NULL: none, or several.
 */
char *dkms_only_arch(const char *kernel);

/**
 * Runs the module's own script, which @words name as dkms.conf does, where DKMS would
 * have: in build/ or source/ of the module that @built belongs to. CLI_YES where it
 * succeeded, or is not executable, which DKMS passes over, too.
 */
int dkms_run_script(struct cli *cli, enum dkms_hook hook, const char *built,
		    const char *const *words, size_t n);

#endif
