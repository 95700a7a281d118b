// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cursor, asked in C what proofs/run has proved of it, so that a compiler, a 32-bit or a
 * big-endian machine and the sanitizers have their say too. The buffers come from malloc
 * with exactly the length that the cursor is told, so that a read beyond is seen.
 */
#include "../../tests/unit.h"

#include <stdbool.h>
#include <stdlib.h>

#include "cursor.h"

#define UNTOUCHED UINT64_C(0x5a5a5a5a5a5a5a5a)

/* 01 02 03 ..., exactly @len bytes */
static uint8_t *counting_bytes(size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i + 1);
	return bytes;
}

/* One kind of number read behind one face, for the tests that ask the same of each. */
static int read_number(struct ms_cursor *c, size_t size, bool big, uint64_t *ret)
{
	uint64_t v64 = UNTOUCHED;
	uint32_t v32 = (uint32_t)UNTOUCHED;
	uint16_t v16 = (uint16_t)UNTOUCHED;
	uint8_t v8 = (uint8_t)UNTOUCHED;
	int r = -1;

	switch (size) {
	case 1:
		r = ms_cur_u8(c, &v8);
		*ret = v8;
		break;
	case 2:
		r = big ? ms_cur_be16(c, &v16) : ms_cur_le16(c, &v16);
		*ret = v16;
		break;
	case 4:
		r = big ? ms_cur_be32(c, &v32) : ms_cur_le32(c, &v32);
		*ret = v32;
		break;
	case 8:
		r = big ? ms_cur_be64(c, &v64) : ms_cur_le64(c, &v64);
		*ret = v64;
		break;
	}
	return r;
}

static void numbers_have_the_stated_byte_order(void **state)
{
	static const uint8_t bytes[] = { 0xff, 0xfe, 0x80, 0x7f, 0x01, 0x00, 0xaa, 0xf5 };
	struct ms_cursor c;
	uint64_t value;

	(void)state;
	static const struct {
		size_t size;
		bool big;
		uint64_t value;
	} expected[] = {
		{ 1, true, 0xff },
		{ 2, true, 0xfffe },
		{ 2, false, 0xfeff },
		{ 4, true, 0xfffe807f },
		{ 4, false, 0x7f80feff },
		{ 8, true, UINT64_C(0xfffe807f0100aaf5) },
		{ 8, false, UINT64_C(0xf5aa00017f80feff) },
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		c = ms_cur_of(bytes, sizeof(bytes));
		assert_int_equal(read_number(&c, expected[i].size, expected[i].big, &value),
				 0);
		assert_true(value == expected[i].value);
		assert_int_equal(ms_cur_left(&c), sizeof(bytes) - expected[i].size);
	}
}

static void a_number_is_read_only_where_all_its_bytes_are_left(void **state)
{
	static const size_t sizes[] = { 1, 2, 4, 8 };

	(void)state;
	for (size_t len = 0; len <= 10; len++) {
		uint8_t *bytes = counting_bytes(len);

		for (size_t pos = 0; pos <= len; pos++)
			for (size_t i = 0; i < 8; i++) {
				size_t size = sizes[i / 2];
				uint64_t untouched = UNTOUCHED >> (64 - 8 * size);
				uint64_t value;
				struct ms_cursor c = ms_cur_of(bytes, len);
				int r;

				assert_int_equal(ms_cur_skip(&c, pos), 0);
				r = read_number(&c, size, i % 2, &value);
				assert_int_equal(r, len - pos >= size ? 0 : -EBADMSG);
				assert_int_equal(c.pos, r == 0 ? pos + size : pos);
				if (r < 0)
					assert_true(value == untouched);
			}
		free(bytes);
	}
}

static void no_length_is_large_enough_to_wrap_the_bounds_check(void **state)
{
	static const size_t large[] = { 5, SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 4, SIZE_MAX / 2,
					SIZE_MAX / 2 + 1 };
	uint8_t *bytes = counting_bytes(8);

	(void)state;
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		struct ms_cursor c = ms_cur_of(bytes, 8), sub = { NULL, 1, 2 };
		const uint8_t *at = NULL;

		assert_int_equal(ms_cur_skip(&c, 4), 0);
		assert_int_equal(ms_cur_skip(&c, large[i]), -EBADMSG);
		assert_int_equal(ms_cur_bytes(&c, large[i], &at), -EBADMSG);
		assert_null(at);
		assert_int_equal(ms_cur_sub(&c, large[i], &sub), -EBADMSG);
		assert_true(sub.base == NULL && sub.pos == 1 && sub.end == 2);
		if (large[i] > 8)
			assert_int_equal(ms_cur_seek(&c, large[i]), -EBADMSG);
		assert_int_equal(c.pos, 4);
	}
	free(bytes);
}

static void seeking_counts_from_the_start_and_allows_the_end(void **state)
{
	uint8_t *bytes = counting_bytes(4), value = 0;
	struct ms_cursor c = ms_cur_of(bytes, 4);

	(void)state;
	assert_int_equal(ms_cur_seek(&c, 4), 0);
	assert_int_equal(ms_cur_left(&c), 0);
	assert_int_equal(ms_cur_u8(&c, &value), -EBADMSG);
	assert_int_equal(ms_cur_seek(&c, 5), -EBADMSG);
	assert_int_equal(c.pos, 4);
	assert_int_equal(ms_cur_seek(&c, 2), 0);
	assert_int_equal(ms_cur_u8(&c, &value), 0);
	assert_int_equal(value, 3);
	free(bytes);
}

static void a_sub_cursor_ends_where_its_bytes_end(void **state)
{
	uint8_t *bytes = counting_bytes(8), value = 0;
	struct ms_cursor c = ms_cur_of(bytes, 8), sub;
	uint16_t pair = 0;

	(void)state;
	assert_int_equal(ms_cur_skip(&c, 2), 0);
	assert_int_equal(ms_cur_sub(&c, 3, &sub), 0);
	assert_int_equal(ms_cur_left(&sub), 3);
	assert_int_equal(ms_cur_be16(&sub, &pair), 0);
	assert_int_equal(pair, 0x0304);
	assert_int_equal(ms_cur_be16(&sub, &pair), -EBADMSG);
	assert_int_equal(ms_cur_seek(&sub, 4), -EBADMSG);
	/* and the outer one goes on behind it */
	assert_int_equal(ms_cur_u8(&c, &value), 0);
	assert_int_equal(value, 6);
	free(bytes);
}

static void borrowed_bytes_lie_in_the_buffer(void **state)
{
	uint8_t *bytes = counting_bytes(8);
	struct ms_cursor c = ms_cur_of(bytes, 8);
	const uint8_t *at = NULL;

	(void)state;
	assert_int_equal(ms_cur_skip(&c, 3), 0);
	assert_int_equal(ms_cur_bytes(&c, 5, &at), 0);
	assert_ptr_equal(at, bytes + 3);
	assert_int_equal(ms_cur_bytes(&c, 0, &at), 0);
	assert_ptr_equal(at, bytes + 8);
	assert_int_equal(ms_cur_bytes(&c, 1, &at), -EBADMSG);
	assert_ptr_equal(at, bytes + 8);
	free(bytes);
}

static void an_empty_window_on_null_gives_nothing(void **state)
{
	struct ms_cursor c = ms_cur_of(NULL, 0), sub = { NULL, 1, 2 };
	const uint8_t *at = NULL;
	uint8_t value = 7;

	(void)state;
	assert_int_equal(ms_cur_left(&c), 0);
	assert_int_equal(ms_cur_skip(&c, 0), 0);
	assert_int_equal(ms_cur_seek(&c, 0), 0);
	assert_int_equal(ms_cur_bytes(&c, 0, &at), 0);
	assert_int_equal(ms_cur_sub(&c, 0, &sub), 0);
	assert_int_equal(ms_cur_left(&sub), 0);
	assert_int_equal(ms_cur_u8(&c, &value), -EBADMSG);
	assert_int_equal(value, 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_the_stated_byte_order),
		cmocka_unit_test(a_number_is_read_only_where_all_its_bytes_are_left),
		cmocka_unit_test(no_length_is_large_enough_to_wrap_the_bounds_check),
		cmocka_unit_test(seeking_counts_from_the_start_and_allows_the_end),
		cmocka_unit_test(a_sub_cursor_ends_where_its_bytes_end),
		cmocka_unit_test(borrowed_bytes_lie_in_the_buffer),
		cmocka_unit_test(an_empty_window_on_null_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
