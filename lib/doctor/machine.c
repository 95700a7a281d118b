/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the machine's firmware adds: Secure Boot, and the variables by which shim hands
 * over the machine owner's keys (MokListRT) and what is revoked (MokListXRT, dbx). The
 * kernel reads them when it starts (security/integrity/platform_certs/load_uefi.c).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "doctor.h"

#define EFI	"/sys/firmware/efi"
#define EFIVARS MS_DOCTOR_EFIVARS
#define SECURE	EFIVARS "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define SHIM	"605dab50-e046-4300-abb6-3dd810dd8b23"
#define IMAGES	"d719b2cb-3d3a-4596-a3bc-dad00e67656f"

MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)

static const struct variable {
	const char *name, *path;
	bool revoked;
} variables[] = {
	{ "MokListRT", EFIVARS "/MokListRT-" SHIM, false },
	{ "db", EFIVARS "/db-" IMAGES, false },
	{ "MokListXRT", EFIVARS "/MokListXRT-" SHIM, true },
	{ "dbx", EFIVARS "/dbx-" IMAGES, true },
};

static int report_certs(struct ms_doctor *doctor, const struct variable *variable,
			const struct ms_cert_list *list)
{
	int r = 0;

	for (size_t i = 0; i < ms_cert_list_count(list) && r == 0; i++)
		r = ms_doctor_found(doctor, variable->revoked ? "revoked" : "enrolled",
				    MS_SEVERITY_INFO, NULL, "%s: %s (%s)", variable->name,
				    ms_cert_list_at(list, i)->subject,
				    ms_cert_list_at(list, i)->key_type);
	return r;
}

static int read_variable(struct ms_doctor *doctor, const struct variable *variable)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	if (!ms_doctor_exists(doctor, variable->path))
		return 0;
	r = ms_doctor_path(doctor, variable->path, &path);
	if (r < 0)
		return r;
	r = ms_cert_list_read(doctor->ctx, path, &list);
	if (r == -ENOMEM || r == -ENOKEY) /* digests alone are no certificates */
		return r == -ENOKEY ? 0 : r;
	if (r < 0) {
		doctor->trust_known = false;
		return ms_doctor_found(doctor, "machine-keys-unknown", MS_SEVERITY_UNKNOWN,
				       NULL, "the EFI variable %s cannot be read: %s",
				       variable->name, ms_ctx_message(doctor->ctx));
	}
	r = report_certs(doctor, variable, list);
	return r < 0 ? r : ms_doctor_keep(doctor, ms_steal(&list), variable->revoked);
}

static int check_secure_boot(struct ms_doctor *doctor)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r = ms_doctor_read(doctor, SECURE, &file);

	if (r < 0 || file.len != 5) { /* four bytes of attributes, and the answer */
		doctor->trust_known = false;
		r = r < 0 ? r : -EBADMSG;
		if (r != -ENOENT)
			return ms_doctor_unread(doctor, "machine-keys-unknown", SECURE, r);
		return ms_doctor_found(doctor, "machine-keys-unknown", MS_SEVERITY_UNKNOWN,
				       strdup("mount -t efivarfs efivarfs " EFIVARS),
				       "the EFI variables are not there: the machine owner's "
				       "keys are not known");
	}
	return ms_doctor_found(doctor, "secure-boot", MS_SEVERITY_INFO, NULL,
			       "Secure Boot is %s", file.data[4] == 1 ? "on" : "off");
}

/* mokutil leaves the key here until somebody confirms it when the machine starts. */
static int check_pending(struct ms_doctor *doctor)
{
	if (!ms_doctor_exists(doctor, EFIVARS "/MokNew-" SHIM))
		return 0;
	return ms_doctor_found(doctor, "enrolment-pending", MS_SEVERITY_WARNING,
			       strdup("systemctl reboot"),
			       "a key waits to be enrolled: start the machine anew, and "
			       "confirm it in MokManager's \"Enroll MOK\" with the password "
			       "that was given");
}

int ms_doctor_machine(struct ms_doctor *doctor)
{
	int r;

	if (!ms_doctor_exists(doctor, "/sys/firmware")) {
		doctor->trust_known = false;
		return ms_doctor_unread(doctor, "machine-keys-unknown", "/sys/firmware",
					-ENOENT);
	}
	if (!ms_doctor_exists(doctor, EFI))
		return ms_doctor_found(doctor, "no-efi", MS_SEVERITY_INFO, NULL,
				       "no EFI here: there are no keys of the machine's "
				       "owner");
	r = check_secure_boot(doctor);
	for (size_t i = 0; i < MS_ARRAY_SIZE(variables) && r == 0; i++)
		r = read_variable(doctor, &variables[i]);
	return r < 0 ? r : check_pending(doctor);
}
