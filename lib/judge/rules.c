/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The rules of a kernel: its release and what its configuration leaves of the
 * algorithms. Which release reads which algorithm is with the parsers (versions.h);
 * here a kernel has everything until its configuration says otherwise.
 */

#include "rules.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../kconfig/kconfig.h"
#include "versions.h"

struct ms_rules ms_rules_default(void)
{
	struct ms_rules rules = { .version = MS_LINUX(7, 3),
				  .module_sig = true,
				  .blacklist = true };

	for (int i = MS_HASH_NONE + 1; i < MS_HASH_COUNT; i++)
		rules.hash[i] = true;
	for (int i = MS_PKEY_NONE + 1; i < MS_PKEY_COUNT; i++)
		rules.pkey[i] = true;
	return rules;
}

static bool read_number(const char **text, unsigned *ret)
{
	unsigned value = 0;
	int digits = 0;

	for (; **text >= '0' && **text <= '9'; ++*text, digits++) {
		if (digits == 3)
			return false;
		value = value * 10 + (unsigned)(**text - '0');
	}
	*ret = value;
	return digits > 0 && value <= 255;
}

int ms_rules_set_release(struct ms_ctx *ctx, struct ms_rules *rules, const char *release)
{
	const char *p = release;
	unsigned major, minor;

	if (!read_number(&p, &major) || *p++ != '.' || !read_number(&p, &minor))
		return ms_fail(ctx, -EINVAL, "'%s' is no kernel release", release);
	rules->version = MS_LINUX(major, minor);
	if (!ms_linux_within(rules, MS_LINUX_SHA3, 0))
		rules->hash[MS_HASH_SHA3_256] = rules->hash[MS_HASH_SHA3_384] =
			rules->hash[MS_HASH_SHA3_512] = false;
	if (!ms_linux_within(rules, MS_LINUX_P521, 0))
		rules->pkey[MS_PKEY_ECDSA_P521] = false;
	if (!ms_linux_within(rules, MS_LINUX_MLDSA, 0))
		rules->pkey[MS_PKEY_MLDSA44] = rules->pkey[MS_PKEY_MLDSA65] =
			rules->pkey[MS_PKEY_MLDSA87] = rules->waive_authattrs_mldsa =
				false;
	return 0;
}

/* The symbols that give an algorithm; one of them is enough. */
static const struct {
	enum ms_hash hash;
	enum ms_pkey pkey;
	const char *symbol;
} symbols[] = {
	{ MS_HASH_SHA1, MS_PKEY_NONE, "CRYPTO_SHA1" },
	{ MS_HASH_SHA1, MS_PKEY_NONE, "CRYPTO_SHA1_S390" },
	{ MS_HASH_SHA224, MS_PKEY_NONE, "CRYPTO_SHA256" },
	{ MS_HASH_SHA224, MS_PKEY_NONE, "CRYPTO_SHA256_S390" },
	{ MS_HASH_SHA256, MS_PKEY_NONE, "CRYPTO_SHA256" },
	{ MS_HASH_SHA256, MS_PKEY_NONE, "CRYPTO_SHA256_S390" },
	{ MS_HASH_SHA384, MS_PKEY_NONE, "CRYPTO_SHA512" },
	{ MS_HASH_SHA384, MS_PKEY_NONE, "CRYPTO_SHA512_S390" },
	{ MS_HASH_SHA512, MS_PKEY_NONE, "CRYPTO_SHA512" },
	{ MS_HASH_SHA512, MS_PKEY_NONE, "CRYPTO_SHA512_S390" },
	{ MS_HASH_SHA3_256, MS_PKEY_NONE, "CRYPTO_SHA3" },
	{ MS_HASH_SHA3_256, MS_PKEY_NONE, "CRYPTO_SHA3_256_S390" },
	{ MS_HASH_SHA3_384, MS_PKEY_NONE, "CRYPTO_SHA3" },
	{ MS_HASH_SHA3_384, MS_PKEY_NONE, "CRYPTO_SHA3_512_S390" },
	{ MS_HASH_SHA3_512, MS_PKEY_NONE, "CRYPTO_SHA3" },
	{ MS_HASH_SHA3_512, MS_PKEY_NONE, "CRYPTO_SHA3_512_S390" },
	{ MS_HASH_SM3, MS_PKEY_NONE, "CRYPTO_SM3_GENERIC" },
	{ MS_HASH_SM3, MS_PKEY_NONE, "CRYPTO_SM3_AVX_X86_64" },
	{ MS_HASH_SM3, MS_PKEY_NONE, "CRYPTO_SM3_NEON" },
	{ MS_HASH_SM3, MS_PKEY_NONE, "CRYPTO_SM3_ARM64_CE" },
	{ MS_HASH_STREEBOG256, MS_PKEY_NONE, "CRYPTO_STREEBOG" },
	{ MS_HASH_STREEBOG512, MS_PKEY_NONE, "CRYPTO_STREEBOG" },
	{ MS_HASH_MD4, MS_PKEY_NONE, "CRYPTO_MD4" },
	{ MS_HASH_MD5, MS_PKEY_NONE, "CRYPTO_MD5" },
	{ MS_HASH_NONE, MS_PKEY_RSA, "CRYPTO_RSA" },
	{ MS_HASH_NONE, MS_PKEY_ECDSA_P192, "CRYPTO_ECDSA" },
	{ MS_HASH_NONE, MS_PKEY_ECDSA_P256, "CRYPTO_ECDSA" },
	{ MS_HASH_NONE, MS_PKEY_ECDSA_P384, "CRYPTO_ECDSA" },
	{ MS_HASH_NONE, MS_PKEY_ECDSA_P521, "CRYPTO_ECDSA" },
	{ MS_HASH_NONE, MS_PKEY_ECRDSA, "CRYPTO_ECRDSA" },
	{ MS_HASH_NONE, MS_PKEY_SM2, "CRYPTO_SM2" },
	{ MS_HASH_NONE, MS_PKEY_MLDSA44, "CRYPTO_MLDSA" },
	{ MS_HASH_NONE, MS_PKEY_MLDSA65, "CRYPTO_MLDSA" },
	{ MS_HASH_NONE, MS_PKEY_MLDSA87, "CRYPTO_MLDSA" },
};

const char *ms_rules_symbol(enum ms_pkey pkey)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(symbols); i++)
		if (pkey != MS_PKEY_NONE && symbols[i].pkey == pkey)
			return symbols[i].symbol;
	return "";
}

/* kernel/module/decompress.c: one format, the one that modules are installed in. */
static enum ms_compression decoder_of(const struct ms_kconfig *config)
{
	if (ms_kconfig_state(config, "MODULE_DECOMPRESS") != MS_KCONFIG_YES)
		return MS_COMPRESSION_NONE;
	if (ms_kconfig_state(config, "MODULE_COMPRESS_GZIP") == MS_KCONFIG_YES)
		return MS_COMPRESSION_GZIP;
	if (ms_kconfig_state(config, "MODULE_COMPRESS_XZ") == MS_KCONFIG_YES)
		return MS_COMPRESSION_XZ;
	if (ms_kconfig_state(config, "MODULE_COMPRESS_ZSTD") == MS_KCONFIG_YES)
		return MS_COMPRESSION_ZSTD;
	return MS_COMPRESSION_NONE;
}

void ms_rules_set_config(struct ms_rules *rules, const struct ms_kconfig *config,
			 bool modules)
{
	enum ms_kconfig_state enough = modules ? MS_KCONFIG_MODULE : MS_KCONFIG_YES;
	bool hash[MS_HASH_COUNT] = { false }, pkey[MS_PKEY_COUNT] = { false };

	for (size_t i = 0; i < MS_ARRAY_SIZE(symbols); i++) {
		if (ms_kconfig_state(config, symbols[i].symbol) < enough)
			continue;
		hash[symbols[i].hash] = true;
		pkey[symbols[i].pkey] = true;
	}
	for (int i = MS_HASH_NONE + 1; i < MS_HASH_COUNT; i++)
		rules->hash[i] = rules->hash[i] && hash[i];
	for (int i = MS_PKEY_NONE + 1; i < MS_PKEY_COUNT; i++)
		rules->pkey[i] = rules->pkey[i] && pkey[i];
	rules->module_sig = ms_kconfig_state(config, "MODULE_SIG") == MS_KCONFIG_YES;
	rules->blacklist =
		ms_kconfig_state(config, "SYSTEM_BLACKLIST_KEYRING") == MS_KCONFIG_YES;
	rules->knows_decoder = true;
	rules->decoder = decoder_of(config);
	rules->waive_authattrs_mldsa =
		ms_kconfig_state(config, "PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA") ==
		MS_KCONFIG_YES;
}
