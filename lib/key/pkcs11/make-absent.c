/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Built without p11-kit's headers: keys are made in files only. */

#include <errno.h>

#include "../../base/context.h"
#include "../key-make.h"

int ms_key_make_in_token(struct ms_ctx *ctx, const struct ms_key_request *request,
			 const char *uri, struct ms_new_key *ret, char **ret_uri)
{
	(void)request;
	(void)uri;
	(void)ret;
	(void)ret_uri;
	return ms_fail(ctx, -EOPNOTSUPP,
		       "this modseal makes no keys in tokens: it was built without the "
		       "headers of p11-kit");
}
