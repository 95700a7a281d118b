/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_ADD_H
#define MS_KEYSTORE_ADD_H

/* Inside lib/keystore: a new generation, in a store that is locked. */

#include "store.h"

/**
 * Makes a key and its directory; `current` stays as it is. @ret_name: its name. Scan the
 * store afterwards. Errors as ms_keystore_add().
 */
int ms_store_make_generation(struct ms_ctx *ctx, struct ms_keystore *store,
			     const struct ms_key_request *request, const char *token,
			     char ret_name[MS_GENERATION_NAME_SIZE]);

#endif
