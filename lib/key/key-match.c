/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which keys modseal signs with: those that a kernel verifies with and that a signature
 * can be trusted to. The kernel's RSA takes 2048, 3072 and 4096 bits and nothing between
 * (rsa_check_key_length() in crypto/rsa.c); it also takes 512 to 1536 bits outside of
 * FIPS mode, and P-192, which are too weak to be offered. RSA keys that are restricted to
 * PSS, Ed25519, SM2 and other curves are unknown to its PKCS#7 parser.
 */

#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "key.h"

#define ML_DSA_OID(last) { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, last }

static const struct ms_key_type types[] = {
	{ .name = "rsa2048", .family = MS_KEY_RSA, .openssl = "RSA", .bits = 2048 },
	{ .name = "rsa3072", .family = MS_KEY_RSA, .openssl = "RSA", .bits = 3072 },
	{ .name = "rsa4096", .family = MS_KEY_RSA, .openssl = "RSA", .bits = 4096 },
	{ .name = "p256", .family = MS_KEY_ECDSA, .openssl = "EC", .group = "prime256v1" },
	{ .name = "p384", .family = MS_KEY_ECDSA, .openssl = "EC", .group = "secp384r1" },
	{ .name = "p521", .family = MS_KEY_ECDSA, .openssl = "EC", .group = "secp521r1" },
	{ .name = "mldsa44", .family = MS_KEY_MLDSA, .openssl = "ML-DSA-44",
	  .oid = ML_DSA_OID(17) },
	{ .name = "mldsa65", .family = MS_KEY_MLDSA, .openssl = "ML-DSA-65",
	  .oid = ML_DSA_OID(18) },
	{ .name = "mldsa87", .family = MS_KEY_MLDSA, .openssl = "ML-DSA-87",
	  .oid = ML_DSA_OID(19) },
};

/* Other names under which OpenSSL and its providers know the curves. */
static const char *canonical_group(const char *group)
{
	static const char *const names[][2] = {
		{ "P-256", "prime256v1" },
		{ "P-384", "secp384r1" },
		{ "P-521", "secp521r1" },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++)
		if (!strcmp(group, names[i][0]))
			return names[i][1];
	return group;
}

static bool is_of_type(const struct ms_key_type *type, const char *kind, int bits,
		       const char *group)
{
	return !strcmp(kind, type->openssl) && (!type->bits || bits == type->bits) &&
	       (!type->group || !strcmp(canonical_group(group), type->group));
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
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++) {
		if (is_of_type(&types[i], kind, bits, group)) {
			*ret = &types[i];
			return 0;
		}
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

/* The name in the table, of which a provider may have another one. */
static const char *kind_of(const EVP_PKEY *key)
{
	const char *name = EVP_PKEY_get0_type_name(key);

	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++)
		if (EVP_PKEY_is_a(key, types[i].openssl) == 1)
			return types[i].openssl;
	return name ? name : "unknown";
}

int ms_key_type_of(struct ms_ctx *ctx, const char *shown, const EVP_PKEY *key,
		   const struct ms_key_type **ret)
{
	const char *kind = kind_of(key);
	char group[64] = "";

	if (!strcmp(kind, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		group[0] = '\0';
	return ms_key_type_find(ctx, shown, kind, EVP_PKEY_get_bits(key), group, ret);
}

const struct ms_key_type *ms_key_type_by_oid(const uint8_t *oid, size_t len)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++)
		if (types[i].oid[0] && len == sizeof(types[i].oid) &&
		    !memcmp(oid, types[i].oid, len))
			return &types[i];
	return NULL;
}

int ms_key_type_by_name(struct ms_ctx *ctx, const char *name,
			const struct ms_key_type **ret)
{
	for (size_t i = 0; name && i < MS_ARRAY_SIZE(types); i++) {
		if (!strcmp(name, types[i].name)) {
			*ret = &types[i];
			return 0;
		}
	}
	return ms_fail(ctx, -EINVAL,
		       "unknown key type '%s': rsa2048, rsa3072, rsa4096, p256, p384, p521, "
		       "mldsa44, mldsa65 or mldsa87",
		       name ? name : "");
}

size_t ms_key_field_size(const struct ms_key_type *type)
{
	if (type->family != MS_KEY_ECDSA)
		return 0;
	return !strcmp(type->name, "p256") ? 32 : !strcmp(type->name, "p384") ? 48 : 66;
}
