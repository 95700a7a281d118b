/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * This machine: the image of the running kernel, and the EFI variables that it reads when
 * it starts (security/integrity/platform_certs/load_uefi.c of Linux):
 *
 *	MokListRT, db       certificates: trusted
 *	MokListXRT, dbx     certificates and digests: revoked
 *
 * Which keyrings they end up on depends on the kernel. In mainline db is only for kexec,
 * and MokListRT for modules only where it is linked into the machine keyring; Debian's and
 * Fedora's kernels take both for modules. That they count is said among what was assumed.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "set.h"

#define EFI	"/sys/firmware/efi"
#define EFIVARS EFI "/efivars"
#define GLOBAL	"8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define SHIM	"605dab50-e046-4300-abb6-3dd810dd8b23"
#define IMAGES	"d719b2cb-3d3a-4596-a3bc-dad00e67656f"

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

static const struct variable {
	const char *name;
	const char *vendor;
	bool revoked;
} variables[] = {
	{ "MokListRT", SHIM, false },
	{ "db", IMAGES, false },
	{ "MokListXRT", SHIM, true },
	{ "dbx", IMAGES, true },
};

static int take_variable(struct ms_ctx *ctx, struct ms_trust *trust, const char *dir,
			 const struct variable *variable)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s-%s", dir, variable->name, variable->vendor) < 0) {
		path = NULL;
		return ms_fail_nomem(ctx);
	}
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = ms_source_open(ctx, path, &source);
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

int ms_trust_take_efivars(struct ms_ctx *ctx, struct ms_trust *trust, const char *dir,
			  bool revoked_only)
{
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(variables) && r == 0; i++)
		if (variables[i].revoked || !revoked_only)
			r = take_variable(ctx, trust, dir, &variables[i]);
	return r;
}

/*
 * A machine without EFI has none of these variables; one with EFI whose variables cannot be
 * seen has revocations that nobody here knows of.
 */
static int take_machine(struct ms_ctx *ctx, struct ms_trust *trust, bool revoked_only)
{
	if (access(EFI, F_OK) < 0) {
		if (errno != ENOENT)
			return ms_fail_errno(ctx, -errno, "cannot look for '%s'", EFI);
		return ms_trust_note(
			ctx, trust,
			"no EFI here: what the machine trusts or revokes besides "
			"its kernel is not known");
	}
	if (access(EFIVARS "/SecureBoot-" GLOBAL, F_OK) < 0) {
		ms_fail_errno(ctx, -errno, "cannot read the EFI variables in '%s'",
			      EFIVARS);
		return ms_hint(ctx, -ENOENT, "mount -t efivarfs efivarfs " EFIVARS);
	}
	return ms_trust_take_efivars(ctx, trust, EFIVARS, revoked_only);
}

int ms_trust_take_system(struct ms_ctx *ctx, struct ms_trust *trust, bool revoked_only)
{
	_cleanup_free_ char *image = NULL;
	struct utsname name;
	int r = 0;

	if (!revoked_only) {
		if (uname(&name) < 0)
			return ms_fail_errno(ctx, -errno,
					     "cannot ask for the kernel's release");
		r = ms_kernel_image_find(ctx, name.release, &image);
		r = r < 0 ? r : ms_trust_take_kernel(ctx, trust, image, true);
	}
	return r < 0 ? r : take_machine(ctx, trust, revoked_only);
}

int ms_trust_add_machine(struct ms_ctx *ctx, struct ms_trust *trust)
{
	struct ms_trust_mark mark = ms_trust_begin(trust);

	return ms_trust_end(ctx, trust, mark, take_machine(ctx, trust, false));
}

int ms_trust_add_efivars(struct ms_ctx *ctx, struct ms_trust *trust, const char *dir)
{
	struct ms_trust_mark mark = ms_trust_begin(trust);

	return ms_trust_end(ctx, trust, mark,
			    ms_trust_take_efivars(ctx, trust, dir, false));
}
