/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_ADD_H
#define MS_KEYSTORE_ADD_H

/* Inside lib/keystore: a new generation, in a store that is locked. */

#include "store.h"
#include "write.h"

/**
 * The URI by which the key of generation @name is made in the token of @uri. An object that
 * @uri names is replaced by a label made from @name, unless @keep_object; where @name is
 * NULL it is left out. @ret: to free(). -EINVAL: no pkcs11: URI.
 */
int ms_store_token_uri(struct ms_ctx *ctx, const char *uri, bool keep_object,
		       const char *name, char **ret);

/**
 * Makes a key and its directory @dir, which waits, whole and on the disk, for its name
 * @ret_name. Whatever is returned, the caller is done with @dir by ms_new_dir_done().
 * Errors as ms_keystore_add().
 */
int ms_store_make_generation(struct ms_ctx *ctx, struct ms_keystore *store,
			     const struct ms_key_request *request, const char *token,
			     struct ms_new_dir *dir,
			     char ret_name[MS_GENERATION_NAME_SIZE]);

#endif
