/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_RULES_H
#define MS_JUDGE_RULES_H

/*
 * By which rules a kernel judges: what its release and its configuration make of the
 * same bytes. The zero value is not a kernel: begin with ms_rules_default().
 */

#include <modseal/base.h>
#include "../hash/payload.h"
#include <modseal/module.h>

#include "key-type.h"

struct ms_rules {
	unsigned version; /* (major << 16) | (minor << 8), as LINUX_VERSION_CODE: 0x070300 */
	bool hash[MS_HASH_COUNT]; /* the kernel can compute it */
	bool pkey[MS_PKEY_COUNT]; /* the kernel can verify with it */
	bool module_sig;          /* CONFIG_MODULE_SIG: it looks at signatures at all */
	bool blacklist;           /* CONFIG_SYSTEM_BLACKLIST_KEYRING */
	bool waive_authattrs_mldsa; /* CONFIG_PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA */
	bool knows_decoder;         /* the configuration says which, or that there is none */
	enum ms_compression decoder; /* the one that CONFIG_MODULE_DECOMPRESS unpacks */
};

/** The newest Linux that modseal knows, with every algorithm it can have built in. */
struct ms_rules ms_rules_default(void);

/**
 * Takes the version from a release string ("6.12.95+deb13-amd64") and drops from the
 * rules what that version cannot have. -EINVAL: no release.
 */
int ms_rules_set_release(struct ms_ctx *ctx, struct ms_rules *rules, const char *release);

struct ms_kconfig;
/** Takes the algorithms from the configuration; @modules: =m counts as there. */
void ms_rules_set_config(struct ms_rules *rules, const struct ms_kconfig *config,
			 bool modules);

#endif
