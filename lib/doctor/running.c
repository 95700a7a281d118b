/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The running kernel: what it has become, and what it does with a module whose signature
 * it does not trust (lib/system/running.h).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "../system/running.h"
#include "doctor.h"

static int report_taint(struct ms_doctor *doctor, unsigned long taint)
{
	_cleanup_free_ char *release =
		ms_shell_word(doctor->release ? doctor->release : "RELEASE");
	int r = release ? 0 : ms_fail_nomem(doctor->ctx);

	if (r == 0 && (taint & MS_TAINT_UNSIGNED_MODULE))
		r = ms_doctor_found(
			doctor, "unsigned-module-loaded", MS_SEVERITY_WARNING,
			ms_format("modseal verify /lib/modules/%s", release),
			"a module without a trusted signature was loaded since this "
			"kernel started (taint flag E); the flag stays until it is "
			"started anew");
	if (r == 0 && (taint & MS_TAINT_FORCED_MODULE))
		r = ms_doctor_found(doctor, "module-forced", MS_SEVERITY_WARNING, NULL,
				    "a module was loaded by force (taint flag F): its "
				    "signature does not count then");
	if (r == 0 && !(taint & (MS_TAINT_UNSIGNED_MODULE | MS_TAINT_FORCED_MODULE)))
		r = ms_doctor_found(doctor, "taint", MS_SEVERITY_INFO, NULL,
				    "no module without a trusted signature was loaded");
	return r;
}

static int check_taint(struct ms_doctor *doctor)
{
	unsigned long taint = 0;
	int r = ms_system_taint(doctor->ctx, doctor->system, &taint);

	return r < 0 ? ms_doctor_unread(doctor, "taint-unknown", MS_SYSTEM_TAINTED, r)
		     : report_taint(doctor, taint);
}

static int check_enforcement(struct ms_doctor *doctor)
{
	bool enforce = false;
	int r = ms_system_sig_enforce(doctor->ctx, doctor->system, &enforce);

	if (r == -ENOSYS)
		return ms_doctor_found(doctor, "signatures-not-checked",
				       MS_SEVERITY_WARNING, NULL,
				       "the running kernel is built without "
				       "CONFIG_MODULE_SIG: it looks at no module's "
				       "signature");
	if (r < 0)
		return ms_doctor_unread(doctor, "sig-enforce-unknown",
					MS_SYSTEM_SIG_ENFORCE, r);
	doctor->enforcing = enforce;
	return ms_doctor_found(doctor, "sig-enforce", MS_SEVERITY_INFO, NULL,
			       enforce ? "the running kernel refuses modules without "
					 "a trusted signature"
				       : "the running kernel loads modules without a "
					 "trusted signature unless lockdown forbids "
					 "it, and is tainted by them");
}

static int lockdown_unknown(struct ms_doctor *doctor)
{
	return ms_doctor_found(doctor, "lockdown-unknown", MS_SEVERITY_UNKNOWN,
			       strdup("mount -t securityfs securityfs " MS_SYSTEM_SECURITYFS),
			       "'%s" MS_SYSTEM_LOCKDOWN
			       "' is not there: whether the kernel is locked "
			       "down is not known",
			       doctor->root);
}

static int check_lockdown(struct ms_doctor *doctor)
{
	_cleanup_free_ char *level = NULL;
	int r = ms_system_lockdown(doctor->ctx, doctor->system, &level);

	if (r == -ENOSYS)
		return ms_doctor_found(doctor, "lockdown", MS_SEVERITY_INFO, NULL,
				       "the running kernel has no lockdown");
	if (r == -ENOENT)
		return lockdown_unknown(doctor);
	if (r < 0)
		return ms_doctor_unread(doctor, "lockdown-unknown", MS_SYSTEM_LOCKDOWN, r);
	if (strcmp(level, "none") != 0)
		doctor->enforcing = true;
	return ms_doctor_found(doctor, "lockdown", MS_SEVERITY_INFO, NULL,
			       "lockdown is %s%s", level,
			       strcmp(level, "none") == 0
				       ? ""
				       : ": modules without a trusted signature are refused");
}

int ms_doctor_running(struct ms_doctor *doctor)
{
	int r;

	if (!doctor->running)
		return 0;
	r = check_taint(doctor);
	if (r == 0 && ms_system_loads_modules(doctor->ctx, doctor->system) == -ENOSYS)
		r = ms_doctor_found(doctor, "no-modules", MS_SEVERITY_WARNING, NULL,
				    "the running kernel is built without modules: it loads "
				    "none, signed or not");
	else if (r == 0)
		r = check_enforcement(doctor);
	return r < 0 ? r : check_lockdown(doctor);
}
