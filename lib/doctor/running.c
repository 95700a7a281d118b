/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The running kernel: what it has become (/proc/sys/kernel/tainted, bits as in
 * Documentation/admin-guide/tainted-kernels.rst), and what it does with a module whose
 * signature it does not trust (kernel/module/signing.c, security/lockdown/).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "doctor.h"

#define TAINTED	    "/proc/sys/kernel/tainted"
#define SIG_ENFORCE "/sys/module/module/parameters/sig_enforce"
#define SECURITYFS  "/sys/kernel/security"
#define LOCKDOWN    SECURITYFS "/lockdown"

enum { TAINT_FORCED_MODULE = 1 << 1, TAINT_UNSIGNED_MODULE = 1 << 13 };

static int report_taint(struct ms_doctor *doctor, unsigned long taint)
{
	_cleanup_free_ char *release =
		ms_shell_word(doctor->release ? doctor->release : "RELEASE");
	int r = release ? 0 : ms_fail_nomem(doctor->ctx);

	if (r == 0 && (taint & TAINT_UNSIGNED_MODULE))
		r = ms_doctor_found(
			doctor, "unsigned-module-loaded", MS_SEVERITY_WARNING,
			ms_format("modseal verify /lib/modules/%s", release),
			"a module without a trusted signature was loaded since this "
			"kernel started (taint flag E); the flag stays until it is "
			"started anew");
	if (r == 0 && (taint & TAINT_FORCED_MODULE))
		r = ms_doctor_found(doctor, "module-forced", MS_SEVERITY_WARNING, NULL,
				    "a module was loaded by force (taint flag F): its "
				    "signature does not count then");
	if (r == 0 && !(taint & (TAINT_UNSIGNED_MODULE | TAINT_FORCED_MODULE)))
		r = ms_doctor_found(doctor, "taint", MS_SEVERITY_INFO, NULL,
				    "no module without a trusted signature was loaded");
	return r;
}

static int check_taint(struct ms_doctor *doctor)
{
	_cleanup_free_ char *text = NULL;
	unsigned long taint;
	char *end;
	int r = ms_doctor_line(doctor, TAINTED, &text);

	if (r < 0)
		return ms_doctor_unread(doctor, "taint-unknown", TAINTED, r);
	errno = 0;
	taint = strtoul(text, &end, 10);
	if (!*text || *end || errno)
		return ms_doctor_unread(doctor, "taint-unknown", TAINTED, -EBADMSG);
	return report_taint(doctor, taint);
}

/* The parameter is there in every kernel that has CONFIG_MODULE_SIG. */
static int check_enforcement(struct ms_doctor *doctor)
{
	_cleanup_free_ char *text = NULL;
	int r = ms_doctor_line(doctor, SIG_ENFORCE, &text);

	if (r == -ENOENT && ms_doctor_exists(doctor, "/sys/module/module"))
		return ms_doctor_found(doctor, "signatures-not-checked",
				       MS_SEVERITY_WARNING, NULL,
				       "the running kernel is built without "
				       "CONFIG_MODULE_SIG: it looks at no module's "
				       "signature");
	if (r < 0)
		return ms_doctor_unread(doctor, "sig-enforce-unknown", SIG_ENFORCE, r);
	if (strcmp(text, "Y") != 0 && strcmp(text, "N") != 0)
		return ms_doctor_unread(doctor, "sig-enforce-unknown", SIG_ENFORCE,
					-EBADMSG);
	doctor->enforcing = text[0] == 'Y';
	return ms_doctor_found(doctor, "sig-enforce", MS_SEVERITY_INFO, NULL,
			       text[0] == 'Y' ? "the running kernel refuses modules without "
						"a trusted signature"
					      : "the running kernel loads modules without a "
						"trusted signature unless lockdown forbids "
						"it, and is tainted by them");
}

/* "none [integrity] confidentiality": the word in brackets. */
static char *chosen(const char *text)
{
	const char *open = strchr(text, '[');
	const char *end = open ? strchr(open, ']') : NULL;

	return end ? strndup(open + 1, (size_t)(end - open - 1)) : NULL;
}

static int no_lockdown(struct ms_doctor *doctor)
{
	_cleanup_free_ char *mend = NULL;

	if (ms_doctor_exists(doctor, SECURITYFS "/lsm"))
		return ms_doctor_found(doctor, "lockdown", MS_SEVERITY_INFO, NULL,
				       "the running kernel has no lockdown");
	mend = strdup("mount -t securityfs securityfs " SECURITYFS);
	return ms_doctor_found(doctor, "lockdown-unknown", MS_SEVERITY_UNKNOWN,
			       ms_steal(&mend),
			       "'%s" LOCKDOWN "' is not there: whether the kernel is locked "
			       "down is not known",
			       doctor->root);
}

static int check_lockdown(struct ms_doctor *doctor)
{
	_cleanup_free_ char *text = NULL, *level = NULL;
	int r = ms_doctor_line(doctor, LOCKDOWN, &text);

	if (r == -ENOENT)
		return no_lockdown(doctor);
	if (r < 0)
		return ms_doctor_unread(doctor, "lockdown-unknown", LOCKDOWN, r);
	level = chosen(text);
	if (!level)
		return ms_doctor_unread(doctor, "lockdown-unknown", LOCKDOWN, -EBADMSG);
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
	if (r == 0 && !ms_doctor_exists(doctor, "/proc/modules"))
		r = ms_doctor_found(doctor, "no-modules", MS_SEVERITY_WARNING, NULL,
				    "the running kernel is built without modules: it loads "
				    "none, signed or not");
	else if (r == 0)
		r = check_enforcement(doctor);
	return r < 0 ? r : check_lockdown(doctor);
}
