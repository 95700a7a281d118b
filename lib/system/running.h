/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_SYSTEM_RUNNING_H
#define MS_SYSTEM_RUNNING_H

/*
 * What the running kernel says of itself in /proc and /sys. Errors are returned without a
 * message: what it means that something is not known is the caller's to say, and which
 * file it was is in the names below. Everywhere -ENOSYS is an answer: the kernel does not
 * have this.
 */

#include "system.h"

#define MS_SYSTEM_OSRELEASE   "/proc/sys/kernel/osrelease"
#define MS_SYSTEM_PROC_CONFIG "/proc/config.gz"
#define MS_SYSTEM_PROC_KEYS   "/proc/keys"
#define MS_SYSTEM_TAINTED     "/proc/sys/kernel/tainted"
#define MS_SYSTEM_SIG_ENFORCE "/sys/module/module/parameters/sig_enforce"
#define MS_SYSTEM_SECURITYFS  "/sys/kernel/security"
#define MS_SYSTEM_LOCKDOWN    MS_SYSTEM_SECURITYFS "/lockdown"

/** Bits of ms_system_taint() (Documentation/admin-guide/tainted-kernels.rst of Linux). */
enum {
	MS_TAINT_FORCED_MODULE = 1 << 1,
	MS_TAINT_UNSIGNED_MODULE = 1 << 13,
};

/** True where the kernel that runs is known to be of this release. Clears no message. */
bool ms_system_is_running(struct ms_ctx *ctx, const struct ms_system *system,
			  const char *release);

/** What the kernel has become. -EBADMSG; errors of ms_system_read(). */
int ms_system_taint(struct ms_ctx *ctx, const struct ms_system *system,
		    unsigned long *ret);

/** Can it load modules at all (CONFIG_MODULES): 0; -ENOSYS; -ENOENT it is not known. */
int ms_system_loads_modules(struct ms_ctx *ctx, const struct ms_system *system);

/**
 * Does it refuse modules without a trusted signature (kernel/module/signing.c).
 * -ENOSYS: it is built without CONFIG_MODULE_SIG and looks at none; -EBADMSG; errors of
 * ms_system_read().
 */
int ms_system_sig_enforce(struct ms_ctx *ctx, const struct ms_system *system, bool *ret);

/**
 * Its lockdown: "none", "integrity", "confidentiality" (security/lockdown/lockdown.c).
 * @ret: to free(). -ENOSYS it has none; -ENOENT securityfs is not mounted; -EBADMSG;
 * errors of ms_system_read().
 */
int ms_system_lockdown(struct ms_ctx *ctx, const struct ms_system *system, char **ret);

/** The text of /proc/keys, to free(). Errors of ms_system_read(). */
int ms_system_proc_keys(struct ms_ctx *ctx, const struct ms_system *system, char **ret);

/**
 * How many keys are on keyring @name by such a text: a number or "empty", to free(). NULL:
 * it shows no such keyring, or there is no memory.
 */
char *ms_proc_keys_count(const char *text, const char *name);

#endif
