/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * After a rotation an older kernel still trusts its own generation only, and DKMS builds
 * for that one, too: so not the current key counts but the one that the kernel trusts.
 */

#include "../../cli/dkms/dkms-store.h"

#include <errno.h>
#include <string.h>

#include "../../cli/args/store-args.h"
#include "../../cli/cleanup.h"

int dkms_store_key(struct ms_ctx *ctx, const char *store, const char *release,
		   struct dkms_key *ret)
{
	_cleanup_(cli_free_store) struct ms_keystore *open = NULL;
	const struct ms_generation *generation = NULL;
	int r = ms_keystore_open(ctx, store, false, &open);

	if (r == 0)
		r = ms_keystore_for_kernel(ctx, open, release, &generation);
	if (r < 0 || !generation)
		return r < 0 ? r : -ENOKEY;
	ret->key = cli_check(strdup(generation->key));
	ret->cert = cli_check(strdup(generation->cert));
	return 0;
}

void dkms_key_done(struct dkms_key *key)
{
	free(key->key);
	free(key->cert);
}
