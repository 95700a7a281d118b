/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_CONFIG_H
#define MODSEAL_CONFIG_H

/* What a kernel's .config says of module signatures. */

#include <modseal/base.h>
#include <modseal/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads which digest algorithm a kernel's configuration signs modules with:
 * CONFIG_MODULE_SIG_HASH (kernel/module/Kconfig of Linux). @path: a .config, gzipped
 * or not. @ret is MS_HASH_NONE where the configuration does not say.
 *
 * Errors: those of opening; -EBADMSG no kernel configuration; -EINVAL an algorithm
 * that modseal does not sign with.
 */
MS_PUBLIC int ms_hash_from_config(struct ms_ctx *ctx, const char *path,
				  enum ms_hash *ret);

#ifdef __cplusplus
}
#endif
#endif
