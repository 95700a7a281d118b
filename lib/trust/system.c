/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A machine: the image of the running kernel, and the EFI variables that it reads when it
 * starts (lib/system/efi.h). Which keyrings they end up on depends on the kernel. In mainline db is only for kexec,
 * and MokListRT for modules only where it is linked into the machine keyring; Debian's and
 * Fedora's kernels take both for modules. That they count is said among what was assumed.
 */

#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../system/efi.h"
#include "set.h"

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

static int take_variable(struct ms_ctx *ctx, struct ms_trust *trust,
			 const struct ms_system *system,
			 const struct ms_efi_list_variable *variable)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	_cleanup_free_ char *path = NULL;
	int r = ms_system_find(ctx, system, variable->path, &path);

	if (r == -ENOENT)
		return 0;
	r = r < 0 ? r : ms_source_open(ctx, path, &source);
	if (r < 0)
		return r;
	if (source->kind != MS_SOURCE_EFI_LIST)
		return ms_fail(ctx, -EBADMSG, "'%s' is no EFI signature list", path);
	if (!variable->revoked && source->n_certs > 0)
		r = ms_trust_note(
			ctx, trust,
			"the certificates of the EFI variable %s count as trusted, "
			"as in the kernels of Debian and Fedora",
			variable->name);
	return r < 0 ? r
		     : ms_trust_take(ctx, trust, path, source, MS_TRUST_AS_KERNEL,
				     variable->revoked);
}

/* No EFI, or no /sys to ask, as in the root of a build. */
static int note_no_efi(struct ms_ctx *ctx, struct ms_trust *trust)
{
	return ms_trust_note(ctx, trust,
			     "no EFI here: what the machine trusts or revokes besides "
			     "its kernel is not known");
}

/* One with EFI whose variables cannot be seen has revocations that nobody here knows of. */
static int check_variables(struct ms_ctx *ctx, const struct ms_system *system)
{
	_cleanup_free_ char *path = NULL;
	int r = ms_system_find(ctx, system, MS_SYSTEM_SECURE_BOOT, &path);

	if (r != -ENOENT)
		return r;
	ms_fail_errno(ctx, r, "cannot read the EFI variables in '%s%s'",
		      ms_system_root(system), MS_SYSTEM_EFIVARS);
	return ms_hint(ctx, r, "mount -t efivarfs efivarfs " MS_SYSTEM_EFIVARS);
}

static int take_machine(struct ms_ctx *ctx, struct ms_trust *trust,
			const struct ms_system *system, bool revoked_only)
{
	int r = ms_system_efi(ctx, system);

	if (r == -ENOSYS || r == -ENOENT)
		return note_no_efi(ctx, trust);
	r = r < 0 ? r : check_variables(ctx, system);
	for (size_t i = 0; i < MS_EFI_LISTS && r == 0; i++)
		if (ms_efi_lists[i].revoked || !revoked_only)
			r = take_variable(ctx, trust, system, &ms_efi_lists[i]);
	return r;
}

static int take_running(struct ms_ctx *ctx, struct ms_trust *trust)
{
	_cleanup_free_ char *release = NULL, *image = NULL;
	int r = ms_system_running(ctx, NULL, &release);

	r = r < 0 ? r : ms_system_kernel_image(ctx, NULL, release, &image);
	if (r == -ENOENT)
		return ms_hint(ctx, r, "give the image as --kernel");
	return r < 0 ? r : ms_trust_take_kernel(ctx, trust, NULL, image);
}

int ms_trust_take_system(struct ms_ctx *ctx, struct ms_trust *trust, bool revoked_only)
{
	int r = revoked_only ? 0 : take_running(ctx, trust);

	return r < 0 ? r : take_machine(ctx, trust, NULL, revoked_only);
}

int ms_trust_add_machine(struct ms_ctx *ctx, struct ms_trust *trust,
			 const struct ms_system *system)
{
	struct ms_trust_mark mark = ms_trust_begin(trust);

	return ms_trust_end(ctx, trust, mark, take_machine(ctx, trust, system, false));
}
