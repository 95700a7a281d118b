/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Vectors: RFC 4648 section 10, and what RFC 3629 calls malformed. */

#include "../../tests/unit.h"

#include <errno.h>
#include <string.h>

#include <modseal/base.h>

#include "cleanup.h"
#include "text.h"

static const struct {
	const char *plain, *encoded;
} rfc4648[] = {
	{ "", "" },          { "f", "Zg==" },         { "fo", "Zm8=" },        { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
};

static void base64_gives_the_vectors_of_rfc4648_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		_cleanup_(ms_buf_done) struct ms_buf encoded = { 0 }, plain = { 0 };
		const char *p = rfc4648[i].plain, *e = rfc4648[i].encoded;

		assert_int_equal(ms_base64_append(&encoded, (const uint8_t *)p, strlen(p)), 0);
		assert_int_equal(encoded.len, strlen(e));
		if (encoded.len)
			assert_memory_equal(encoded.data, e, encoded.len);
		assert_int_equal(ms_base64_decode(e, strlen(e), &plain), 0);
		assert_int_equal(plain.len, strlen(p));
		if (plain.len)
			assert_memory_equal(plain.data, p, plain.len);
	}
}

static void base64_has_one_spelling_for_each_value(void **state)
{
	static const char *const refused[] = {
		"Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9", "Zm9v\n", "Zm-v",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		_cleanup_(ms_buf_done) struct ms_buf out = { 0 };

		assert_int_equal(ms_base64_decode(refused[i], strlen(refused[i]), &out),
				 -EBADMSG);
	}
}

static void hex_is_lower_case_and_of_the_stated_length(void **state)
{
	uint8_t out[2] = { 0 };

	(void)state;
	assert_int_equal(ms_hex_decode("00fe", 4, out, 2), 0);
	assert_int_equal(out[1], 0xfe);
	assert_int_equal(ms_hex_decode("00FE", 4, out, 2), -EBADMSG);
	assert_int_equal(ms_hex_decode("00f", 3, out, 2), -EBADMSG);
	assert_int_equal(ms_hex_decode("00fe0", 5, out, 2), -EBADMSG);
	assert_int_equal(ms_hex_decode("00g0", 4, out, 2), -EBADMSG);
}

static void serials_are_written_with_colons(void **state)
{
	static const uint8_t serial[] = { 0x4a, 0x01, 0xff };
	_cleanup_free_ char *text = ms_hex_colons(serial, 3);
	_cleanup_free_ char *none = ms_hex_colons(serial, 0);

	(void)state;
	assert_string_equal(text, "4A:01:FF");
	assert_string_equal(none, "");
}

static void percent_encoding_gives_every_byte_back(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf encoded = { 0 };
	_cleanup_free_ char *decoded = NULL;
	char all[256];

	(void)state;
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	assert_int_equal(ms_percent_append(&encoded, all), 0);
	for (size_t i = 0; i < encoded.len; i++)
		assert_in_range(encoded.data[i], 0x21, 0x7e);
	assert_int_equal(ms_percent_decode((char *)encoded.data, encoded.len, &decoded), 0);
	assert_string_equal(decoded, all);
}

static void bad_percent_escapes_are_refused(void **state)
{
	static const char *const refused[] = { "%", "%4", "%zz", "%00", "a b", "a%e4", "\xc3" };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		_cleanup_free_ char *out = NULL;

		assert_int_equal(ms_percent_decode(refused[i], strlen(refused[i]), &out),
				 -EBADMSG);
	}
}

static void assert_utf8(const char *path, const char *expected)
{
	_cleanup_free_ char *text = ms_path_to_utf8(path);

	assert_string_equal(text, expected);
}

static void paths_become_utf8_without_ambiguity(void **state)
{
	(void)state;
	assert_utf8("a/\xc3\xa4.ko", "a/\xc3\xa4.ko");
	assert_utf8("a\xff\xc3", "a%FF%C3");
	assert_utf8("100%25", "100%2525");
	assert_utf8("100%", "100%");
	assert_utf8("\xc0\x80", "%C0%80");               /* overlong */
	assert_utf8("\xed\xa0\x80", "%ED%A0%80");         /* surrogate */
	assert_utf8("\xf4\x90\x80\x80", "%F4%90%80%80");   /* beyond U+10FFFF */
	assert_utf8("\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91");
}

static void assert_escaped(const char *text, const char *expected)
{
	_cleanup_free_ char *escaped = ms_text_escape(text);

	assert_string_equal(escaped, expected);
}

static void a_terminal_obeys_nothing_that_is_escaped(void **state)
{
	(void)state;
	assert_escaped("a\033[31mb\n", "a\\x1b[31mb\\n");
	assert_escaped("\x7f", "\\x7f");
	assert_escaped("\xc2\x9b", "\\xc2\\x9b");         /* CSI as C1 */
	assert_escaped("\x9b", "\\x9b");
	assert_escaped("\xe2\x80\xae", "\\xe2\\x80\\xae"); /* right-to-left override */
	assert_escaped("\xc3\xa4", "\xc3\xa4");
}

static void a_text_is_cut_between_two_characters(void **state)
{
	(void)state;
	assert_int_equal(ms_text_cut("abc", 3, 3), 3);
	assert_int_equal(ms_text_cut("abc", 3, 2), 2);
	assert_int_equal(ms_text_cut("abc", 3, 0), 0);
	assert_int_equal(ms_text_cut("a\xe2\x82\xac", 4, 3), 1);
	assert_int_equal(ms_text_cut("a\xe2\x82\xac", 4, 4), 4);
	assert_int_equal(ms_text_cut("\xf0\x9f\x94\x91", 4, 3), 0);
	/* no UTF-8, which has no such place */
	assert_int_equal(ms_text_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_cut_between_two_characters),
		cmocka_unit_test(base64_gives_the_vectors_of_rfc4648_both_ways),
		cmocka_unit_test(base64_has_one_spelling_for_each_value),
		cmocka_unit_test(hex_is_lower_case_and_of_the_stated_length),
		cmocka_unit_test(serials_are_written_with_colons),
		cmocka_unit_test(percent_encoding_gives_every_byte_back),
		cmocka_unit_test(bad_percent_escapes_are_refused),
		cmocka_unit_test(paths_become_utf8_without_ambiguity),
		cmocka_unit_test(a_terminal_obeys_nothing_that_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
