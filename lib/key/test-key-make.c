/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "key-make.h"

/* A key and its certificate as OpenSSL's own readers see what was made. */
struct read_back {
	EVP_PKEY *key;
	X509 *cert;
};

static void read_back_done(struct read_back *own)
{
	EVP_PKEY_free(own->key);
	X509_free(own->cert);
}

static struct read_back read_back(const struct ms_new_key *made, const char *passphrase)
{
	BIO *bio = BIO_new_mem_buf(made->key_pem.data, (int)made->key_pem.len);
	const uint8_t *der = made->cert_der.data;
	struct read_back own = { 0 };

	own.key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)passphrase);
	own.cert = d2i_X509(NULL, &der, (long)made->cert_der.len);
	BIO_free(bio);
	ERR_clear_error();
	return own;
}

static struct read_back make(const struct ms_key_request *request)
{
	_cleanup_(ms_new_key_done) struct ms_new_key made = { 0 };
	struct read_back own;

	assert_int_equal(ms_key_make(ctx, request, &made), 0);
	own = read_back(&made, "");
	assert_non_null(own.key);
	assert_non_null(own.cert);
	return own;
}

static void every_type_is_what_was_asked_for_and_certifies_itself(void **state)
{
	static const char *const types[] = { "rsa2048", "p256", "p384", "p521" };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++) {
		const struct ms_key_request request = { .type = types[i] };
		_cleanup_(read_back_done) struct read_back own = make(&request);
		const struct ms_key_type *type;

		assert_int_equal(ms_key_type_of(ctx, "k", own.key, &type), 0);
		assert_string_equal(type->name, types[i]);
		assert_int_equal(X509_check_private_key(own.cert, own.key), 1);
		assert_int_equal(X509_verify(own.cert, own.key), 1);
	}
}

static void a_type_that_is_none_is_refused(void **state)
{
	static const char *const types[] = {NULL,   "",	       "rsa1024",
					    "p192", "ed25519", "P384"};
	struct ms_new_key made = { 0 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++) {
		const struct ms_key_request request = { .type = types[i] };

		assert_int_equal(ms_key_make(ctx, &request, &made), -EINVAL);
		assert_non_null(strstr(ms_ctx_message(ctx), "rsa2048"));
		assert_null(made.key_pem.data);
	}
}

static void ml_dsa_is_made_or_the_openssl_that_can_is_named(void **state)
{
	static const char *const types[] = { "mldsa44", "mldsa65", "mldsa87" };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(types); i++) {
		const struct ms_key_request request = { .type = types[i] };
		struct ms_new_key made = { 0 };
		int r = ms_key_make(ctx, &request, &made);

		if (OPENSSL_version_major() > 3 || OPENSSL_version_minor() >= 5)
			assert_int_equal(r, 0);
		else
			assert_int_equal(r, -EOPNOTSUPP);
		if (r < 0)
			assert_non_null(strstr(ms_ctx_message(ctx), "OpenSSL 3.5"));
		else
			assert_string_equal(made.type, types[i]);
		assert_int_equal(ERR_peek_error(), 0);
		ms_new_key_done(&made);
	}
}

static void the_extensions_are_those_of_the_kernels_genkey(void **state)
{
	const struct ms_key_request request = { .type = "p256" };
	_cleanup_(read_back_done) struct read_back own = make(&request);
	int critical;
	BASIC_CONSTRAINTS *constraints =
		X509_get_ext_d2i(own.cert, NID_basic_constraints, &critical, NULL);
	const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(own.cert);
	const ASN1_OCTET_STRING *akid = X509_get0_authority_key_id(own.cert);

	(void)state;
	assert_non_null(constraints);
	assert_int_equal(critical, 1);
	assert_int_equal(constraints->ca, 0);
	BASIC_CONSTRAINTS_free(constraints);
	assert_int_equal(X509_get_key_usage(own.cert), KU_DIGITAL_SIGNATURE);
	assert_non_null(skid);
	assert_non_null(akid);
	assert_int_equal(ASN1_OCTET_STRING_cmp(skid, akid), 0);
	assert_int_equal(X509_get_ext_count(own.cert), 4);
}

static void code_signing_is_there_when_asked_for(void **state)
{
	const struct ms_key_request request = { .type = "p256", .code_signing = true };
	_cleanup_(read_back_done) struct read_back own = make(&request);

	(void)state;
	assert_int_equal(X509_get_extended_key_usage(own.cert), XKU_CODE_SIGN);
}

static void serials_are_positive_of_160_bits_and_differ(void **state)
{
	const struct ms_key_request request = { .type = "p256" };
	_cleanup_(read_back_done) struct read_back one = make(&request),
						   two = make(&request);
	const ASN1_INTEGER *a = X509_get0_serialNumber(one.cert);
	const ASN1_INTEGER *b = X509_get0_serialNumber(two.cert);

	(void)state;
	assert_int_equal(ASN1_STRING_type(a), V_ASN1_INTEGER);
	assert_int_equal(ASN1_STRING_length(a), 20);
	assert_int_equal(ASN1_STRING_get0_data(a)[0] >> 6, 1);
	assert_int_not_equal(ASN1_INTEGER_cmp(a, b), 0);
}

static void the_validity_began_yesterday_and_lasts_as_long_as_asked_for(void **state)
{
	const struct ms_key_request some = { .type = "p256", .days = 10 },
				    standard = { .type = "p256" },
				    longest = { .type = "p256", .days = 2900000 },
				    longer = { .type = "p256", .days = 2900001 },
				    most = { .type = "p256", .days = ~0u };
	_cleanup_(read_back_done) struct read_back a = make(&some), b = make(&standard),
						   c = make(&longest);
	struct ms_new_key made = { 0 };
	time_t now = time(NULL);
	int days, seconds;

	(void)state;
	now -= 23 * 3600;
	assert_true(X509_cmp_time(X509_get0_notBefore(a.cert), &now) < 0);
	assert_int_equal(
		ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(a.cert)), 1);
	assert_true(days == 9 || (days == 10 && seconds == 0));
	assert_int_equal(
		ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(b.cert)), 1);
	assert_true(days >= 36499 && days <= 36500);
	assert_int_equal(
		ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(c.cert)), 1);
	assert_true(days >= 2899999);
	assert_int_equal(ms_key_make(ctx, &longer, &made), -EINVAL);
	assert_int_equal(ms_key_make(ctx, &most, &made), -EINVAL);
}

static void subject_is(const struct ms_key_request *request, const char *expected)
{
	_cleanup_(read_back_done) struct read_back own = make(request);
	char *text = X509_NAME_oneline(X509_get_subject_name(own.cert), NULL, 0);

	assert_string_equal(text, expected);
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(own.cert),
				       X509_get_issuer_name(own.cert)),
			 0);
	OPENSSL_free(text);
}

static void the_subject_is_kernel_signs_or_the_one_given(void **state)
{
	const struct ms_key_request standard = { .type = "p256" },
				    given = { .type = "p256", .cn = "Grüße" };

	(void)state;
	subject_is(&standard, "/CN=Local Out of tree kernel module signing key");
	subject_is(&given, "/CN=Gr\\xC3\\xBC\\xC3\\x9Fe");
}

static void a_name_that_no_certificate_can_have_is_refused(void **state)
{
	static const char *const names[] = {
		"",
		"line\nbreak",
		"\x7f",
		"not UTF-8: \xff",
		"12345678901234567890123456789012345678901234567890123456789012345",
	};
	struct ms_new_key made = { 0 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		const struct ms_key_request request = { .type = "p256", .cn = names[i] };

		assert_int_equal(ms_key_make(ctx, &request, &made), -EINVAL);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static int give(void *userdata, const char *what, char *buffer, size_t size)
{
	const char *text = userdata;

	assert_string_equal(what, "the new private key");
	assert_true(strlen(text) <= size);
	memcpy(buffer, text, strlen(text));
	return (int)strlen(text);
}

static int give_none(void *userdata, const char *what, char *buffer, size_t size)
{
	(void)what;
	if (size > 0)
		buffer[0] = '\0';
	return *(int *)userdata;
}

static void a_passphrase_encrypts_and_only_it_opens(void **state)
{
	static char passphrase[] = "open sesame";
	const struct ms_key_request request = { .type = "p256",
						.secret = give,
						.secret_userdata = passphrase };
	_cleanup_(ms_new_key_done) struct ms_new_key made = { 0 };
	_cleanup_(read_back_done) struct read_back right = { 0 }, wrong = { 0 };

	(void)state;
	assert_int_equal(ms_key_make(ctx, &request, &made), 0);
	assert_non_null(memmem(made.key_pem.data, made.key_pem.len,
			       "BEGIN ENCRYPTED PRIVATE KEY", 27));
	right = read_back(&made, passphrase);
	wrong = read_back(&made, "open barley");
	assert_non_null(right.key);
	assert_null(wrong.key);
}

static void without_a_passphrase_there_is_no_key(void **state)
{
	static char nothing[] = "";
	int error = -ENOKEY;
	const struct ms_key_request empty = { .type = "p256",
					      .secret = give,
					      .secret_userdata = nothing },
				    none = { .type = "p256",
					     .secret = give_none,
					     .secret_userdata = &error };
	struct ms_new_key made = { 0 };

	(void)state;
	assert_int_equal(ms_key_make(ctx, &empty, &made), -EINVAL);
	assert_int_equal(ms_key_make(ctx, &none, &made), -ENOKEY);
	assert_null(made.key_pem.data);
}

static void the_certificate_fits_behind_the_key_without_moving_it(void **state)
{
	const struct ms_key_request request = { .type = "rsa2048" };
	_cleanup_(ms_new_key_done) struct ms_new_key made = { 0 };
	const uint8_t *before;

	(void)state;
	assert_int_equal(ms_key_make(ctx, &request, &made), 0);
	before = made.key_pem.data;
	assert_int_equal(
		ms_buf_append(&made.key_pem, made.cert_pem.data, made.cert_pem.len), 0);
	assert_ptr_equal(made.key_pem.data, before);
}

static void the_hash_signs_the_certificate(void **state)
{
	static const struct {
		enum ms_hash hash;
		int nid;
	} cases[] = { { MS_HASH_NONE, NID_ecdsa_with_SHA512 },
		      { MS_HASH_SHA256, NID_ecdsa_with_SHA256 },
		      { MS_HASH_SHA3_384, NID_ecdsa_with_SHA3_384 } };
	const struct ms_key_request weak = { .type = "p256", .hash = MS_HASH_SHA1 };
	struct ms_new_key made = { 0 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		const struct ms_key_request request = { .type = "p256",
							.hash = cases[i].hash };
		_cleanup_(read_back_done) struct read_back own = make(&request);

		assert_int_equal(X509_get_signature_nid(own.cert), cases[i].nid);
	}
	assert_int_equal(ms_key_make(ctx, &weak, &made), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_what_was_asked_for_and_certifies_itself),
		cmocka_unit_test(a_type_that_is_none_is_refused),
		cmocka_unit_test(ml_dsa_is_made_or_the_openssl_that_can_is_named),
		cmocka_unit_test(the_extensions_are_those_of_the_kernels_genkey),
		cmocka_unit_test(code_signing_is_there_when_asked_for),
		cmocka_unit_test(serials_are_positive_of_160_bits_and_differ),
		cmocka_unit_test(
			the_validity_began_yesterday_and_lasts_as_long_as_asked_for),
		cmocka_unit_test(the_subject_is_kernel_signs_or_the_one_given),
		cmocka_unit_test(a_name_that_no_certificate_can_have_is_refused),
		cmocka_unit_test(a_passphrase_encrypts_and_only_it_opens),
		cmocka_unit_test(without_a_passphrase_there_is_no_key),
		cmocka_unit_test(the_certificate_fits_behind_the_key_without_moving_it),
		cmocka_unit_test(the_hash_signs_the_certificate),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
