/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_DKMS_STORE_H
#define CLI_DKMS_STORE_H

/* Which key of a store DKMS signs with for a kernel. */

#include "dkms.h"

/** A key and its certificate: files, or a pkcs11: URI and a file. */
struct dkms_key {
	char *key;
	char *cert;
};

/**
 * The newest key generation of @store that kernel @release trusts. Errors: those of
 * ms_keystore_open() and ms_keystore_for_kernel().
 */
int dkms_store_key(struct ms_ctx *ctx, const char *store, const char *release,
		   struct dkms_key *ret);
void dkms_key_done(struct dkms_key *key);

#endif
