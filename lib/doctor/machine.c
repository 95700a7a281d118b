/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the machine's firmware adds: Secure Boot, and the variables by which shim hands
 * over the machine owner's keys and what is revoked (lib/system/efi.h).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../system/efi.h"
#include "doctor.h"

MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)

static int report_certs(struct ms_doctor *doctor,
			const struct ms_efi_list_variable *variable,
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

static int read_variable(struct ms_doctor *doctor,
			 const struct ms_efi_list_variable *variable)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	_cleanup_free_ char *path = NULL;
	int r = ms_system_find(doctor->ctx, doctor->system, variable->path, &path);

	if (r == -ENOENT)
		return 0;
	r = r < 0 ? r : ms_cert_list_read(doctor->ctx, path, &list);
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

static int no_variables(struct ms_doctor *doctor, int error)
{
	doctor->trust_known = false;
	if (error != -ENOENT)
		return ms_doctor_unread(doctor, "machine-keys-unknown",
					MS_SYSTEM_SECURE_BOOT, error);
	return ms_doctor_found(doctor, "machine-keys-unknown", MS_SEVERITY_UNKNOWN,
			       strdup("mount -t efivarfs efivarfs " MS_SYSTEM_EFIVARS),
			       "the EFI variables are not there: the machine owner's "
			       "keys are not known");
}

static int check_secure_boot(struct ms_doctor *doctor)
{
	bool on = false;
	int r = ms_system_secure_boot(doctor->ctx, doctor->system, &on);

	if (r < 0)
		return no_variables(doctor, r);
	return ms_doctor_found(doctor, "secure-boot", MS_SEVERITY_INFO, NULL,
			       "Secure Boot is %s", on ? "on" : "off");
}

/* mokutil leaves the key here until somebody confirms it when the machine starts. */
static int check_pending(struct ms_doctor *doctor)
{
	if (!ms_system_mok_pending(doctor->ctx, doctor->system))
		return 0;
	return ms_doctor_found(doctor, "enrolment-pending", MS_SEVERITY_WARNING,
			       strdup("systemctl reboot"),
			       "a key waits to be enrolled: start the machine anew, and "
			       "confirm it in MokManager's \"Enroll MOK\" with the password "
			       "that was given");
}

int ms_doctor_machine(struct ms_doctor *doctor)
{
	int r = ms_system_efi(doctor->ctx, doctor->system);

	if (r == -ENOSYS)
		return ms_doctor_found(doctor, "no-efi", MS_SEVERITY_INFO, NULL,
				       "no EFI here: there are no keys of the machine's "
				       "owner");
	if (r < 0) {
		doctor->trust_known = false;
		return ms_doctor_unread(doctor, "machine-keys-unknown", MS_SYSTEM_FIRMWARE,
					r);
	}
	r = check_secure_boot(doctor);
	for (size_t i = 0; i < MS_EFI_LISTS && r == 0; i++)
		r = read_variable(doctor, &ms_efi_lists[i]);
	return r < 0 ? r : check_pending(doctor);
}
