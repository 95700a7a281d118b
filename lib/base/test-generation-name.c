/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "generation-name.h"

/* 2026-01-31 09:30:00 UTC, by `date -u -d ... +%s` */
enum { NOW = 1769851800 };

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static struct ms_generation_name name_of(const char *text)
{
	struct ms_generation_name name;

	assert_true(ms_generation_name_parse(text, &name));
	return name;
}

static void names_of_the_layout_are_generations(void **state)
{
	(void)state;
	assert_int_equal(name_of("20260131-0930").number, 1);
	assert_int_equal(name_of("20260131-0930-2").number, 2);
	assert_int_equal(name_of("20240229-2359-100").number, 100);
}

static void other_names_are_none(void **state)
{
	static const char *const others[] = {
		"",		   ".",		       "current",	 "lib",
		"genkeys.py",	   "20260131",	       "20260131-093",	 "20260131-09300",
		"20261331-0930",   "20260132-0930",    "20260131-2430",  "20260131-0960",
		"20260131_0930",   "2026013a-0930",    "20260131-0930-", "20260131-0930-1",
		"20260131-0930-0", "20260131-0930-02", "20260131-0930x", "20260131-0930-2x",
		" 20260131-0930",  "20260131-0930/",   "-0260131-0930",
		"20260131-0930-9999999", ".modseal-key-0123456789abcdef",
	};
	struct ms_generation_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ms_generation_name_parse(others[i], &name))
			fail_msg("'%s' was taken for a generation", others[i]);
}

static void numbers_are_compared_as_numbers(void **state)
{
	struct ms_generation_name ten = name_of("20260131-0930-10");
	struct ms_generation_name nine = name_of("20260131-0930-9");
	struct ms_generation_name first = name_of("20260131-0930");
	struct ms_generation_name later = name_of("20260131-0931");

	(void)state;
	assert_true(ms_generation_name_compare(&ten, &nine) > 0);
	assert_true(ms_generation_name_compare(&first, &nine) < 0);
	assert_true(ms_generation_name_compare(&ten, &later) < 0);
	assert_int_equal(ms_generation_name_compare(&ten, &ten), 0);
}

static void the_first_of_a_minute_has_no_number(void **state)
{
	struct ms_generation_name before = name_of("20260131-0929");
	char text[MS_GENERATION_NAME_SIZE];

	(void)state;
	assert_true(ms_generation_name_next(NULL, NOW, text));
	assert_string_equal(text, "20260131-0930");
	assert_true(ms_generation_name_next(&before, NOW, text));
	assert_string_equal(text, "20260131-0930");
}

static void the_second_of_a_minute_has_number_2(void **state)
{
	struct ms_generation_name first = name_of("20260131-0930");
	struct ms_generation_name second = name_of("20260131-0930-2");
	char text[MS_GENERATION_NAME_SIZE];

	(void)state;
	assert_true(ms_generation_name_next(&first, NOW, text));
	assert_string_equal(text, "20260131-0930-2");
	assert_true(ms_generation_name_next(&second, NOW + 59, text));
	assert_string_equal(text, "20260131-0930-3");
}

static void a_new_name_sorts_last_even_where_the_clock_went_back(void **state)
{
	struct ms_generation_name future = name_of("20990101-0000");
	char text[MS_GENERATION_NAME_SIZE];
	struct ms_generation_name name;

	(void)state;
	assert_true(ms_generation_name_next(&future, NOW, text));
	name = name_of(text);
	assert_true(ms_generation_name_compare(&name, &future) > 0);
}

static void a_name_without_numbers_left_is_none(void **state)
{
	struct ms_generation_name last = name_of("20990101-0000-999999");
	char text[MS_GENERATION_NAME_SIZE];

	(void)state;
	assert_false(ms_generation_name_next(&last, NOW, text));
}

static void a_name_says_its_time(void **state)
{
	struct ms_generation_name name = name_of("20260131-0930-7");

	(void)state;
	assert_int_equal(ms_generation_name_time(&name), NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_the_layout_are_generations),
		cmocka_unit_test(other_names_are_none),
		cmocka_unit_test(numbers_are_compared_as_numbers),
		cmocka_unit_test(the_first_of_a_minute_has_no_number),
		cmocka_unit_test(the_second_of_a_minute_has_number_2),
		cmocka_unit_test(a_new_name_sorts_last_even_where_the_clock_went_back),
		cmocka_unit_test(a_name_without_numbers_left_is_none),
		cmocka_unit_test(a_name_says_its_time),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
