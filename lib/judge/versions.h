/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_VERSIONS_H
#define MS_JUDGE_VERSIONS_H

/*
 * The releases of Linux in which the reading of certificates and signatures changed;
 * docs/kernel-differences.md tells what became of them.
 */

#include "rules.h"

#define MS_LINUX(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor) << 8)

enum {
	/* keyUsage and basicConstraints are read */
	MS_LINUX_KEY_USAGE = MS_LINUX(6, 4),
	/* MD4 and MD5 are unknown */
	MS_LINUX_NO_MD5 = MS_LINUX(6, 7),
	MS_LINUX_SHA3 = MS_LINUX(6, 7),
	/* GeneralName is tagged implicitly */
	MS_LINUX_AKID = MS_LINUX(6, 7),
	/* EC points whose coordinates do not fill whole words */
	MS_LINUX_ECDSA_SHORT = MS_LINUX(6, 10),
	MS_LINUX_P521 = MS_LINUX(6, 10),
	/* 0, 1 and n-1 are no RSA signatures */
	MS_LINUX_RSA_BOUNDS = MS_LINUX(6, 10),
	MS_LINUX_NO_SM2 = MS_LINUX(6, 11),
	/* basicConstraints says TRUE or nothing */
	MS_LINUX_STRICT_CA = MS_LINUX(6, 12),
	MS_LINUX_MLDSA = MS_LINUX(7, 0),
};

/** Is the kernel @since or newer (0: always) and older than @before (0: always)? */
static inline bool ms_linux_within(const struct ms_rules *rules, unsigned since,
				   unsigned before)
{
	return rules->version >= since && (before == 0 || rules->version < before);
}

#endif
