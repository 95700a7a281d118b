/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_DOCTOR_H
#define MODSEAL_DOCTOR_H

/* What would keep modules from being signed on a system, or from being loaded. */

#include <modseal/finding.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_doctor_options {
	size_t size;	     /* sizeof(struct ms_doctor_options) */
	const char *release; /* of the kernel; NULL: the running one */
	const char *root;    /* everything is read below this directory; NULL: "/" */
	const char *store;   /* the key store, below root; NULL: MS_SYSTEM_KEY_STORE */
};

/**
 * Examines a system: the running kernel's taint, lockdown and enforcement; its keyrings;
 * the machine owner's keys; kernel @release's image and configuration; the key store; the
 * configuration of DKMS; and who can read private keys. Nothing is changed.
 *
 * What cannot be read is a finding of severity MS_SEVERITY_UNKNOWN, never nothing.
 *
 * @ret: free with ms_findings_free(). @ret_release: the kernel that was looked at, to
 * free(); NULL where it is not known. Either is written on success only.
 * Errors: -ENOENT etc. @root is no directory; -EINVAL @release is no kernel's; -ENOMEM.
 */
MS_PUBLIC int ms_doctor_examine(struct ms_ctx *ctx,
				const struct ms_doctor_options *options,
				struct ms_findings **ret, char **ret_release);

#ifdef __cplusplus
}
#endif
#endif
