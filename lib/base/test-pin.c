/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/secret.h>

#include "context.h"
#include "pin.h"

static void check(const char *text, const char *expected)
{
	char *copy = ms_without_pin(text);

	assert_non_null(copy);
	assert_string_equal(copy, expected);
	assert_int_equal(ms_holds_pin(text), strcmp(text, expected) != 0);
	free(copy);
}

static void a_pin_is_found_in_any_spelling(void **state)
{
	(void)state;
	check("pkcs11:token=a?pin-value=1234", "pkcs11:token=a?pin-value=...");
	check("pkcs11:?module-path=/x&pin-value=1234&y=z",
	      "pkcs11:?module-path=/x&pin-value=...&y=z");
	check("PKCS11:?PIN-Value=1234", "PKCS11:?PIN-Value=...");
	check("?pin%2dvalue=1234", "?pin%2dvalue=...");
	check("?%70%49n-value%3D1234", "?%70%49n-value%3D...");
	check("?pin-value=12;34?56", "?pin-value=...");
	check("?pin-value=1234&pin-value=5678", "?pin-value=...&pin-value=...");
	check("pkcs11:a;pin-value=1234", "pkcs11:a;pin-value=...");
	/* no message: all of it is the URI */
	check("pkcs11:a'b?pin-value=12'34\n", "pkcs11:a'b?pin-value=...");
	check("'a' pkcs11:?pin-value=1 'b'", "'a' pkcs11:?pin-value=...");
}

static void the_message_around_it_stays(void **state)
{
	(void)state;
	check("cannot open 'pkcs11:?pin-value=1234': no",
	      "cannot open 'pkcs11:?pin-value=...': no");
	check("CONFIG_X=\"pkcs11:?pin-value=1234\"\nCONFIG_Y=y",
	      "CONFIG_X=\"pkcs11:?pin-value=...\"\nCONFIG_Y=y");
	/* a quote is a character that a PIN may have */
	check("'?pin-value=12'34'", "'?pin-value=...'");
	check("no 'pkcs11:a?pin-value=12',34': gone", "no 'pkcs11:a?pin-value=...': gone");
	check("no 'pkcs11:a?pin-value=12').34'", "no 'pkcs11:a?pin-value=...'");
	check("no 'pkcs11:a?pin-value=1\";\n' 34'", "no 'pkcs11:a?pin-value=...'");
	check("no 'pkcs11:a?pin-value=1&34' &x=y'", "no 'pkcs11:a?pin-value=...&x=y'");
}

static void what_is_no_pin_stays(void **state)
{
	(void)state;
	check("pkcs11:token=a?pin-source=/run/pin", "pkcs11:token=a?pin-source=/run/pin");
	check("the pin-value is missing", "the pin-value is missing");
	check("%70%4", "%70%4");
	check("%", "%");
	check("", "");
}

static void a_short_pin_does_not_make_the_text_longer(void **state)
{
	char text[] = "?pin-value=1";

	(void)state;
	ms_pin_strip(text);
	assert_string_equal(text, "?pin-value=.");
}

static void no_message_has_a_pin(void **state)
{
	(void)state;
	ms_fail(ctx, -EINVAL, "no '%s'", "pkcs11:?pin-value=1234");
	assert_string_equal(ms_ctx_message(ctx), "no 'pkcs11:?pin-value=...'");
	ms_hint(ctx, -EINVAL, "try %s", "?pin-value=1234");
	assert_string_equal(ms_ctx_hint(ctx), "try ?pin-value=...");
	ms_fail_prefix(ctx, -EINVAL, "?pin-value=%s&", "1234");
	assert_null(strstr(ms_ctx_message(ctx), "1234"));
	ms_hint_command(ctx, -EINVAL, "modseal sign -k %s", "pkcs11:?pin-value=1'234");
	assert_null(strstr(ms_ctx_hint(ctx), "234"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_is_found_in_any_spelling),
		cmocka_unit_test(the_message_around_it_stays),
		cmocka_unit_test(what_is_no_pin_stays),
		cmocka_unit_test(a_short_pin_does_not_make_the_text_longer),
		cmocka_unit_test(no_message_has_a_pin),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
