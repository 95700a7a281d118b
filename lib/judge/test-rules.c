// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a release and a configuration make of the rules. */
#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <string.h>

#include "../kconfig/kconfig.h"
#include "rules.h"

static struct ms_rules rules_of(const char *text, bool modules)
{
	struct ms_rules rules = ms_rules_default();
	struct ms_kconfig *config = NULL;

	assert_int_equal(ms_kconfig_parse(ctx, text, strlen(text), "config", &config), 0);
	ms_rules_set_config(&rules, config, modules);
	ms_kconfig_free(config);
	return rules;
}

static const char debian[] = "CONFIG_CRYPTO_RSA=y\n"
			     "CONFIG_CRYPTO_ECDSA=y\n"
			     "CONFIG_CRYPTO_ECRDSA=m\n"
			     "CONFIG_CRYPTO_SHA1=y\n"
			     "CONFIG_CRYPTO_SHA256=y\n"
			     "CONFIG_CRYPTO_SHA512=y\n"
			     "CONFIG_CRYPTO_SHA3=m\n"
			     "# CONFIG_CRYPTO_MLDSA is not set\n"
			     "CONFIG_SYSTEM_BLACKLIST_KEYRING=y\n";

static void the_newest_kernel_has_every_algorithm(void **state)
{
	struct ms_rules rules = ms_rules_default();

	(void)state;
	assert_int_equal(rules.version, 0x070300);
	assert_false(rules.hash[MS_HASH_NONE]);
	assert_false(rules.pkey[MS_PKEY_NONE]);
	for (int i = 1; i < MS_HASH_COUNT; i++)
		assert_true(rules.hash[i]);
	for (int i = 1; i < MS_PKEY_COUNT; i++)
		assert_true(rules.pkey[i]);
}

static void built_in_algorithms_are_there(void **state)
{
	struct ms_rules rules = rules_of(debian, false);

	(void)state;
	assert_true(rules.pkey[MS_PKEY_RSA]);
	assert_true(rules.pkey[MS_PKEY_ECDSA_P384]);
	assert_true(rules.hash[MS_HASH_SHA224]);
	assert_true(rules.hash[MS_HASH_SHA384]);
	assert_true(rules.blacklist);
	assert_false(rules.pkey[MS_PKEY_MLDSA65]);
	assert_false(rules.hash[MS_HASH_MD5]);
	assert_false(rules.hash[MS_HASH_NONE]);
	assert_false(rules.pkey[MS_PKEY_NONE]);
	assert_false(rules.waive_authattrs_mldsa);
}

static void modules_count_when_asked(void **state)
{
	(void)state;
	assert_false(rules_of(debian, false).hash[MS_HASH_SHA3_256]);
	assert_true(rules_of(debian, true).hash[MS_HASH_SHA3_256]);
	assert_false(rules_of(debian, false).pkey[MS_PKEY_ECRDSA]);
	assert_true(rules_of(debian, true).pkey[MS_PKEY_ECRDSA]);
}

static void a_configuration_without_algorithms_has_none(void **state)
{
	struct ms_rules rules = rules_of("CONFIG_X86=y\n", true);

	(void)state;
	for (int i = 0; i < MS_HASH_COUNT; i++)
		assert_false(rules.hash[i]);
	for (int i = 0; i < MS_PKEY_COUNT; i++)
		assert_false(rules.pkey[i]);
	assert_false(rules.blacklist);
}

static void an_old_release_has_no_new_algorithms(void **state)
{
	struct ms_rules rules = ms_rules_default();

	(void)state;
	assert_int_equal(ms_rules_set_release(ctx, &rules, "6.1.0-50-cloud-amd64"), 0);
	assert_int_equal(rules.version, 0x060100);
	assert_false(rules.hash[MS_HASH_SHA3_512]);
	assert_false(rules.pkey[MS_PKEY_ECDSA_P521]);
	assert_false(rules.pkey[MS_PKEY_MLDSA44]);
	assert_true(rules.pkey[MS_PKEY_ECDSA_P384]);
	rules = ms_rules_default();
	assert_int_equal(ms_rules_set_release(ctx, &rules, "7.3.4+deb13-amd64"), 0);
	assert_int_equal(rules.version, 0x070300);
	assert_true(rules.pkey[MS_PKEY_MLDSA44]);
}

static void what_is_no_release_is_refused(void **state)
{
	static const char *const bad[] = { "",	    "7",    "7.",   ".3",
					   "x.y",   "7.x",  "v7.3", "1234.1",
					   "7.999", "-1.3", "7,3" };
	struct ms_rules rules = ms_rules_default();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ms_rules_set_release(ctx, &rules, bad[i]), -EINVAL);
	assert_int_equal(rules.version, 0x070300);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_kernel_has_every_algorithm),
		cmocka_unit_test(built_in_algorithms_are_there),
		cmocka_unit_test(modules_count_when_asked),
		cmocka_unit_test(a_configuration_without_algorithms_has_none),
		cmocka_unit_test(an_old_release_has_no_new_algorithms),
		cmocka_unit_test(what_is_no_release_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
