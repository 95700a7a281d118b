/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel that is asked about: is it installed, which certificates are in its image,
 * and what does its configuration say. It is built already, so what is wrong with its
 * configuration is mended by another kernel only.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/config.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../system/kernels.h"
#include "../system/running.h"
#include "doctor.h"

MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)

static int check_modules(struct ms_doctor *doctor)
{
	_cleanup_free_ char *path = NULL;
	int r = ms_system_modules(doctor->ctx, doctor->system, doctor->release, &path);

	if (r == 0 || r == -ENOMEM)
		return r;
	if (doctor->running &&
	    ms_system_loads_modules(doctor->ctx, doctor->system) == -ENOSYS)
		return 0;
	return ms_doctor_found(doctor, "modules-missing", MS_SEVERITY_ERROR,
			       strdup("ls /lib/modules; modseal doctor --release RELEASE"),
			       "kernel %s has no modules: '%s/lib/modules/%s' is not there",
			       doctor->release, doctor->root, doctor->release);
}

static int report_image(struct ms_doctor *doctor, const char *path,
			const struct ms_cert_list *list)
{
	const char *release = ms_cert_list_release(list);
	int r = 0;

	if (release && strcmp(release, doctor->release) != 0)
		r = ms_doctor_found(doctor, "image-of-another-kernel", MS_SEVERITY_ERROR,
				    NULL, "'%s' is the image of kernel %s", path,
				    release);
	for (size_t i = 0; i < ms_cert_list_count(list) && r == 0; i++)
		r = ms_doctor_found(doctor, "built-in", MS_SEVERITY_INFO, NULL,
				    "kernel %s: %s: %s (%s)", doctor->release,
				    ms_cert_place_name(ms_cert_list_at(list, i)->place),
				    ms_cert_list_at(list, i)->subject,
				    ms_cert_list_at(list, i)->key_type);
	return r;
}

static int check_image(struct ms_doctor *doctor)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	int r = ms_system_kernel_image(doctor->ctx, doctor->system, doctor->release,
				       &doctor->image);

	r = r < 0 ? r : ms_cert_list_read(doctor->ctx, doctor->image, &list);
	if (r == -ENOMEM)
		return r;
	if (r == -ENOKEY) {
		doctor->trust_known = true;
		return ms_doctor_found(doctor, "image-without-certificate",
				       MS_SEVERITY_WARNING, NULL,
				       "'%s' has no certificate built in", doctor->image);
	}
	if (r < 0)
		return ms_doctor_found(doctor, "image-unknown", MS_SEVERITY_UNKNOWN, NULL,
				       "which keys kernel %s has built in is not known: %s",
				       doctor->release, ms_ctx_message(doctor->ctx));
	doctor->trust_known = true;
	r = report_image(doctor, doctor->image, list);
	return r < 0 ? r : ms_doctor_keep(doctor, ms_steal(&list), false);
}

static int find_config(struct ms_doctor *doctor)
{
	return doctor->image ? ms_system_image_config(doctor->ctx, doctor->system,
						      doctor->image, doctor->release,
						      &doctor->config)
			     : ms_system_kernel_config(doctor->ctx, doctor->system,
						       doctor->release, &doctor->config);
}

static int no_config(struct ms_doctor *doctor)
{
	return ms_doctor_found(doctor, "config-unknown", MS_SEVERITY_UNKNOWN, NULL,
			       "the configuration of kernel %s is neither in '%s/boot' nor "
			       "beside its modules: which algorithms it has is not known",
			       doctor->release, doctor->root);
}

MS_DEFINE_CLEANUP(findings_cleanup, struct ms_findings *, ms_findings_free)

/* Without signatures a kernel loads everything: that is bad, but keeps no module out. */
static enum ms_severity severity_of(const struct ms_finding *finding)
{
	return strcmp(finding->id, "signing-off") == 0 ? MS_SEVERITY_WARNING
						       : finding->severity;
}

static int check_config(struct ms_doctor *doctor)
{
	_cleanup_(findings_cleanup) struct ms_findings *found = NULL;
	const struct ms_finding *finding;
	int r = find_config(doctor);

	if (r == -ENOENT)
		return no_config(doctor);
	r = r < 0 ? r : ms_config_check(doctor->ctx, doctor->config, true, &found);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		free(ms_steal(&doctor->config));
		return ms_doctor_found(doctor, "config-unknown", MS_SEVERITY_UNKNOWN, NULL,
				       "%s", ms_ctx_message(doctor->ctx));
	}
	for (size_t i = 0; r == 0 && (finding = ms_findings_at(found, i)); i++)
		r = ms_doctor_found(doctor, finding->id, severity_of(finding), NULL,
				    "kernel %s: %s", doctor->release, finding->message);
	return r;
}

int ms_doctor_kernel(struct ms_doctor *doctor)
{
	int r;

	if (!doctor->release)
		return 0;
	r = check_modules(doctor);
	r = r < 0 ? r : check_image(doctor);
	return r < 0 ? r : check_config(doctor);
}
