/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_SYSTEM_EFI_H
#define MS_SYSTEM_EFI_H

/*
 * The EFI variables of a machine: what its firmware, and shim, hand over to the kernel that
 * starts (security/integrity/platform_certs/load_uefi.c of Linux):
 *
 *	MokListRT, db       certificates: trusted
 *	MokListXRT, dbx     certificates and digests: revoked
 */

#include "system.h"

#define MS_SYSTEM_FIRMWARE    "/sys/firmware"
#define MS_SYSTEM_EFI	      MS_SYSTEM_FIRMWARE "/efi"
#define MS_SYSTEM_EFIVARS     MS_SYSTEM_EFI "/efivars"
#define MS_SYSTEM_SECURE_BOOT MS_SYSTEM_EFIVARS \
	"/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/** A variable that holds an EFI signature list. */
struct ms_efi_list_variable {
	const char *name;
	const char *path; /* the system's */
	bool revoked;	  /* what it holds is revoked, else trusted */
};

enum { MS_EFI_LISTS = 4 };

extern const struct ms_efi_list_variable ms_efi_lists[MS_EFI_LISTS];

/**
 * Does the machine have EFI: 0; -ENOSYS it has none; -ENOENT it is not known, because /sys
 * is not mounted; -EACCES etc. No message.
 */
int ms_system_efi(struct ms_ctx *ctx, const struct ms_system *system);

/**
 * Is Secure Boot on. No message. -ENOENT the variables are not there to be read, and so
 * are none of the lists: efivarfs is not mounted; -EBADMSG; errors of ms_system_read().
 */
int ms_system_secure_boot(struct ms_ctx *ctx, const struct ms_system *system, bool *ret);

/** True where mokutil has left a key that nobody has confirmed in MokManager yet. */
bool ms_system_mok_pending(struct ms_ctx *ctx, const struct ms_system *system);

#endif
