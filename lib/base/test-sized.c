/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs that are older or newer than the library. */

#include <errno.h>
#include <string.h>

#include "../../tests/unit-ctx.h"

#include "context.h"
#include "sized.h"

struct older {
	size_t size;
	int a;
};

struct known {
	size_t size;
	int a;
	int pad;
	uint64_t b;
};

struct newer {
	size_t size;
	int a;
	int pad;
	uint64_t b;
	uint64_t c;
};

static void an_older_program_gets_defaults(void **state)
{
	struct older older = { sizeof(older), 7 };
	struct known known = { 1, 1, 1, 1 };

	(void)state;
	assert_int_equal(ms_sized_in(ctx, &known, sizeof(known), &older), 0);
	assert_int_equal(known.size, sizeof(known));
	assert_int_equal(known.a, 7);
	assert_int_equal(known.b, 0);
}

static void a_newer_program_is_refused_where_it_asks_for_more(void **state)
{
	struct newer newer = { sizeof(newer), 7, 0, 8, 0 };
	struct known known = { 0 };

	(void)state;
	assert_int_equal(ms_sized_in(ctx, &known, sizeof(known), &newer), 0);
	assert_int_equal(known.b, 8);
	newer.c = (uint64_t)1 << 63;
	assert_int_equal(ms_sized_in(ctx, &known, sizeof(known), &newer), -E2BIG);
}

static void a_size_that_was_forgotten_is_told(void **state)
{
	struct known zero = { 0 }, known = { 0 };

	(void)state;
	assert_int_equal(ms_sized_in(ctx, &known, sizeof(known), &zero), -EINVAL);
	assert_non_null(strstr(ms_ctx_message(ctx), "size is not set"));
	assert_int_equal(ms_sized_out(ctx, &zero, &known, sizeof(known)), -EINVAL);
}

static void no_struct_is_all_defaults(void **state)
{
	struct known known = { 1, 1, 1, 1 };

	(void)state;
	assert_int_equal(ms_sized_in(ctx, &known, sizeof(known), NULL), 0);
	assert_int_equal(known.size, sizeof(known));
	assert_int_equal(known.a, 0);
	assert_int_equal(known.b, 0);
}

static void a_result_fills_what_the_caller_has_and_no_more(void **state)
{
	struct known known = { sizeof(known), 7, 0, 8 };
	struct {
		struct older older;
		uint8_t behind[16];
	} caller = { { sizeof(struct older), 0 }, { 0xaa } };
	struct newer newer = { sizeof(newer), 1, 1, 1, 1 };

	(void)state;
	assert_int_equal(ms_sized_out(ctx, &caller.older, &known, sizeof(known)), 0);
	assert_int_equal(caller.older.size, sizeof(struct older));
	assert_int_equal(caller.older.a, 7);
	assert_int_equal(caller.behind[0], 0xaa);
	assert_int_equal(ms_sized_out(ctx, &newer, &known, sizeof(known)), 0);
	assert_int_equal(newer.size, sizeof(newer));
	assert_int_equal(newer.b, 8);
	assert_int_equal(newer.c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_program_gets_defaults),
		cmocka_unit_test(a_newer_program_is_refused_where_it_asks_for_more),
		cmocka_unit_test(a_size_that_was_forgotten_is_told),
		cmocka_unit_test(no_struct_is_all_defaults),
		cmocka_unit_test(a_result_fills_what_the_caller_has_and_no_more),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
