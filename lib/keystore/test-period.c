/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <string.h>

#include <modseal/keystore.h>

static void a_number_and_a_unit_are_a_period(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "always", 0 },      { "1s", 1 },	  { "90sec", 90 },
		{ "30m", 1800 },      { "30mins", 1800 }, { "1minute", 60 },
		{ "24h", 86400 },     { "24hours", 86400 }, { "7d", 604800 },
		{ "7days", 604800 },  { "1day", 86400 },  { "2w", 1209600 },
		{ "2weeks", 1209600 }, { "007d", 604800 },
		{ "9223372036854775807s", INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t seconds = -1;

		assert_int_equal(ms_refresh_parse(ctx, good[i].text, &seconds), 0);
		assert_true(seconds == good[i].seconds);
	}
}

static void nonsense_is_no_period(void **state)
{
	static const char *const bad[] = {
		"",	"3y",	"soon",	  "7",	   "d",	   "-7d",   "+7d",     " 7d",
		"7 d",	"7d ",	"7dd",	  "7ds1",  "0d",   "0",	    "1.5h",    "0x7d",
		"7D",	"Always", "always ", "1month", "1month", "1e3s", "7d7d", "\n7d",
		"9223372036854775808s", "99999999999999999999999999d",
		"15250284452472w",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t seconds = -1;

		if (ms_refresh_parse(ctx, bad[i], &seconds) != -EINVAL || seconds != -1)
			fail_msg("'%s' was taken for a period", bad[i]);
		assert_non_null(strstr(ms_ctx_message(ctx), "is no refresh period"));
		assert_non_null(ms_ctx_hint(ctx));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_and_a_unit_are_a_period),
		cmocka_unit_test(nonsense_is_no_period),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
