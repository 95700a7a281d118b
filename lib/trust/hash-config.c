/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The digest algorithm that a kernel's configuration asks for. */

#include <modseal/config.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../kconfig/kconfig.h"

MS_DEFINE_CLEANUP(kconfig_cleanup, struct ms_kconfig *, ms_kconfig_free)

int ms_hash_from_config(struct ms_ctx *ctx, const char *path, enum ms_hash *ret)
{
	_cleanup_(kconfig_cleanup) struct ms_kconfig *config = NULL;
	enum ms_hash hash = MS_HASH_NONE;
	const char *name;
	int r = ms_kconfig_read(ctx, path, &config);

	if (r < 0)
		return r;
	name = ms_kconfig_string(config, "MODULE_SIG_HASH");
	if (name && *name)
		r = ms_hash_from_name(ctx, name, &hash);
	if (r < 0)
		return ms_fail_prefix(ctx, r, "'%s': CONFIG_MODULE_SIG_HASH", path);
	*ret = hash;
	return 0;
}
