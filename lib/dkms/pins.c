/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The certificate that DKMS was set up with, by its sum.
 *
 * DKMS makes a key and a certificate of its own, and writes over what is there, where one
 * of the two files that it is told of is missing. What it signs then would pass for well
 * signed, since the certificate under that name is the key's; only no kernel trusts it.
 */

#include <errno.h>
#include <string.h>

#include <modseal/cert.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "conf.h"
#include "plan.h"

MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)

int ms_dkms_pin(struct ms_ctx *ctx, const char *root, const char *path, char **ret)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	_cleanup_free_ char *full = ms_format("%s%s", root, path);
	int r = full ? ms_cert_list_read(ctx, full, &list) : ms_fail_nomem(ctx);

	if (r < 0)
		return r;
	*ret = ms_format("%s:%s", ms_cert_list_at(list, 0)->sha256, path);
	return *ret ? 0 : ms_fail_nomem(ctx);
}

int ms_dkms_check_certificate(struct ms_ctx *ctx, const struct ms_dkms_settings *settings,
			      const char *path)
{
	_cleanup_free_ char *pin = NULL;
	const char *wanted, *colon;
	int r = ms_dkms_setting_get(ctx, settings, MS_DKMS_SET_UP_WITH, &wanted);

	if (r < 0)
		return r;
	colon = wanted ? strchr(wanted, ':') : NULL;
	if (!colon || strcmp(colon + 1, path) != 0)
		return 0;
	r = ms_dkms_pin(ctx, ms_dkms_settings_root(settings), path, &pin);
	if (r < 0 || strcmp(pin, wanted) == 0)
		return r;
	return ms_fail(ctx, -EKEYREJECTED,
		       "the certificate in '%s' is not the one that DKMS was set up with",
		       path);
}
