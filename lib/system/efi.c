/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* EFI variables as efivarfs shows them: four bytes of attributes, then the value. */

#include "efi.h"

#include <errno.h>

#define SHIM   "605dab50-e046-4300-abb6-3dd810dd8b23"
#define IMAGES "d719b2cb-3d3a-4596-a3bc-dad00e67656f"

const struct ms_efi_list_variable ms_efi_lists[MS_EFI_LISTS] = {
	{ "MokListRT", MS_SYSTEM_EFIVARS "/MokListRT-" SHIM, false },
	{ "db", MS_SYSTEM_EFIVARS "/db-" IMAGES, false },
	{ "MokListXRT", MS_SYSTEM_EFIVARS "/MokListXRT-" SHIM, true },
	{ "dbx", MS_SYSTEM_EFIVARS "/dbx-" IMAGES, true },
};

/* The kernel makes /sys/firmware itself, so that it is there wherever sysfs is. */
int ms_system_efi(struct ms_ctx *ctx, const struct ms_system *system)
{
	_cleanup_free_ char *path = NULL;
	int r = ms_system_find(ctx, system, MS_SYSTEM_EFI, &path);

	return r == -ENOENT && ms_system_exists(ctx, system, MS_SYSTEM_FIRMWARE) ? -ENOSYS
										 : r;
}

int ms_system_secure_boot(struct ms_ctx *ctx, const struct ms_system *system, bool *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r = ms_system_read(ctx, system, MS_SYSTEM_SECURE_BOOT, &file);

	if (r < 0)
		return r;
	if (file.len != 5)
		return -EBADMSG;
	*ret = file.data[4] == 1;
	return 0;
}

bool ms_system_mok_pending(struct ms_ctx *ctx, const struct ms_system *system)
{
	return ms_system_exists(ctx, system, MS_SYSTEM_EFIVARS "/MokNew-" SHIM);
}
