/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The running kernel's keyrings, as far as /proc/keys shows them (security/keys/proc.c):
 *
 *	280e8c7f I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 2
 *
 * The number behind the name is that of the keys in it, or the word "empty".
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "doctor.h"

#define KEYS "/proc/keys"

/* What stands behind "keyring NAME:" in the text; NULL: the keyring is not there. */
static char *find(const char *text, const char *name)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n')) {
		const char *ring, *end;

		p += *p == '\n';
		end = p + strcspn(p, "\n");
		ring = strstr(p, " keyring ");
		if (!ring || ring >= end)
			continue;
		ring += strlen(" keyring ");
		ring += strspn(ring, " ");
		if (strncmp(ring, name, strlen(name)) != 0 || ring[strlen(name)] != ':')
			continue;
		ring += strlen(name) + 1;
		ring += strspn(ring, " ");
		return strndup(ring, strcspn(ring, "\n"));
	}
	return NULL;
}

static int report(struct ms_doctor *doctor, const char *text)
{
	static const char *const names[] = { ".builtin_trusted_keys",
					     ".secondary_trusted_keys", ".machine",
					     ".platform", ".blacklist" };
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(names) && r == 0; i++) {
		_cleanup_free_ char *count = find(text, names[i]);

		if (count)
			r = ms_doctor_found(doctor, "keyring", MS_SEVERITY_INFO, NULL,
					    "keyring %s: %s", names[i], count);
	}
	return r;
}

/* A kernel that wants signatures and has no key. */
static int check_builtin(struct ms_doctor *doctor, const char *text)
{
	_cleanup_free_ char *count = find(text, ".builtin_trusted_keys");
	_cleanup_free_ char *machine = find(text, ".machine");
	_cleanup_free_ char *platform = find(text, ".platform");
	bool others = (machine && strcmp(machine, "empty") != 0) ||
		      (platform && strcmp(platform, "empty") != 0);

	if (!count)
		return ms_doctor_found(doctor, "keyrings-unknown", MS_SEVERITY_UNKNOWN,
				       strdup("sudo modseal doctor"),
				       "'%s" KEYS "' shows no keyring of trusted keys: it is "
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
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r;

	if (!doctor->running)
		return 0;
	r = ms_doctor_read(doctor, KEYS, &file);
	if (r < 0)
		return ms_doctor_unread(doctor, "keyrings-unknown", KEYS, r);
	if (ms_buf_append(&file, "", 1) < 0)
		return ms_fail_nomem(doctor->ctx);
	r = report(doctor, (const char *)file.data);
	return r < 0 ? r : check_builtin(doctor, (const char *)file.data);
}
