/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The type of key that a kernel's configuration asks for. */

#include <errno.h>

#include <modseal/config.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../kconfig/kconfig.h"

MS_DEFINE_CLEANUP(kconfig_cleanup, struct ms_kconfig *, ms_kconfig_free)

/*
 * What certs/Makefile of Linux makes of them: default_bits of its genkey file, for RSA.
 */
static const struct {
	const char *symbol;
	const char *type;
} types[] = {
	{ "MODULE_SIG_KEY_TYPE_RSA", "rsa4096" },
	{ "MODULE_SIG_KEY_TYPE_ECDSA", "p384" },
	{ "MODULE_SIG_KEY_TYPE_MLDSA_44", "mldsa44" },
	{ "MODULE_SIG_KEY_TYPE_MLDSA_65", "mldsa65" },
	{ "MODULE_SIG_KEY_TYPE_MLDSA_87", "mldsa87" },
};

int ms_key_type_from_config(struct ms_ctx *ctx, const char *path, const char **ret)
{
	_cleanup_(kconfig_cleanup) struct ms_kconfig *config = NULL;
	const char *type = NULL;
	int r = ms_kconfig_read(ctx, path, &config);

	if (r < 0)
		return r;
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++) {
		if (ms_kconfig_state(config, types[i].symbol) != MS_KCONFIG_YES)
			continue;
		if (type)
			return ms_fail(ctx, -EINVAL,
				       "'%s' asks for keys of two types: %s and %s", path,
				       type, types[i].type);
		type = types[i].type;
	}
	*ret = type ? type : "rsa4096";
	return 0;
}
