/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TRUST_ASSUMED_H
#define MS_TRUST_ASSUMED_H

/* Inside lib/trust: sentences that say what was taken for true without being told. */

#include <stdbool.h>

#include "../base/texts.h"
#include "../judge/rules.h"
#include "../merkle/merkle.h"

/** What is known of a kernel. */
struct ms_trust_known {
	bool release;
	const char *config_path; /* NULL: no configuration */
	bool config_was_found;	 /* and not named by a person */
	bool modules_count;	 /* algorithms that are modules count as there */
	const struct ms_rules *with_modules;
	const struct ms_rules *without_modules;
	const struct ms_kernel_hashes *hashes; /* NULL: it is not seen to have any */
	bool config_has_hashes;		       /* CONFIG_MODULE_HASHES */
};

/** Adds a sentence for everything that is not known. 0 or -ENOMEM. */
int ms_trust_list_assumed(const struct ms_trust_known *known, struct ms_texts *ret);

#endif
