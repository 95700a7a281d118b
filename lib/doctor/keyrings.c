/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The running kernel's keyrings, as far as /proc/keys shows them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../system/running.h"
#include "doctor.h"

static int report(struct ms_doctor *doctor, const char *text)
{
	static const char *const names[] = { ".builtin_trusted_keys",
					     ".secondary_trusted_keys", ".machine",
					     ".platform", ".blacklist" };
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(names) && r == 0; i++) {
		_cleanup_free_ char *count = ms_proc_keys_count(text, names[i]);

		if (count)
			r = ms_doctor_found(doctor, "keyring", MS_SEVERITY_INFO, NULL,
					    "keyring %s: %s", names[i], count);
	}
	return r;
}

/* A kernel that wants signatures and has no key. */
static int check_builtin(struct ms_doctor *doctor, const char *text)
{
	_cleanup_free_ char *count = ms_proc_keys_count(text, ".builtin_trusted_keys");
	_cleanup_free_ char *machine = ms_proc_keys_count(text, ".machine");
	_cleanup_free_ char *platform = ms_proc_keys_count(text, ".platform");
	bool others = (machine && strcmp(machine, "empty") != 0) ||
		      (platform && strcmp(platform, "empty") != 0);

	if (!count)
		return ms_doctor_found(doctor, "keyrings-unknown", MS_SEVERITY_UNKNOWN,
				       strdup("sudo modseal doctor"),
				       "'%s" MS_SYSTEM_PROC_KEYS "' shows no keyring of trusted keys: it is "
				       "hidden, or the kernel has none",
				       doctor->root);
	if (strcmp(count, "empty") != 0)
		return 0;
	return ms_doctor_found(doctor, "no-trusted-key",
			       doctor->enforcing && !others ? MS_SEVERITY_ERROR
							    : MS_SEVERITY_WARNING,
			       strdup("modseal key enroll --mok"),
			       "the running kernel has no trusted key built in%s",
			       others ? "" : ", nor any of the machine's owner: it trusts no "
					     "module");
}

int ms_doctor_keyrings(struct ms_doctor *doctor)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (!doctor->running)
		return 0;
	r = ms_system_proc_keys(doctor->ctx, doctor->system, &text);
	if (r < 0)
		return ms_doctor_unread(doctor, "keyrings-unknown", MS_SYSTEM_PROC_KEYS, r);
	r = report(doctor, text);
	return r < 0 ? r : check_builtin(doctor, text);
}
