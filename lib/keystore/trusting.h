/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_TRUSTING_H
#define MS_KEYSTORE_TRUSTING_H

/* Inside lib/keystore: who trusts the generations of a store. */

#include "store.h"

/** For each generation, what was found to trust it first, or NULL. */
struct ms_trusting {
	char **by;
	size_t n;
};

void ms_trusting_done(struct ms_trusting *trusting);

/**
 * Looks at @configs and at all that is installed under the store's root. Errors as
 * ms_keystore_prune().
 */
int ms_trusting_find(struct ms_ctx *ctx, const struct ms_keystore *store,
		     const char *const *configs, size_t n_configs,
		     struct ms_trusting *ret);

#endif
