/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The type of key that a kernel's configuration asks for. */

#include <errno.h>

#include <modseal/config.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../judge/key-type.h"
#include "../kconfig/kconfig.h"

MS_DEFINE_CLEANUP(kconfig_cleanup, struct ms_kconfig *, ms_kconfig_free)

int ms_key_type_from_config(struct ms_ctx *ctx, const char *path, const char **ret)
{
	_cleanup_(kconfig_cleanup) struct ms_kconfig *config = NULL;
	const struct ms_key_type *type, *wanted = NULL;
	int r = ms_kconfig_read(ctx, path, &config);

	if (r < 0)
		return r;
	for (size_t i = 0; (type = ms_key_type_at(i)); i++) {
		if (!type->is_built ||
		    ms_kconfig_state(config, type->config) != MS_KCONFIG_YES)
			continue;
		if (wanted)
			return ms_fail(ctx, -EINVAL,
				       "'%s' asks for keys of two types: %s and %s", path,
				       wanted->name, type->name);
		wanted = type;
	}
	*ret = wanted ? wanted->name : "rsa4096";
	return 0;
}
