/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The examination of a system: a table of topics, each in a file of its own.
 *
 * It only reads. Whatever it comes to becomes a finding; an error ends it only where it
 * could not go on at all. What cannot be read is a finding too, of severity "unknown", and
 * whatever would follow from it is unknown as well: nothing is good that was not seen.
 *
 * The order matters: what the kernel trusts is known once its image and the machine's
 * EFI variables were looked at, and the keys are held against that.
 */

#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/sized.h"
#include "../system/kernels.h"
#include "../system/running.h"

static int (*const topics[])(struct ms_doctor *) = {
	ms_doctor_running, ms_doctor_keyrings, ms_doctor_kernel,  ms_doctor_machine,
	ms_doctor_keys,	   ms_doctor_modules,  ms_doctor_dkms,	  ms_doctor_private,
};

int ms_doctor_unread(struct ms_doctor *doctor, const char *id, const char *path, int error)
{
	bool rights = error == -EACCES || error == -EPERM;

	if (error == -ENOMEM)
		return ms_fail_nomem(doctor->ctx);
	return ms_doctor_found(doctor, id, MS_SEVERITY_UNKNOWN,
			       rights ? strdup("sudo modseal doctor") : NULL,
			       "cannot read '%s%s': %s", doctor->root, path,
			       strerror(-error));
}

static void doctor_done(struct ms_doctor *doctor)
{
	ms_system_free(doctor->system);
	ms_findings_done(&doctor->findings);
	for (size_t i = 0; i < doctor->n_lists; i++)
		ms_cert_list_free(doctor->lists[i].certs);
	ms_trust_free(doctor->trust);
	free(doctor->release);
	free(doctor->image);
	free(doctor->config);
}

static int find_release(struct ms_doctor *doctor, const char *wanted)
{
	_cleanup_free_ char *running = NULL;
	int r = ms_system_running(doctor->ctx, doctor->system, &running);

	if (r == -ENOMEM)
		return r;
	if (wanted && !ms_is_release(wanted))
		return ms_fail(doctor->ctx, -EINVAL, "'%s' is no kernel release", wanted);
	if (!wanted && !running)
		return ms_doctor_found(doctor, "release-unknown", MS_SEVERITY_UNKNOWN,
				       strdup("modseal doctor --release RELEASE"),
				       "which kernel runs is not known: '%s" MS_SYSTEM_OSRELEASE
				       "' does not say",
				       doctor->root);
	doctor->running = running && (!wanted || strcmp(wanted, running) == 0);
	doctor->release = wanted ? strdup(wanted) : ms_steal(&running);
	return doctor->release ? 0 : ms_fail_nomem(doctor->ctx);
}

int ms_doctor_examine(struct ms_ctx *ctx, const struct ms_doctor_options *caller,
		      struct ms_findings **ret, char **ret_release)
{
	_cleanup_(doctor_done) struct ms_doctor doctor = { .ctx = ctx };
	struct ms_doctor_options options;
	int r = ms_sized_in(ctx, &options, sizeof(options), caller);

	if (r == 0)
		r = ms_system_open(ctx, options.root, &doctor.system);
	if (r < 0)
		return r;
	doctor.root = ms_system_root(doctor.system);
	doctor.store = options.store;
	r = find_release(&doctor, options.release);
	for (size_t i = 0; i < MS_ARRAY_SIZE(topics) && r == 0; i++) {
		r = topics[i](&doctor);
		r = r < 0 ? r : ms_check_cancelled(ctx);
	}
	if (r == 0)
		r = ms_findings_give(ctx, &doctor.findings, ret);
	if (r < 0)
		return r;
	*ret_release = ms_steal(&doctor.release);
	return 0;
}
