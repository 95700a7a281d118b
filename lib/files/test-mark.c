/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which marks are those of one thing, and do they come back from a journal as they were? */

#include "../../tests/unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "mark.h"

static void marks_of_one_inode_are_the_same_unless_their_births_differ(void **state)
{
	static const struct {
		struct ms_mark a, b;
		bool same;
	} cases[] = {
		{ { 7, 1, 5 }, { 7, 1, 5 }, true },
		{ { 7, 1, 5 }, { 7, 2, 5 }, true }, /* a device has another number */
		{ { 7, 1, 5 }, { 8, 1, 5 }, false },
		{ { 7, 1, 5 }, { 7, 1, 6 }, false },
		{ { 7, 1, 5 }, { 7, 1, 0 }, true }, /* a kernel that tells no births */
		{ { 7, 1, 0 }, { 7, 1, 0 }, true },
		{ { 0, 1, 5 }, { 0, 1, 5 }, true }, /* of overlayfs */
		{ { 0, 1, 5 }, { 0, 1, 6 }, false },
		{ { 0, 1, 5 }, { 0, 0, 0 }, false }, /* nothing could be said of it */
		{ { 0, 0, 0 }, { 0, 0, 0 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ms_mark_same_there(&cases[i].a, &cases[i].b),
				 cases[i].same);
		assert_int_equal(ms_mark_same_there(&cases[i].b, &cases[i].a),
				 cases[i].same);
	}
}

static void a_mark_comes_back_as_it_was_written(void **state)
{
	static const struct ms_mark marks[] = {
		{ 0, 0, 0 },
		{ 7, 0, 0 },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ 0, 0, 5 },
		{ 128, 0, 1796024719621799980 },
		{ 7, 6, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
		struct ms_words words;
		struct ms_mark mark;

		assert_int_equal(ms_mark_append(&text, &marks[i]), 0);
		words = (struct ms_words){ .at = (const char *)text.data,
					   .end = (const char *)text.data + text.len };
		assert_true(ms_mark_take(&words, &mark));
		assert_ptr_equal(words.at, words.end);
		assert_memory_equal(&mark, &marks[i], sizeof(mark));
	}
}

static void a_directory_fits_its_own_mark_and_no_other(void **state)
{
	_cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY);
	_cleanup_fd_ int other = open("/dev", O_PATH | O_DIRECTORY);
	struct ms_mark mark;

	(void)state;
	assert_int_equal(ms_mark_get(root, &mark), 0);
	assert_true(ms_mark_is_known(&mark));
	assert_true(ms_mark_fits(root, &mark));
	assert_false(ms_mark_fits(other, &mark));
	assert_false(ms_mark_fits(-1, &mark));
	mark = ms_mark_of(-1);
	assert_false(ms_mark_is_known(&mark));
	assert_false(ms_mark_fits(root, &mark));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_of_one_inode_are_the_same_unless_their_births_differ),
		cmocka_unit_test(a_mark_comes_back_as_it_was_written),
		cmocka_unit_test(a_directory_fits_its_own_mark_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
