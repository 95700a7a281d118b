/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Where in a token the next generation goes (RFC 7512: attributes separated by ';', the
 * query behind '?'). Nothing in a token is ever replaced, so each generation has a label of
 * its own, made from its name; a label that somebody has chosen is kept.
 */

#include <errno.h>
#include <string.h>

#include <modseal/secret.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "add.h"

#define SCHEME "pkcs11:"

/* Does the attribute say which object of the token it is? */
static bool names_object(const char *attribute, size_t len)
{
	static const char *const names[] = { "object=", "id=", "type=" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++)
		if (len >= strlen(names[i]) &&
		    !strncmp(attribute, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Appends the attributes but those that name an object; *@ret_named: there were some. */
static int copy_attributes(const char *path, size_t len, struct ms_buf *out,
			   bool *ret_named)
{
	const char *end = path + len;
	int r = 0;

	*ret_named = false;
	while (path < end && r == 0) {
		const char *next = memchr(path, ';', (size_t)(end - path));
		size_t n = (size_t)((next ? next : end) - path);

		if (names_object(path, n))
			*ret_named = true;
		else if (n > 0)
			r = ms_buf_append(out, path, n) < 0 ? -ENOMEM
							    : ms_buf_append_str(out, ";");
		path += n + (next ? 1 : 0);
	}
	return r;
}

int ms_store_token_uri(struct ms_ctx *ctx, const char *uri, bool keep_object,
		       const char *name, char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	const char *path = uri + strlen(SCHEME), *query;
	bool named;

	if (!ms_is_pkcs11(uri))
		return ms_fail(ctx, -EINVAL, "what should name a token is no pkcs11: URI");
	query = path + strcspn(path, "?");
	if (ms_buf_append_str(&out, SCHEME) < 0 ||
	    copy_attributes(path, (size_t)(query - path), &out, &named) < 0)
		return ms_fail_nomem(ctx);
	if (!name && out.data[out.len - 1] == ';')
		out.len--;
	if ((name && ms_buf_printf(&out, "object=modseal-%s", name) < 0) ||
	    ms_buf_append_str(&out, query) < 0)
		return ms_fail_nomem(ctx);
	*ret = named && keep_object ? strdup(uri)
				    : strndup((const char *)out.data, out.len);
	return *ret ? 0 : ms_fail_nomem(ctx);
}
