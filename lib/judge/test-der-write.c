/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "der-write.h"

static void an_element_is_tag_length_and_content(void **state)
{
	static const uint8_t want[] = { 0x30, 0x05, 0x02, 0x01, 0x03, 0x05, 0x00 };
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	struct ms_der der = { .out = &out };
	size_t sequence;

	(void)state;
	sequence = ms_der_begin(&der, MS_DER_SEQUENCE);
	ms_der_put(&der, MS_DER_INTEGER, "\x03", 1);
	ms_der_put(&der, MS_DER_NULL, NULL, 0);
	ms_der_end(&der, sequence);
	assert_int_equal(ms_der_finish(&der), 0);
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(out.data, want, sizeof(want));
}

/* OpenSSL's encoder is the oracle for every form of the length. */
static void lengths_are_those_of_openssl(void **state)
{
	static const size_t lengths[] = { 0,	 1,	127,   128,	 255,	  256,
					  65535, 65536, 70000, 16777215, 16777216 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(lengths); i++) {
		_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
		_cleanup_free_ uint8_t *content = calloc(1, lengths[i] + 1);
		struct ms_der der = { .out = &out };
		ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();
		uint8_t *want = NULL;
		int len;

		content[lengths[i] / 2] = 0xa5;
		assert_int_equal(ASN1_OCTET_STRING_set(string, content, (int)lengths[i]),
				 1);
		len = i2d_ASN1_OCTET_STRING(string, &want);
		ms_der_put(&der, MS_DER_OCTET_STRING, content, lengths[i]);
		assert_int_equal(ms_der_finish(&der), 0);
		assert_int_equal(out.len, len);
		assert_memory_equal(out.data, want, (size_t)len);
		OPENSSL_free(want);
		ASN1_OCTET_STRING_free(string);
	}
}

/* OpenSSL's encoder of ECDSA signatures is the oracle. */
static void numbers_are_those_of_openssl(void **state)
{
	static const struct {
		uint8_t bytes[10];
		size_t len;
	} numbers[] = {
		{ { 0x01 }, 1 },
		{ { 0x7f }, 1 },
		{ { 0x80 }, 1 },
		{ { 0x00, 0x80 }, 2 },
		{ { 0x00, 0x00, 0x7f, 0x00 }, 4 },
		{ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 10 },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(numbers); i++) {
		_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
		struct ms_der der = { .out = &out };
		size_t len = numbers[i].len, sequence;
		ECDSA_SIG *sig = ECDSA_SIG_new();
		uint8_t *want = NULL;
		int want_len;

		assert_int_equal(ECDSA_SIG_set0(sig,
						BN_bin2bn(numbers[i].bytes, (int)len, NULL),
						BN_bin2bn(numbers[0].bytes, 1, NULL)),
				 1);
		want_len = i2d_ECDSA_SIG(sig, &want);
		sequence = ms_der_begin(&der, MS_DER_SEQUENCE);
		ms_der_put_unsigned(&der, numbers[i].bytes, len);
		ms_der_put_unsigned(&der, numbers[0].bytes, 1);
		ms_der_end(&der, sequence);
		assert_int_equal(ms_der_finish(&der), 0);
		assert_int_equal(out.len, want_len);
		assert_memory_equal(out.data, want, out.len);
		OPENSSL_free(want);
		ECDSA_SIG_free(sig);
	}
}

static void nothing_and_zeros_are_the_number_zero(void **state)
{
	static const uint8_t zeros[3], want[] = { 0x02, 0x01, 0x00 };

	(void)state;
	for (size_t len = 0; len <= sizeof(zeros); len++) {
		_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
		struct ms_der der = { .out = &out };

		ms_der_put_unsigned(&der, zeros, len);
		assert_int_equal(ms_der_finish(&der), 0);
		assert_int_equal(out.len, sizeof(want));
		assert_memory_equal(out.data, want, sizeof(want));
	}
}

static void an_inner_element_that_grows_its_length_moves_the_outer_ones(void **state)
{
	static const uint8_t head[] = { 'x', 0x31, 0x81, 0xcb, 0x30, 0x81, 0xc8 };
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	struct ms_der der = { .out = &out };
	uint8_t content[200] = { 0 };
	size_t outer, inner;

	(void)state;
	assert_int_equal(ms_buf_append(&out, "x", 1), 0); /* what is there stays */
	outer = ms_der_begin(&der, MS_DER_SET);
	inner = ms_der_begin(&der, MS_DER_SEQUENCE);
	ms_der_raw(&der, content, sizeof(content));
	ms_der_end(&der, inner);
	ms_der_end(&der, outer);
	assert_int_equal(ms_der_finish(&der), 0);
	assert_int_equal(out.len, 7 + 200);
	assert_memory_equal(out.data, head, sizeof(head));
}

static void the_first_failure_stays(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	struct ms_der der = { .out = &out, .error = -ENOMEM };
	size_t mark;

	(void)state;
	mark = ms_der_begin(&der, MS_DER_SEQUENCE);
	ms_der_put(&der, MS_DER_INTEGER, "\x01", 1);
	ms_der_end(&der, mark);
	assert_int_equal(ms_der_finish(&der), -ENOMEM);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_element_is_tag_length_and_content),
		cmocka_unit_test(lengths_are_those_of_openssl),
		cmocka_unit_test(numbers_are_those_of_openssl),
		cmocka_unit_test(nothing_and_zeros_are_the_number_zero),
		cmocka_unit_test(
			an_inner_element_that_grows_its_length_moves_the_outer_ones),
		cmocka_unit_test(the_first_failure_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
