/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "add.h"

static void check(const char *uri, bool keep, const char *name, const char *expected)
{
	char *made = NULL;

	assert_int_equal(ms_store_token_uri(ctx, uri, keep, name, &made), 0);
	assert_string_equal(made, expected);
	free(made);
}

static void a_token_gets_a_label_of_the_generation(void **state)
{
	(void)state;
	check("pkcs11:token=a", true, "20260131-0930",
	      "pkcs11:token=a;object=modseal-20260131-0930");
	check("pkcs11:", true, "20260131-0930", "pkcs11:object=modseal-20260131-0930");
	check("pkcs11:token=a?module-path=/x;y.so&pin-source=/p", true, "20260131-0930",
	      "pkcs11:token=a;object=modseal-20260131-0930"
	      "?module-path=/x;y.so&pin-source=/p");
}

static void a_label_that_was_chosen_is_kept(void **state)
{
	(void)state;
	check("pkcs11:token=a;object=mine", true, "20260131-0930",
	      "pkcs11:token=a;object=mine");
	check("pkcs11:id=%01;token=a?x=y", true, "20260131-0930",
	      "pkcs11:id=%01;token=a?x=y");
}

static void the_label_of_the_generation_before_is_replaced(void **state)
{
	(void)state;
	check("pkcs11:token=a;object=modseal-1;id=%01%3b;serial=9", false, "2",
	      "pkcs11:token=a;serial=9;object=modseal-2");
	check("pkcs11:object=x;type=private;token=a?pin-source=/p", false, NULL,
	      "pkcs11:token=a?pin-source=/p");
	check("pkcs11:object=x", false, NULL, "pkcs11:");
}

static void what_is_no_uri_is_refused(void **state)
{
	char *made = NULL;

	(void)state;
	assert_int_equal(ms_store_token_uri(ctx, "token=a", true, "x", &made), -EINVAL);
	assert_int_equal(ms_store_token_uri(ctx, "", true, "x", &made), -EINVAL);
	assert_null(made);
	assert_null(strstr(ms_ctx_message(ctx), "token=a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_gets_a_label_of_the_generation),
		cmocka_unit_test(a_label_that_was_chosen_is_kept),
		cmocka_unit_test(the_label_of_the_generation_before_is_replaced),
		cmocka_unit_test(what_is_no_uri_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
