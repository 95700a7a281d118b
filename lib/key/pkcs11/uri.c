/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * PKCS#11 URIs (RFC 7512), as far as they concern us:
 *
 *	pkcs11:token=modseal;object=mok;type=private?pin-source=/run/pin&module-path=/x.so
 *	       ------------ path, ';' ------------- ------------- query, '&' ------------
 *
 * The path says which object, and is left to provider or engine. The query says how to
 * get at it: it is taken off here, so that no PIN travels on into OpenSSL's messages.
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include <modseal/secret.h>

#include "../../base/context.h"
#include "pkcs11.h"

#define SCHEME "pkcs11:"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes percent-encoding. NULL where there is no memory, or with errno EINVAL. */
static char *decode(const char *text, size_t len)
{
	char *out = malloc(len + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			out[n++] = text[i];
			continue;
		}
		high = len - i > 2 ? hex_digit(text[i + 1]) : -1;
		low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (low < 0 || !(high | low)) {
			OPENSSL_cleanse(out, n);
			free(out);
			errno = EINVAL;
			return NULL;
		}
		out[n++] = (char)(high << 4 | low);
		i += 2;
	}
	out[n] = '\0';
	return out;
}

/* The value of the attribute @name among those that @separator parts, decoded. */
static int attribute(struct ms_ctx *ctx, const char *text, const char *end,
		     char separator, const char *name, char **ret)
{
	size_t name_len = strlen(name);

	while (text < end) {
		const char *next = memchr(text, separator, (size_t)(end - text));
		size_t len = (size_t)((next ? next : end) - text);

		if (len > name_len && text[name_len] == '=' &&
		    !memcmp(text, name, name_len)) {
			errno = ENOMEM;
			*ret = decode(text + name_len + 1, len - name_len - 1);
			if (!*ret && errno == EINVAL)
				return ms_fail(
					ctx, -EINVAL,
					"a bad percent escape in '%s' of the PKCS#11 URI",
					name);
			return *ret ? 0 : ms_fail_nomem(ctx);
		}
		text += len + 1;
	}
	return 0;
}

/* @ret: the PIN in secret memory of its length and a NUL. */
static int take_pin(struct ms_ctx *ctx, const char *text, size_t len, char **ret)
{
	*ret = ms_secret_new(len + 1);
	if (!*ret)
		return ms_fail_nomem(ctx);
	memcpy(*ret, text, len);
	return 0;
}

/*
 * pin-source names a file, as a path or a file: URI; its first line is the PIN. Other
 * schemes, and the commands that some programs run here, are refused.
 */
static int read_pin_source(struct ms_ctx *ctx, const char *source, char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf content = {.secret = true};
	const char *path = source;
	mode_t mode;
	int r;

	if (!strncmp(source, "file://", 7))
		path = source + 7;
	else if (!strncmp(source, "file:", 5))
		path = source + 5;
	/* NOLINTNEXTLINE: there is a NUL at least; the analyzer does not model strncmp() */
	if (path[0] != '/')
		/* without its text: it may be the PIN */
		return ms_fail(ctx, -EINVAL,
			       "pin-source in the PKCS#11 URI is no absolute path");
	r = ms_key_read_file(ctx, path, &content, &mode);
	if (r < 0)
		return r;
	/* there is a byte of room behind all that may be read, and it is zero */
	return take_pin(ctx, (char *)content.data, strcspn((char *)content.data, "\n"),
			ret);
}

/* pin-value, as it is in the URI and so in the arguments: at least it goes no further. */
static int take_pin_value(struct ms_ctx *ctx, char *value, char **ret)
{
	int r = take_pin(ctx, value, strlen(value), ret);

	OPENSSL_cleanse(value, strlen(value));
	free(value);
	return r;
}

static int parse_query(struct ms_ctx *ctx, const char *query, const char *end,
		       struct ms_pkcs11_uri *uri)
{
	_cleanup_free_ char *source = NULL;
	char *value = NULL;
	int r = attribute(ctx, query, end, '&', "module-path", &uri->module);

	if (r < 0)
		return r;
	r = attribute(ctx, query, end, '&', "pin-value", &value);
	if (r == 0 && !value)
		r = attribute(ctx, query, end, '&', "pin-source", &source);
	if (r < 0)
		return r;
	if (value)
		return take_pin_value(ctx, value, &uri->pin);
	return source ? read_pin_source(ctx, source, &uri->pin) : 0;
}

static int parse(struct ms_ctx *ctx, const char *text, struct ms_pkcs11_uri *uri)
{
	const char *path = text + strlen(SCHEME);
	const char *query = strchr(path, '?');
	const char *end = text + strlen(text);
	int r;

	/* the scheme as OpenSSL's ways compare it */
	if (asprintf(&uri->object, SCHEME "%.*s", (int)((query ? query : end) - path),
		     path) < 0)
		uri->object = NULL;
	if (!uri->object)
		return ms_fail_nomem(ctx);
	r = attribute(ctx, path, query ? query : end, ';', "token", &uri->token);
	if (r < 0 || !query)
		return r;
	return parse_query(ctx, query + 1, end, uri);
}

int ms_pkcs11_uri_parse(struct ms_ctx *ctx, const char *text, struct ms_pkcs11_uri *ret)
{
	_cleanup_(ms_pkcs11_uri_done) struct ms_pkcs11_uri uri = { 0 };
	int r = parse(ctx, text, &uri);

	if (r < 0)
		return r;
	*ret = uri;
	uri = (struct ms_pkcs11_uri){ 0 };
	return 0;
}

int ms_pkcs11_uri_attribute(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri,
			    const char *name, char **ret)
{
	const char *path = uri->object + strlen(SCHEME);

	return attribute(ctx, path, path + strlen(path), ';', name, ret);
}

void ms_pkcs11_uri_done(struct ms_pkcs11_uri *uri)
{
	ms_secret_free(uri->pin, uri->pin ? strlen(uri->pin) + 1 : 0);
	free(uri->object);
	free(uri->token);
	free(uri->module);
	*uri = (struct ms_pkcs11_uri){ 0 };
}

/* True where the attribute that begins here has one of the names of this NULL-ended list. */
static bool has_name(const char *attribute, const char *const *names)
{
	for (; *names; names++) {
		size_t len = strlen(*names);

		if (!strncmp(attribute, *names, len) && attribute[len] == '=')
			return true;
	}
	return false;
}

static int without(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri,
		   const char *const *names, const char *type, char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	const char *p = uri->object + strlen(SCHEME);
	int r = ms_buf_append_str(&out, SCHEME);

	while (*p && r == 0) {
		size_t len = strcspn(p, ";");

		if (len > 0 && !has_name(p, names))
			r = ms_buf_printf(&out, "%.*s;", (int)len, p);
		p += len + (p[len] == ';');
	}
	if (r < 0 || ms_buf_printf(&out, "type=%s", type) < 0 ||
	    ms_buf_append(&out, "", 1) < 0)
		return ms_fail_nomem(ctx);
	*ret = (char *)ms_steal(&out.data);
	return 0;
}

int ms_pkcs11_uri_for(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri,
		      const char *type, char **ret)
{
	static const char *const names[] = { "type", "object-type", NULL };

	return without(ctx, uri, names, type, ret);
}

int ms_pkcs11_uri_keys(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri, char **ret)
{
	static const char *const names[] = { "type", "object-type", "object", "id",
					     NULL };

	return without(ctx, uri, names, "private", ret);
}
