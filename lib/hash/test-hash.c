/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "hash.h"
#include "payload.h"

/* The first eight bytes of each digest of "abc": FIPS 180-4 and FIPS 202 examples,
 * GB/T 32905-2016 A.1. */
static const struct {
	enum ms_hash hash;
	const char *name;
	size_t size;
	uint8_t abc[8];
} known[] = {
	{ MS_HASH_SHA256, "sha256", 32, { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea } },
	{ MS_HASH_SHA384, "sha384", 48, { 0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b } },
	{ MS_HASH_SHA512, "sha512", 64, { 0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba } },
	{ MS_HASH_SHA3_256, "sha3-256", 32, { 0x3a, 0x98, 0x5d, 0xa7, 0x4f, 0xe2, 0x25, 0xb2 } },
	{ MS_HASH_SHA3_384, "sha3-384", 48, { 0xec, 0x01, 0x49, 0x82, 0x88, 0x51, 0x6f, 0xc9 } },
	{ MS_HASH_SHA3_512, "sha3-512", 64, { 0xb7, 0x51, 0x85, 0x0b, 0x1a, 0x57, 0x16, 0x8a } },
	{ MS_HASH_SHA1, "sha1", 20, { 0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a } },
	{ MS_HASH_SHA224, "sha224", 28, { 0x23, 0x09, 0x7d, 0x22, 0x34, 0x05, 0xd8, 0x22 } },
	{ MS_HASH_SM3, "sm3", 32, { 0x66, 0xc7, 0xf0, 0xf4, 0x62, 0xee, 0xed, 0xd9 } },
};

static void digests_are_those_of_the_standards_examples(void **state)
{
	uint8_t digest[MS_HASH_MAX_SIZE];

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(known); i++) {
		assert_string_equal(ms_hash_name(known[i].hash), known[i].name);
		assert_int_equal(ms_hash_size(known[i].hash), known[i].size);
		assert_int_equal(ms_hash_bytes(ctx, known[i].hash, "abc", 3, digest), 0);
		assert_memory_equal(digest, known[i].abc, sizeof(known[i].abc));
	}
}

static void only_what_modseal_signs_with_is_found_by_name(void **state)
{
	enum ms_hash hash;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(known); i++) {
		int r = ms_hash_from_name(ctx, known[i].name, &hash);

		if (known[i].hash <= MS_HASH_SHA3_512) {
			assert_int_equal(r, 0);
			assert_int_equal(hash, known[i].hash);
		} else {
			assert_int_equal(r, -EINVAL);
		}
	}
	assert_int_equal(ms_hash_from_name(ctx, "none", &hash), -EINVAL);
	assert_int_equal(ms_hash_from_name(ctx, "SHA256", &hash), -EINVAL);
	assert_int_equal(ms_hash_from_name(ctx, "md5", &hash), -EINVAL);
	assert_non_null(strstr(ms_ctx_message(ctx), "'md5'"));
	assert_non_null(strstr(ms_ctx_message(ctx), "sha3-384"));
}

static void a_value_that_is_no_hash_is_refused(void **state)
{
	struct ms_payload payload = { 0 };
	uint8_t digest[MS_HASH_MAX_SIZE];
	const uint8_t *got;

	(void)state;
	assert_int_equal(ms_hash_size(MS_HASH_NONE), 0);
	assert_int_equal(ms_hash_size(MS_HASH_COUNT), 0);
	assert_string_equal(ms_hash_name((enum ms_hash)99), "none");
	assert_int_equal(ms_hash_bytes(ctx, MS_HASH_NONE, "", 0, digest), -EINVAL);
	assert_int_equal(ms_payload_digest(ctx, &payload, MS_HASH_COUNT, &got), -EINVAL);
}

static void an_algorithm_that_openssl_has_not_is_unsupported(void **state)
{
	uint8_t digest[MS_HASH_MAX_SIZE];

	(void)state;
	assert_int_equal(ms_hash_bytes(ctx, MS_HASH_STREEBOG512, "", 0, digest), -EOPNOTSUPP);
	assert_non_null(strstr(ms_ctx_message(ctx), "streebog512"));
	assert_int_equal(ERR_peek_error(), 0);
}

static void a_payload_is_digested_once_for_each_algorithm(void **state)
{
	uint8_t bytes[] = "abc";
	struct ms_payload payload = { .data = bytes, .len = 3 };
	const uint8_t *first, *second;

	(void)state;
	assert_int_equal(ms_payload_digest(ctx, &payload, MS_HASH_SHA256, &first), 0);
	assert_memory_equal(first, known[0].abc, 8);
	bytes[0] = 'X'; /* a second computation would see it */
	assert_int_equal(ms_payload_digest(ctx, &payload, MS_HASH_SHA256, &second), 0);
	assert_memory_equal(second, known[0].abc, 8);
	assert_int_equal(ms_payload_digest(ctx, &payload, MS_HASH_SHA512, &second), 0);
	assert_memory_not_equal(second, known[2].abc, 8);
}

static void *fetch(void *barrier)
{
	const EVP_MD *md = NULL;
	struct ms_ctx *own = ms_ctx_new();

	pthread_barrier_wait(barrier);
	if (ms_hash_md(own, MS_HASH_SHA3_384, &md) < 0)
		md = NULL;
	ms_ctx_free(own);
	return (void *)md;
}

static void threads_that_race_get_the_same_implementation(void **state)
{
	enum { THREADS = 8 };
	pthread_barrier_t barrier;
	pthread_t threads[THREADS];
	void *got[THREADS];

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fetch, &barrier), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], &got[i]);
	pthread_barrier_destroy(&barrier);
	assert_non_null(got[0]);
	for (int i = 1; i < THREADS; i++)
		assert_ptr_equal(got[i], got[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_that_race_get_the_same_implementation),
		cmocka_unit_test(digests_are_those_of_the_standards_examples),
		cmocka_unit_test(only_what_modseal_signs_with_is_found_by_name),
		cmocka_unit_test(a_value_that_is_no_hash_is_refused),
		cmocka_unit_test(an_algorithm_that_openssl_has_not_is_unsupported),
		cmocka_unit_test(a_payload_is_digested_once_for_each_algorithm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
