/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * After a rotation an older kernel still trusts its own generation only, and DKMS builds
 * for that one, too: so not the current key counts but the one that the kernel trusts.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <modseal/dkms.h>
#include <modseal/keystore.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/generation-name.h"
#include "../base/text.h"

MS_DEFINE_CLEANUP(cleanup_store, struct ms_keystore *, ms_keystore_free)

int ms_dkms_store_key(struct ms_ctx *ctx, const char *store, const char *release,
		      char **ret_key, char **ret_cert)
{
	_cleanup_(cleanup_store) struct ms_keystore *open = NULL;
	const struct ms_generation *generation = NULL;
	_cleanup_free_ char *key = NULL, *cert = NULL;
	int r = ms_keystore_open(ctx, store, false, &open);

	if (r == 0)
		r = ms_keystore_for_kernel(ctx, open, release, &generation);
	if (r < 0)
		return r;
	key = generation ? strdup(generation->key) : NULL;
	cert = generation ? strdup(generation->cert) : NULL;
	if (!key || !cert)
		return ms_fail_nomem(ctx);
	*ret_key = ms_steal(&key);
	*ret_cert = ms_steal(&cert);
	return 0;
}

/* DIR/current/signing_key.pem and DIR/20260131-0930/signing_key.pem */
int ms_dkms_store_of(struct ms_ctx *ctx, const char *key, char **ret)
{
	_cleanup_free_ char *path = strdup(key);
	_cleanup_free_ char *link = NULL;
	char target[2];

	*ret = NULL;
	for (int i = 0; i < 2; i++) {
		char *slash = path ? strrchr(path, '/') : NULL;

		if (!slash || slash == path)
			return path ? 0 : ms_fail_nomem(ctx);
		*slash = '\0';
	}
	link = ms_format("%s/" MS_STORE_LINK, path);
	if (!link)
		return ms_fail_nomem(ctx);
	if (readlink(link, target, sizeof(target)) >= 0)
		*ret = ms_steal(&path);
	return 0;
}
