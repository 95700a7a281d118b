/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Private keys in the places where distributions and kernel builds put them: nobody but
 * their owner may read them, and none belongs among a kernel's headers, where every build
 * of a module can reach it (kernel-sign's install-certs copies it there).
 */

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "doctor.h"

static const struct place {
	const char *pattern;
	bool headers; /* of every kernel's: no private key should be here */
} places[] = {
	{ "/var/lib/dkms/mok.key", false },
	{ "/var/lib/shim-signed/mok/MOK.priv", false },
	{ "/etc/dkms/*.key", false },
	{ "/etc/pki/akmods/private/*.priv", false },
	{ "/lib/modules/*/build/certs/signing_key.pem", true },
	{ "/lib/modules/*/build/certs-local/*/signing_key.pem", true },
	{ "/lib/modules/*/build/certs-local/*/signing_prv.pem", true },
};

static void glob_done(glob_t *found)
{
	globfree(found);
}

static int check_file(struct ms_doctor *doctor, const char *path, bool headers)
{
	_cleanup_free_ char *word = ms_shell_word(path);
	int r = ms_doctor_key_mode(doctor, path);

	if (r < 0 || !headers)
		return r;
	return ms_doctor_found(doctor, "key-among-headers", MS_SEVERITY_WARNING,
			       word ? ms_format("rm %s", word) : NULL,
			       "private key '%s' lies among a kernel's headers", path);
}

/* Below a root, links that are absolute lead astray: there a pattern finds what it finds. */
static int check_place(struct ms_doctor *doctor, const struct place *place)
{
	_cleanup_free_ char *pattern =
		ms_format("%s%s", doctor->root, place->pattern);
	_cleanup_(glob_done) glob_t found = { 0 };
	int r;

	if (!pattern)
		return ms_fail_nomem(doctor->ctx);
	r = glob(pattern, GLOB_NOESCAPE, NULL, &found);
	if (r == GLOB_NOSPACE)
		return ms_fail_nomem(doctor->ctx);
	r = 0;
	for (size_t i = 0; i < found.gl_pathc && r == 0; i++)
		r = check_file(doctor, found.gl_pathv[i], place->headers);
	return r;
}

int ms_doctor_private(struct ms_doctor *doctor)
{
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(places) && r == 0; i++)
		r = check_place(doctor, &places[i]);
	return r;
}
