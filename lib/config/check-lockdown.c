/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Lockdown (security/lockdown/Kconfig). What is forced takes place when the security
 * module starts, which it does only where CONFIG_LSM lists it or it starts early
 * (security/lockdown/lockdown.c, security/security.c).
 */

#include "check.h"

#include <string.h>

#include "../base/cleanup.h"
#include "../base/text.h"

static bool lists_lockdown(const char *lsm)
{
	for (const char *p = lsm; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strcspn(p, ",") == strlen("lockdown") &&
		    strncmp(p, "lockdown", strlen("lockdown")) == 0)
			return true;
	}
	return false;
}

static int check_listed(struct ms_check *check, const char *forced)
{
	const char *lsm = ms_check_value(check, "LSM");
	_cleanup_free_ char *list = NULL;

	if (!lsm || lists_lockdown(lsm) ||
	    ms_check_yes(check, "SECURITY_LOCKDOWN_LSM_EARLY"))
		return 0;
	list = ms_format("LSM=lockdown%s%s", *lsm ? "," : "", lsm);
	return ms_check_found(check, "lockdown-not-started", MS_SEVERITY_ERROR,
			      list ? ms_check_set(check, "%s", list) : NULL,
			      "CONFIG_%s is set, and CONFIG_LSM ('%s') does not start "
			      "lockdown",
			      forced, lsm);
}

int ms_check_lockdown(struct ms_check *check)
{
	const char *forced = NULL;
	int r;

	if (ms_check_yes(check, "LOCK_DOWN_KERNEL_FORCE_INTEGRITY"))
		forced = "LOCK_DOWN_KERNEL_FORCE_INTEGRITY";
	if (ms_check_yes(check, "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY"))
		forced = "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY";
	r = forced ? check_listed(check, forced) : 0;
	if (r < 0 || !ms_check_yes(check, "SECURITY_LOCKDOWN_LSM"))
		return r;
	return ms_check_found(check, "lockdown", MS_SEVERITY_INFO, NULL, "lockdown: %s",
			      forced ? "forced"
			      : ms_check_yes(check, "LOCK_DOWN_IN_EFI_SECURE_BOOT")
				      ? "where Secure Boot is on, or asked for at boot"
				      : "only where it is asked for at boot");
}
