/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "kconfig.h"

MS_DEFINE_CLEANUP(cleanup_kconfig, struct ms_kconfig *, ms_kconfig_free)

static const char good[] = "#\n"
			   "# Automatically generated file; DO NOT EDIT.\n"
			   "# CONFIG_ is not set, says this comment\n"
			   "CONFIG_MODULE_SIG=y\r\n"
			   "CONFIG_CRYPTO_SHA3=m\n"
			   "\n"
			   "# CONFIG_CRYPTO_ECDSA is not set\n"
			   "CONFIG_NR_CPUS=8192\n"
			   "CONFIG_BASE=0xffffffff80000000\n"
			   "CONFIG_LEVEL=-1\n"
			   "CONFIG_KEY=\"a \\\"key\\\" in c:\\\\\"\n"
			   "CONFIG_EMPTY=\"\"\n"
			   "CONFIG_TWICE=m\n"
			   "# CONFIG_TWICE is not set\n"
			   "CONFIG_NO=n\n"
			   "CONFIG_LAST=y";

static void check_good(const struct ms_kconfig *config)
{
	static const struct {
		const char *name;
		enum ms_kconfig_state state;
	} states[] = {
		{ "MODULE_SIG", MS_KCONFIG_YES },
		{ "CRYPTO_SHA3", MS_KCONFIG_MODULE },
		{ "CRYPTO_ECDSA", MS_KCONFIG_ABSENT },
		{ "NOWHERE", MS_KCONFIG_ABSENT },
		{ "TWICE", MS_KCONFIG_ABSENT },
		{ "NO", MS_KCONFIG_ABSENT },
		{ "LAST", MS_KCONFIG_YES },
		{ "", MS_KCONFIG_ABSENT },
		{ "MODULE_SI", MS_KCONFIG_ABSENT },
		{ "ZZZ", MS_KCONFIG_ABSENT },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(states); i++)
		assert_int_equal(ms_kconfig_state(config, states[i].name),
				 states[i].state);
	assert_string_equal(ms_kconfig_string(config, "KEY"), "a \"key\" in c:\\");
	assert_string_equal(ms_kconfig_string(config, "EMPTY"), "");
	assert_null(ms_kconfig_string(config, "MODULE_SIG"));
}

static void every_kind_of_line_is_read(void **state)
{
	_cleanup_(cleanup_kconfig) struct ms_kconfig *config = NULL;

	(void)state;
	assert_int_equal(ms_kconfig_parse(ctx, good, sizeof(good) - 1, "good", &config),
			 0);
	check_good(config);
}

static void a_line_of_something_else_is_named(void **state)
{
	static const char *const lines[] = {
		"CONFIG_X",    "CONFIG_=y",    "CONFIG_X=",	   "CONFIG_X=maybe",
		"CONFIG_X=\"", "CONFIG_X=\"a", "CONFIG_X=\"a\\\"", "CONFIG_X=\"a\"b\"",
		"CONFIG_X=0x", "CONFIG_X=-",   "CONFIG_X=1 ",	   " CONFIG_X=y",
		"CONFIG_X =y", "CONFIG_X=yy",  "config x",	   "<html>",
		"\177ELF",     "MODULE_SIG=y", "CONFIG_X=12ab",
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(lines); i++) {
		struct ms_kconfig *config = NULL;
		char text[128];

		snprintf(text, sizeof(text), "CONFIG_A=y\n%s\nCONFIG_B=y\n", lines[i]);
		assert_int_equal(ms_kconfig_parse(ctx, text, strlen(text), "f", &config),
				 -EBADMSG);
		assert_null(config);
		assert_string_equal(ms_ctx_message(ctx),
				    "'f', line 2: no line of a kernel config");
	}
}

static void a_file_without_a_symbol_is_no_config(void **state)
{
	static const char *const texts[] = { "", "\n\n", "# only a comment\n" };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(texts); i++) {
		struct ms_kconfig *config = NULL;

		assert_int_equal(
			ms_kconfig_parse(ctx, texts[i], strlen(texts[i]), "f", &config),
			-EBADMSG);
		assert_null(config);
	}
}

static void a_nul_ends_no_line_and_is_never_passed_over(void **state)
{
	static const char text[] = "CONFIG_A=y\0\nCONFIG_B=y\n";
	static const char string[] = "CONFIG_A=\"x\0y\"\n";
	struct ms_kconfig *config = NULL;

	(void)state;
	assert_int_equal(ms_kconfig_parse(ctx, text, sizeof(text) - 1, "f", &config),
			 -EBADMSG);
	assert_int_equal(ms_kconfig_parse(ctx, string, sizeof(string) - 1, "f", &config),
			 -EBADMSG);
}

static void a_file_is_read_plain_or_gzipped(void **state)
{
	static const char *const modes[] = { "wbT", "wb9" };
	char path[] = "/tmp/modseal-test-kconfig-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < MS_ARRAY_SIZE(modes); i++) {
		_cleanup_(cleanup_kconfig) struct ms_kconfig *config = NULL;
		gzFile out = gzopen(path, modes[i]);

		assert_int_equal(gzwrite(out, good, sizeof(good) - 1), sizeof(good) - 1);
		assert_int_equal(gzclose(out), Z_OK);
		assert_int_equal(ms_kconfig_read(ctx, path, &config), 0);
		check_good(config);
	}
	assert_int_equal(truncate(path, 60), 0);
	assert_true(ms_kconfig_read(ctx, path, &(struct ms_kconfig *){ NULL }) < 0);
	unlink(path);
	assert_int_equal(ms_kconfig_read(ctx, path, &(struct ms_kconfig *){ NULL }),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_line_is_read),
		cmocka_unit_test(a_line_of_something_else_is_named),
		cmocka_unit_test(a_file_without_a_symbol_is_no_config),
		cmocka_unit_test(a_nul_ends_no_line_and_is_never_passed_over),
		cmocka_unit_test(a_file_is_read_plain_or_gzipped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
