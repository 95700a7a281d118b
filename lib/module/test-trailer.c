// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The trailer's reader on hostile files. What is right is said by hand in each test, and
 * once more by the naive rules that the fuzzer compares with (fuzz/trailer-rules.h). Each
 * file stands alone on the heap, so that the sanitizers see a read beyond it.
 */
#include "../../tests/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../fuzz/trailer-rules.h"
#include "trailer.h"

#define PAYLOAD_LEN 64
#define SIG_LEN     32
#define MAX_LEN     4096

struct file {
	uint8_t *data;
	size_t len;
};

static void append(struct file *f, const void *bytes, size_t len)
{
	assert_true(len <= MAX_LEN - f->len);
	memcpy(f->data + f->len, bytes, len);
	f->len += len;
}

static void append_fill(struct file *f, uint8_t fill, size_t len)
{
	assert_true(len <= MAX_LEN - f->len);
	memset(f->data + f->len, fill, len);
	f->len += len;
}

static struct file new_file(void)
{
	struct file f = { .data = malloc(MAX_LEN), .len = 0 };

	assert_non_null(f.data);
	return f;
}

/* The 12 bytes and the marker, all of them said. */
static void append_end(struct file *f, const uint8_t head[8], uint32_t sig_len)
{
	uint8_t length[4] = { (uint8_t)(sig_len >> 24), (uint8_t)(sig_len >> 16),
			      (uint8_t)(sig_len >> 8), (uint8_t)sig_len };

	append(f, head, 8);
	append(f, length, 4);
	append(f, MS_MARKER, 28);
}

static const uint8_t pkcs7_head[8] = { 0, 0, 2, 0, 0, 0, 0, 0 };

/* A payload, a signature and a trailer that says @sig_len and begins with @head. */
static struct file signed_file(const uint8_t head[8], uint32_t sig_len)
{
	struct file f = new_file();

	append_fill(&f, 'P', PAYLOAD_LEN);
	append_fill(&f, 'S', SIG_LEN);
	append_end(&f, head, sig_len);
	return f;
}

static void drop(struct file *f)
{
	free(f->data);
	f->data = NULL;
}

/* Reads @len bytes that stand alone on the heap, and has the naive rules agree. */
static struct ms_trailer read_alone(const uint8_t *data, size_t len)
{
	uint8_t *alone = malloc(len ? len : 1);
	struct ms_trailer t;

	assert_non_null(alone);
	memcpy(alone, data, len);
	t = ms_trailer_read(alone, len);
	assert_true(rules_places(alone, len, &t));
	assert_int_equal(ms_trailer_errno(&t), rules_errno(alone, len));
	assert_int_equal(ms_trailer_reason(&t) == NULL, ms_trailer_errno(&t) == 0);
	free(alone);
	return t;
}

static struct ms_trailer read_and_drop(struct file f)
{
	struct ms_trailer t = read_alone(f.data, f.len);

	drop(&f);
	return t;
}

static void a_signed_file_falls_into_its_parts(void **state)
{
	struct ms_trailer t = read_and_drop(signed_file(pkcs7_head, SIG_LEN));

	(void)state;
	assert_int_equal(t.state, MS_TRAILER_PRESENT);
	assert_int_equal(t.payload_len, PAYLOAD_LEN);
	assert_int_equal(t.sig_off, PAYLOAD_LEN);
	assert_int_equal(t.sig_len, SIG_LEN);
	assert_int_equal(t.info_off, PAYLOAD_LEN + SIG_LEN);
	assert_int_equal(ms_trailer_errno(&t), 0);
}

static void an_empty_file_is_unsigned(void **state)
{
	struct ms_trailer t = ms_trailer_read(NULL, 0);

	(void)state;
	assert_int_equal(t.state, MS_TRAILER_ABSENT);
	assert_int_equal(t.payload_len, 0);
	assert_int_equal(ms_trailer_errno(&t), -ENODATA);
}

/* The kernel wants more than the marker before it believes it. */
static void the_marker_alone_is_unsigned(void **state)
{
	struct ms_trailer t = read_alone((const uint8_t *)MS_MARKER, 28);

	(void)state;
	assert_int_equal(t.state, MS_TRAILER_ABSENT);
	assert_int_equal(ms_trailer_errno(&t), -ENODATA);
}

static void a_marker_with_any_byte_changed_is_unsigned(void **state)
{
	(void)state;
	for (size_t i = 0; i < 28; i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			struct file f = signed_file(pkcs7_head, SIG_LEN);
			struct ms_trailer t;

			f.data[f.len - 28 + i] ^= (uint8_t)(1u << bit);
			t = read_and_drop(f);
			assert_int_equal(t.state, MS_TRAILER_ABSENT);
			assert_int_equal(t.payload_len, PAYLOAD_LEN + SIG_LEN + 40);
		}
}

static void a_file_cut_at_its_end_is_unsigned(void **state)
{
	struct file f = signed_file(pkcs7_head, SIG_LEN);

	(void)state;
	for (size_t len = 0; len < f.len; len++)
		assert_int_equal(read_alone(f.data, len).state, MS_TRAILER_ABSENT);
	drop(&f);
}

static void a_file_cut_at_its_start_breaks_when_no_payload_is_left(void **state)
{
	struct file f = signed_file(pkcs7_head, SIG_LEN);

	(void)state;
	for (size_t len = 0; len <= f.len; len++) {
		struct ms_trailer t = read_alone(f.data + f.len - len, len);

		if (len <= 28) {
			assert_int_equal(ms_trailer_errno(&t), -ENODATA);
		} else if (len <= 40) {
			assert_int_equal(t.fault, MS_TRAILER_FAULT_NO_ROOM);
			assert_int_equal(ms_trailer_errno(&t), -EBADMSG);
		} else if (len <= 40 + SIG_LEN) {
			assert_int_equal(t.fault, MS_TRAILER_FAULT_SIG_LEN);
			assert_int_equal(ms_trailer_errno(&t), -EBADMSG);
		} else {
			assert_int_equal(t.payload_len, len - 40 - SIG_LEN);
			assert_int_equal(ms_trailer_errno(&t), 0);
		}
	}
	drop(&f);
}

static void a_signature_must_leave_a_payload(void **state)
{
	static const struct {
		uint32_t sig_len;
		enum ms_trailer_state state;
	} expected[] = {
		{ 0, MS_TRAILER_PRESENT },
		{ 1, MS_TRAILER_PRESENT },
		{ PAYLOAD_LEN + SIG_LEN - 1, MS_TRAILER_PRESENT },
		{ PAYLOAD_LEN + SIG_LEN, MS_TRAILER_BROKEN },
		{ PAYLOAD_LEN + SIG_LEN + 1, MS_TRAILER_BROKEN },
		{ PAYLOAD_LEN + SIG_LEN + 12, MS_TRAILER_BROKEN },
		{ PAYLOAD_LEN + SIG_LEN + 40, MS_TRAILER_BROKEN },
		{ UINT32_C(0x7fffffff), MS_TRAILER_BROKEN },
		{ UINT32_C(0x80000000), MS_TRAILER_BROKEN },
		{ UINT32_MAX - 40, MS_TRAILER_BROKEN },
		{ UINT32_MAX, MS_TRAILER_BROKEN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct ms_trailer t =
			read_and_drop(signed_file(pkcs7_head, expected[i].sig_len));

		assert_int_equal(t.state, expected[i].state);
		assert_int_equal(t.claimed_len, expected[i].sig_len);
		if (t.state == MS_TRAILER_PRESENT) {
			assert_int_equal(t.sig_len, expected[i].sig_len);
			assert_int_equal(t.payload_len,
					 PAYLOAD_LEN + SIG_LEN - expected[i].sig_len);
		} else {
			assert_int_equal(ms_trailer_errno(&t), -EBADMSG);
			assert_int_equal(t.payload_len, 0);
		}
	}
}

static void only_id_type_2_goes_on_to_pkcs7(void **state)
{
	(void)state;
	for (unsigned int id_type = 0; id_type < 256; id_type++) {
		uint8_t head[8] = { 0, 0, (uint8_t)id_type };
		struct ms_trailer t = read_and_drop(signed_file(head, SIG_LEN));

		assert_int_equal(t.state, MS_TRAILER_PRESENT);
		assert_int_equal(ms_trailer_errno(&t), id_type == 2 ? 0 : -ENOPKG);
		/* the length is looked at before the type */
		t = read_and_drop(signed_file(head, PAYLOAD_LEN + SIG_LEN));
		assert_int_equal(ms_trailer_errno(&t), -EBADMSG);
	}
}

static void a_reserved_field_is_refused_after_the_type(void **state)
{
	static const size_t reserved[] = { 0, 1, 3, 4, 5, 6, 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		for (unsigned int value = 1; value < 256; value++) {
			uint8_t head[8] = { 0, 0, 2 };
			struct ms_trailer t;

			head[reserved[i]] = (uint8_t)value;
			t = read_and_drop(signed_file(head, SIG_LEN));
			assert_int_equal(t.state, MS_TRAILER_PRESENT);
			assert_int_equal(t.payload_len, PAYLOAD_LEN);
			assert_int_equal(ms_trailer_errno(&t), -EBADMSG);
			head[2] = 3;
			t = read_and_drop(signed_file(head, SIG_LEN));
			assert_int_equal(ms_trailer_errno(&t), -ENOPKG);
		}
}

static void legacy_names_stand_before_the_signature(void **state)
{
	(void)state;
	for (uint8_t id_type = 0; id_type <= 1; id_type++) {
		const uint8_t head[8] = { 1, 4, id_type, 6, 3 };
		struct file f = new_file();
		struct ms_trailer t;

		append_fill(&f, 'P', PAYLOAD_LEN);
		append(&f, "signerkey", 9);
		append_fill(&f, 'S', SIG_LEN);
		append_end(&f, head, SIG_LEN);
		t = read_alone(f.data, f.len);
		assert_int_equal(t.state, MS_TRAILER_PRESENT);
		assert_int_equal(t.payload_len, PAYLOAD_LEN);
		assert_memory_equal(f.data + t.signer_off, "signer", t.signer_len);
		assert_memory_equal(f.data + t.key_id_off, "key", t.key_id_len);
		assert_int_equal(t.sig_off, PAYLOAD_LEN + 9);
		assert_int_equal(ms_trailer_errno(&t), -ENOPKG);
		drop(&f);
	}
}

/* modseal must not take them off, but the kernel never looks: ENOPKG, not EBADMSG. */
static void legacy_names_that_do_not_fit_break_the_trailer_but_not_the_verdict(void **state)
{
	static const uint8_t names[][2] = { { PAYLOAD_LEN, 0 }, { 0, PAYLOAD_LEN },
					    { 32, 32 }, { 255, 255 } };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t head[8] = { 0, 0, 1, names[i][0], names[i][1] };
		struct ms_trailer t = read_and_drop(signed_file(head, SIG_LEN));

		assert_int_equal(t.state, MS_TRAILER_BROKEN);
		assert_int_equal(t.fault, MS_TRAILER_FAULT_NAMES);
		assert_int_equal(ms_trailer_errno(&t), -ENOPKG);
		/* the same lengths mean nothing to other types */
		head[2] = 4;
		t = read_and_drop(signed_file(head, SIG_LEN));
		assert_int_equal(t.state, MS_TRAILER_PRESENT);
		assert_int_equal(t.payload_len, PAYLOAD_LEN);
	}
}

static void a_second_marker_right_behind_the_first_is_broken(void **state)
{
	struct file f = signed_file(pkcs7_head, SIG_LEN);
	struct ms_trailer t;

	(void)state;
	append(&f, MS_MARKER, 28);
	t = read_and_drop(f);
	/* the first marker's tail is taken for the struct, and its letters for a length */
	assert_int_equal(t.state, MS_TRAILER_BROKEN);
	assert_int_equal(t.claimed_len, UINT32_C(0x65647e0a)); /* "ed~\n" */
	assert_int_equal(ms_trailer_errno(&t), -EBADMSG);
}

static void bytes_behind_the_marker_make_the_file_unsigned(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 64; n++) {
		struct file f = signed_file(pkcs7_head, SIG_LEN);
		struct ms_trailer t;

		append_fill(&f, n % 2 ? '\n' : 0, n);
		t = read_and_drop(f);
		assert_int_equal(t.state, MS_TRAILER_ABSENT);
		assert_int_equal(t.payload_len, PAYLOAD_LEN + SIG_LEN + 40 + n);
	}
}

static void of_two_stacked_trailers_the_outer_is_read_first(void **state)
{
	struct file f = signed_file(pkcs7_head, SIG_LEN);
	size_t inner_len = f.len;
	struct ms_trailer t;

	(void)state;
	append_fill(&f, 'T', 5);
	append_end(&f, pkcs7_head, 5);
	t = read_alone(f.data, f.len);
	assert_int_equal(t.payload_len, inner_len);
	assert_int_equal(t.sig_len, 5);
	t = read_alone(f.data, t.payload_len);
	assert_int_equal(t.payload_len, PAYLOAD_LEN);
	assert_int_equal(t.sig_len, SIG_LEN);
	t = read_alone(f.data, t.payload_len);
	assert_int_equal(t.state, MS_TRAILER_ABSENT);
	drop(&f);
}

static void the_naive_rules_agree_on_every_small_file(void **state)
{
	static const uint8_t values[] = { 0, 1, 2, 3, 19, 20, 21, 255 };
	static const size_t before[] = { 0, 1, 20, 21, 22 };
	const size_t n = sizeof(values);

	(void)state;
	/* every mix of those in id_type, signer_len, key_id_len and sig_len */
	for (size_t i = 0; i < n * n * n * n * 5; i++) {
		uint8_t head[8] = { 0, 0, values[i % n], values[i / n % n],
				    values[i / n / n % n] };
		struct file f = new_file();

		append_fill(&f, 'x', before[i / (n * n * n * n)]);
		append_end(&f, head, values[i / n / n / n % n]);
		read_and_drop(f);
	}
}

static void what_is_written_is_what_the_format_says(void **state)
{
	static const uint8_t expected[12] = { 0, 0, 2, 0, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78 };
	uint8_t end[40];

	(void)state;
	memset(end, 0xaa, sizeof(end));
	ms_trailer_write(UINT32_C(0x12345678), end);
	assert_memory_equal(end, expected, 12);
	assert_memory_equal(end + 12, "~Module signature appended~\n", 28);
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	for (uint32_t sig_len = 0; sig_len <= 2000; sig_len++) {
		struct file f = new_file();
		uint8_t end[40];
		struct ms_trailer t;

		append_fill(&f, 'P', PAYLOAD_LEN);
		append_fill(&f, 'S', sig_len);
		ms_trailer_write(sig_len, end);
		append(&f, end, 40);
		t = read_and_drop(f);
		assert_int_equal(ms_trailer_errno(&t), 0);
		assert_int_equal(t.payload_len, PAYLOAD_LEN);
		assert_int_equal(t.sig_len, sig_len);
	}
}

static void a_trailer_nobody_read_is_never_good(void **state)
{
	struct ms_trailer t = { 0 };

	(void)state;
	assert_int_equal(ms_trailer_errno(&t), -EINVAL);
	assert_non_null(ms_trailer_reason(&t));
	t.id_type = MS_TRAILER_PKCS7;
	assert_int_equal(ms_trailer_errno(&t), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signed_file_falls_into_its_parts),
		cmocka_unit_test(an_empty_file_is_unsigned),
		cmocka_unit_test(the_marker_alone_is_unsigned),
		cmocka_unit_test(a_marker_with_any_byte_changed_is_unsigned),
		cmocka_unit_test(a_file_cut_at_its_end_is_unsigned),
		cmocka_unit_test(a_file_cut_at_its_start_breaks_when_no_payload_is_left),
		cmocka_unit_test(a_signature_must_leave_a_payload),
		cmocka_unit_test(only_id_type_2_goes_on_to_pkcs7),
		cmocka_unit_test(a_reserved_field_is_refused_after_the_type),
		cmocka_unit_test(legacy_names_stand_before_the_signature),
		cmocka_unit_test(
			legacy_names_that_do_not_fit_break_the_trailer_but_not_the_verdict),
		cmocka_unit_test(a_second_marker_right_behind_the_first_is_broken),
		cmocka_unit_test(bytes_behind_the_marker_make_the_file_unsigned),
		cmocka_unit_test(of_two_stacked_trailers_the_outer_is_read_first),
		cmocka_unit_test(the_naive_rules_agree_on_every_small_file),
		cmocka_unit_test(what_is_written_is_what_the_format_says),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_trailer_nobody_read_is_never_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
