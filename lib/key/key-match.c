/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which type of judge/key-type.h a key is of, by what OpenSSL says of it, and whether
 * modules are signed with keys of that type.
 */

#include <errno.h>
#include <string.h>

#include "../base/buffer.h"
#include "../base/context.h"
#include "key.h"

/* OpenSSL and its providers know the curves by several names. */
static bool is_of_type(const struct ms_key_type *type, const char *kind, int bits,
		       const char *group)
{
	return type->openssl && !strcmp(kind, type->openssl) &&
	       (!type->bits || bits == type->bits) &&
	       (!type->group || !strcmp(group, type->group) ||
		!strcmp(group, type->nist));
}

static const struct ms_key_type *match(const char *kind, int bits, const char *group)
{
	const struct ms_key_type *type;

	for (size_t i = 0; (type = ms_key_type_at(i)); i++)
		if (is_of_type(type, kind, bits, group))
			return type;
	return NULL;
}

static int hint(struct ms_ctx *ctx)
{
	return ms_hint(ctx, -EINVAL,
		       "modules are signed with RSA (2048, 3072 or 4096 bits), ECDSA on P-256, "
		       "P-384 or P-521, or ML-DSA");
}

int ms_key_type_refuse(struct ms_ctx *ctx, const char *shown, const char *kind)
{
	ms_fail(ctx, -EINVAL, "the key '%s' is of the kind %s", shown, kind);
	return hint(ctx);
}

int ms_key_type_find(struct ms_ctx *ctx, const char *shown, const char *kind, int bits,
		     const char *group, const struct ms_key_type **ret)
{
	const struct ms_key_type *type = match(kind, bits, group);

	if (type && type->signs) {
		*ret = type;
		return 0;
	}
	if (!strcmp(kind, "RSA"))
		ms_fail(ctx, -EINVAL, "the RSA key '%s' has %d bits", shown, bits);
	else if (!strcmp(kind, "EC"))
		ms_fail(ctx, -EINVAL, "the EC key '%s' is on the curve %s", shown,
			group[0] ? group : "that its own parameters give");
	else
		return ms_key_type_refuse(ctx, shown, kind);
	return hint(ctx);
}

/* What a key is by OpenSSL's names, as far as the table has them. */
struct look {
	const char *kind;
	int bits;
	char group[64];
};

static struct look look_at(const EVP_PKEY *key)
{
	const char *name = EVP_PKEY_get0_type_name(key);
	struct look look = { name ? name : "unknown", EVP_PKEY_get_bits(key), "" };
	const struct ms_key_type *type;

	/* a provider may have another name for the kind */
	for (size_t i = 0; (type = ms_key_type_at(i)); i++)
		if (type->openssl && EVP_PKEY_is_a(key, type->openssl) == 1)
			look.kind = type->openssl;
	if (!strcmp(look.kind, "EC") &&
	    EVP_PKEY_get_group_name(key, look.group, sizeof(look.group), NULL) != 1)
		look.group[0] = '\0';
	return look;
}

int ms_key_type_of(struct ms_ctx *ctx, const char *shown, const EVP_PKEY *key,
		   const struct ms_key_type **ret)
{
	struct look look = look_at(key);

	return ms_key_type_find(ctx, shown, look.kind, look.bits, look.group, ret);
}

const struct ms_key_type *ms_key_type_known(const EVP_PKEY *key)
{
	struct look look = look_at(key);

	return match(look.kind, look.bits, look.group);
}

const struct ms_key_type *ms_key_type_by_object(const ASN1_OBJECT *algorithm)
{
	enum ms_oid oid = ms_oid_find(OBJ_get0_data(algorithm), OBJ_length(algorithm));
	const struct ms_key_type *type = ms_key_type_by_oid(oid, MS_OID_UNKNOWN);

	return type && type->family == MS_KEY_MLDSA ? type : NULL;
}

/* "rsa2048, rsa3072 ... or mldsa87" */
static int list_names(struct ms_buf *ret)
{
	const struct ms_key_type *type, *last = NULL;
	int r = 0;

	for (size_t i = 0; (type = ms_key_type_at(i)) && r == 0; i++) {
		if (!type->signs)
			continue;
		if (last)
			r = ms_buf_printf(ret, "%s%s", ret->len ? ", " : "", last->name);
		last = type;
	}
	if (r == 0 && last)
		r = ms_buf_printf(ret, " or %s", last->name);
	return r;
}

int ms_key_type_request(struct ms_ctx *ctx, const char *name,
			const struct ms_key_type **ret)
{
	const struct ms_key_type *type = name ? ms_key_type_by_name(name) : NULL;
	_cleanup_(ms_buf_done) struct ms_buf names = { 0 };

	if (type && type->signs) {
		*ret = type;
		return 0;
	}
	if (list_names(&names) < 0)
		return ms_fail_nomem(ctx);
	return ms_fail(ctx, -EINVAL, "unknown key type '%s': %.*s", name ? name : "",
		       (int)names.len, (const char *)names.data);
}
