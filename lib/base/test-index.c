/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <string.h>

#include "../base/cleanup.h"
#include "index.h"

enum { MANY = 20000 };

static int add(struct ms_index *index, const char *key, size_t value)
{
	return ms_index_add(index, (const uint8_t *)key, strlen(key), value);
}

static void a_key_leads_to_what_it_was_first_added_with(void **state)
{
	_cleanup_(ms_index_done) struct ms_index index = {0};
	size_t value = 99;

	(void)state;
	assert_false(ms_index_find(&index, (const uint8_t *)"ab", 2, &value));
	assert_int_equal(add(&index, "ab", 1), 0);
	assert_int_equal(add(&index, "abc", 2), 0);
	assert_int_equal(add(&index, "ab", 3), 0);
	assert_int_equal(ms_index_add(&index, NULL, 0, 4), 0);
	assert_true(ms_index_find(&index, (const uint8_t *)"abc", 2, &value));
	assert_int_equal(value, 1);
	assert_true(ms_index_find(&index, (const uint8_t *)"abc", 3, &value));
	assert_int_equal(value, 2);
	assert_true(ms_index_find(&index, NULL, 0, &value));
	assert_int_equal(value, 4);
	assert_false(ms_index_find(&index, (const uint8_t *)"a", 1, &value));
	assert_int_equal(value, 4);
}

/* Ascending keys are what makes a list of a tree that does not balance itself. */
static void every_one_of_many_keys_is_found(void **state)
{
	_cleanup_(ms_index_done) struct ms_index index = {0};
	size_t value;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t key[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		assert_int_equal(ms_index_add(&index, key, sizeof(key), i), 0);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t key[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		assert_true(ms_index_find(&index, key, sizeof(key), &value));
		assert_int_equal(value, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_leads_to_what_it_was_first_added_with),
		cmocka_unit_test(every_one_of_many_keys_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
