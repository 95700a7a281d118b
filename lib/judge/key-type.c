/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of key types.
 *
 * modseal signs with those that a kernel verifies with and that a signature can be trusted
 * to. The kernel's RSA takes moduli of the sizes below and none between them
 * (rsa_check_key_length() in crypto/rsa.c); it takes those of 512 to 1536 bits outside of
 * FIPS mode, and P-192, and these are too weak to be offered. P-224 is in certificates and
 * in no kernel. RSA keys that are restricted to PSS, Ed25519 and other curves are unknown
 * to its parsers.
 *
 * Sources: x509_extract_key_data() in crypto/asymmetric_keys/x509_cert_parser.c,
 * certs/Kconfig and certs/Makefile of Linux; FIPS 186-5 and FIPS 204 for the sizes.
 */

#include "key-type.h"

#include <string.h>

#include "../base/checked.h"
#include "versions.h"

/* clang-format off */
#define RSA(size, ...) {                                                                \
	.name = "rsa" #size, .family = MS_KEY_RSA, .ktype = "rsa",                      \
	.pkey = MS_PKEY_RSA, .sig = MS_SIG_RSA, .kernel = "rsa",                        \
	.algorithm = MS_OID_RSA, .crypto = "CRYPTO_RSA",                                \
	.config = "MODULE_SIG_KEY_TYPE_RSA", .bits = (size), .openssl = "RSA",          \
	__VA_ARGS__ }

#define ECDSA(size, curve_name, ...) {                                                  \
	.name = "p" #size, .family = MS_KEY_ECDSA, .ktype = "ec",                       \
	.sig = MS_SIG_ECDSA, .kernel = "ecdsa", .algorithm = MS_OID_EC_PUBLIC_KEY,      \
	.crypto = "CRYPTO_ECDSA", .config = "MODULE_SIG_KEY_TYPE_ECDSA",                \
	.field = ((size) + 7) / 8, .openssl = "EC", .group = (curve_name),              \
	.nist = "P-" #size, __VA_ARGS__ }

#define MLDSA(number, key_size, signature_size) {                                       \
	.name = "mldsa" #number, .family = MS_KEY_MLDSA, .ktype = "mldsa" #number,      \
	.pkey = MS_PKEY_MLDSA##number, .sig = MS_SIG_MLDSA##number,                     \
	.kernel = "mldsa" #number, .algorithm = MS_OID_MLDSA##number,                   \
	.since = MS_LINUX_MLDSA, .crypto = "CRYPTO_MLDSA",                              \
	.config = "MODULE_SIG_KEY_TYPE_MLDSA_" #number, .openssl = "ML-DSA-" #number,   \
	.public_key = (key_size), .signature = (signature_size),                        \
	.signs = true, .is_built = true }

#define ECRDSA(oid) {                                                                   \
	.family = MS_KEY_ECRDSA, .pkey = MS_PKEY_ECRDSA, .sig = MS_SIG_ECRDSA,          \
	.kernel = "ecrdsa", .algorithm = (oid), .crypto = "CRYPTO_ECRDSA" }

#define SM2(...) {                                                                      \
	.family = MS_KEY_SM2, .pkey = MS_PKEY_SM2, .sig = MS_SIG_SM2, .kernel = "sm2",  \
	.before = MS_LINUX_NO_SM2, .crypto = "CRYPTO_SM2", __VA_ARGS__ }

#define CURVE(name) .curve = MS_OID_##name, .pkey = MS_PKEY_ECDSA_##name

static const struct ms_key_type types[] = {
	RSA(512, .signs = false),
	RSA(1024, .signs = false),
	RSA(1536, .signs = false),
	RSA(2048, .signs = true),
	RSA(3072, .signs = true),
	RSA(4096, .signs = true, .is_built = true),
	ECDSA(192, "prime192v1", CURVE(P192)),
	ECDSA(224, "secp224r1", .pkey = MS_PKEY_NONE),
	ECDSA(256, "prime256v1", CURVE(P256), .signs = true),
	ECDSA(384, "secp384r1", CURVE(P384), .signs = true, .is_built = true),
	ECDSA(521, "secp521r1", CURVE(P521), .signs = true, .since = MS_LINUX_P521),
	ECRDSA(MS_OID_GOST_KEY256),
	ECRDSA(MS_OID_GOST_KEY512),
	SM2(.algorithm = MS_OID_EC_PUBLIC_KEY, .curve = MS_OID_SM2),
	SM2(.algorithm = MS_OID_SM2),
	MLDSA(44, 1312, 2420),
	MLDSA(65, 1952, 3309),
	MLDSA(87, 2592, 4627),
};
/* clang-format on */

const struct ms_key_type *ms_key_type_at(size_t i)
{
	return i < MS_ARRAY_SIZE(types) ? &types[i] : NULL;
}

const struct ms_key_type *ms_key_type_by_name(const char *name)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++)
		if (types[i].name && strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

const struct ms_key_type *ms_key_type_like(const char *shown)
{
	const struct ms_key_type *type = ms_key_type_by_name(shown);

	if (!type && strncmp(shown, "rsa", 3) == 0)
		type = ms_key_type_of_pkey(MS_PKEY_RSA);
	return type;
}

const struct ms_key_type *ms_key_type_by_oid(enum ms_oid algorithm, enum ms_oid curve)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++)
		if (types[i].pkey != MS_PKEY_NONE && types[i].algorithm == algorithm &&
		    types[i].curve == curve)
			return &types[i];
	return NULL;
}

const struct ms_key_type *ms_key_type_of_pkey(enum ms_pkey pkey)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++)
		if (pkey != MS_PKEY_NONE && types[i].pkey == pkey)
			return &types[i];
	return NULL;
}

const char *ms_sig_algo_name(enum ms_sig_algo algo)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++)
		if (types[i].sig == algo)
			return types[i].kernel;
	return NULL;
}

const char *ms_key_family_name(enum ms_key_family family)
{
	static const char *const names[] = {
		[MS_KEY_RSA] = "rsa", [MS_KEY_ECDSA] = "ecdsa",
		[MS_KEY_ECRDSA] = "ecrdsa", [MS_KEY_SM2] = "sm2",
		[MS_KEY_MLDSA] = "mldsa",
	};

	return names[family];
}
