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
	const struct ms_key_type *type;
	const char *p = release;
	unsigned major, minor;

	if (!read_number(&p, &major) || *p++ != '.' || !read_number(&p, &minor))
		return ms_fail(ctx, -EINVAL, "'%s' is no kernel release", release);
	rules->version = MS_LINUX(major, minor);
	if (!ms_linux_within(rules, MS_LINUX_SHA3, 0))
		rules->hash[MS_HASH_SHA3_256] = rules->hash[MS_HASH_SHA3_384] =
			rules->hash[MS_HASH_SHA3_512] = false;
	for (size_t i = 0; (type = ms_key_type_at(i)); i++)
		if (!ms_linux_within(rules, type->since, 0))
			rules->pkey[type->pkey] = false;
	if (!ms_linux_within(rules, MS_LINUX_MLDSA, 0))
		rules->waive_authattrs_mldsa = false;
	return 0;
}

/* The symbols that give a hash; one of them is enough. */
static const struct {
	enum ms_hash hash;
	const char *symbol;
} symbols[] = {
	{ MS_HASH_SHA1, "CRYPTO_SHA1" },
	{ MS_HASH_SHA1, "CRYPTO_SHA1_S390" },
	{ MS_HASH_SHA224, "CRYPTO_SHA256" },
	{ MS_HASH_SHA224, "CRYPTO_SHA256_S390" },
	{ MS_HASH_SHA256, "CRYPTO_SHA256" },
	{ MS_HASH_SHA256, "CRYPTO_SHA256_S390" },
	{ MS_HASH_SHA384, "CRYPTO_SHA512" },
	{ MS_HASH_SHA384, "CRYPTO_SHA512_S390" },
	{ MS_HASH_SHA512, "CRYPTO_SHA512" },
	{ MS_HASH_SHA512, "CRYPTO_SHA512_S390" },
	{ MS_HASH_SHA3_256, "CRYPTO_SHA3" },
	{ MS_HASH_SHA3_256, "CRYPTO_SHA3_256_S390" },
	{ MS_HASH_SHA3_384, "CRYPTO_SHA3" },
	{ MS_HASH_SHA3_384, "CRYPTO_SHA3_512_S390" },
	{ MS_HASH_SHA3_512, "CRYPTO_SHA3" },
	{ MS_HASH_SHA3_512, "CRYPTO_SHA3_512_S390" },
	{ MS_HASH_SM3, "CRYPTO_SM3_GENERIC" },
	{ MS_HASH_SM3, "CRYPTO_SM3_AVX_X86_64" },
	{ MS_HASH_SM3, "CRYPTO_SM3_NEON" },
	{ MS_HASH_SM3, "CRYPTO_SM3_ARM64_CE" },
	{ MS_HASH_STREEBOG256, "CRYPTO_STREEBOG" },
	{ MS_HASH_STREEBOG512, "CRYPTO_STREEBOG" },
	{ MS_HASH_MD4, "CRYPTO_MD4" },
	{ MS_HASH_MD5, "CRYPTO_MD5" },
};

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

static void set_hashes(struct ms_rules *rules, const struct ms_kconfig *config,
		       enum ms_kconfig_state enough)
{
	bool hash[MS_HASH_COUNT] = { false };

	for (size_t i = 0; i < MS_ARRAY_SIZE(symbols); i++)
		if (ms_kconfig_state(config, symbols[i].symbol) >= enough)
			hash[symbols[i].hash] = true;
	for (int i = MS_HASH_NONE + 1; i < MS_HASH_COUNT; i++)
		rules->hash[i] = rules->hash[i] && hash[i];
}

static void set_keys(struct ms_rules *rules, const struct ms_kconfig *config,
		     enum ms_kconfig_state enough)
{
	const struct ms_key_type *type;

	for (size_t i = 0; (type = ms_key_type_at(i)); i++)
		if (ms_kconfig_state(config, type->crypto) < enough)
			rules->pkey[type->pkey] = false;
}

void ms_rules_set_config(struct ms_rules *rules, const struct ms_kconfig *config,
			 bool modules)
{
	enum ms_kconfig_state enough = modules ? MS_KCONFIG_MODULE : MS_KCONFIG_YES;

	set_hashes(rules, config, enough);
	set_keys(rules, config, enough);
	rules->module_sig = ms_kconfig_state(config, "MODULE_SIG") == MS_KCONFIG_YES;
	rules->blacklist =
		ms_kconfig_state(config, "SYSTEM_BLACKLIST_KEYRING") == MS_KCONFIG_YES;
	rules->knows_decoder = true;
	rules->decoder = decoder_of(config);
	rules->waive_authattrs_mldsa =
		ms_kconfig_state(config, "PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA") ==
		MS_KCONFIG_YES;
}
