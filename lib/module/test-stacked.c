/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The walk over stacked trailers where no signature is looked at: what is taken off, what
 * ends it, what stands. Signatures are tests/test_hashed_verify.py's and the fuzzer's.
 */

#include "../../tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "module.h"

static const char payload[] = "the module, which is no ELF file";

enum { PAYLOAD = sizeof(payload) - 1 };

static struct ms_ctx *ctx;
static uint8_t known[1][32];

static int setup(void **state)
{
	uint8_t digest[MS_HASH_MAX_SIZE];

	(void)state;
	ctx = ms_ctx_new();
	if (!ctx || ms_hash_bytes(ctx, MS_HASH_SHA256, payload, PAYLOAD, digest) < 0)
		return -1;
	memcpy(known[0], digest, sizeof(known[0]));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ctx = ms_ctx_free(ctx);
	return 0;
}

static struct ms_buf new_module(void)
{
	struct ms_buf file = { 0 };

	assert_int_equal(ms_buf_append(&file, payload, PAYLOAD), 0);
	return file;
}

/* Stacks a trailer: body, struct with these fields, marker. */
static void stack(struct ms_buf *file, const void *body, uint32_t len, uint8_t id_type,
		  uint8_t signer_len)
{
	uint8_t end[MS_TRAILER_END_LEN];

	ms_trailer_write(len, end);
	end[2] = id_type;
	end[3] = signer_len;
	assert_int_equal(ms_buf_append(file, body, len), 0);
	assert_int_equal(ms_buf_append(file, end, sizeof(end)), 0);
}

static struct ms_kernel_hashes list(void)
{
	return (struct ms_kernel_hashes){
		.form = MS_HASHES_LIST, .list = known, .count = 1, .capacity = 4
	};
}

/* The root of the tree of @module alone, and its proof: the leaf once more. */
static struct ms_kernel_hashes root_of(const struct ms_buf *module, uint8_t proof[36])
{
	struct ms_kernel_hashes hashes = { .form = MS_HASHES_ROOT };
	struct ms_merkle *tree = NULL;
	struct ms_buf made = { 0 };
	ms_merkle_hash leaf;

	assert_int_equal(ms_merkle_leaf(ctx, 0, module->data, module->len, leaf), 0);
	assert_int_equal(ms_merkle_build(ctx, (const ms_merkle_hash *)&leaf, 1, &tree), 0);
	hashes.root = ms_merkle_root_of(tree);
	assert_int_equal(ms_merkle_prove(ctx, tree, 0, &made), 0);
	assert_int_equal(made.len, 36);
	memcpy(proof, made.data, 36);
	ms_buf_done(&made);
	ms_merkle_free(tree);
	return hashes;
}

/* Judges the file, which is freed; who vouched. @error: the kernel's; @loaded: bytes. */
static enum ms_voucher judge(struct ms_buf *file, const struct ms_kernel_hashes *hashes,
			     int error, size_t loaded)
{
	const struct ms_vouchers by = { .hashes = hashes };
	struct ms_judgement judgement = { 0 };
	struct ms_module module;
	enum ms_voucher vouched;
	size_t len = 0;

	assert_int_equal(ms_module_read(ctx, file, NULL, 0, &module), 0);
	assert_int_equal(ms_module_judge_stacked(ctx, &module, &by, &judgement, &len), 0);
	assert_int_equal(judgement.error, error);
	assert_int_equal(judgement.verdict, ms_verdict_of_errno(error));
	assert_int_equal(judgement.vouched != MS_VOUCHER_NONE, error == 0);
	assert_int_equal(judgement.vouched_by != NULL, error == 0);
	assert_int_equal(judgement.reason != NULL, error != 0);
	if (loaded)
		assert_int_equal(len, loaded);
	vouched = judgement.vouched;
	ms_judgement_done(&judgement);
	ms_buf_done(file);
	return vouched;
}

static void test_a_list_knows_the_module_below_eight_trailers(void **state)
{
	const struct ms_kernel_hashes hashes = list();

	(void)state;
	for (int depth = 0; depth <= 8; depth++) {
		struct ms_buf file = new_module();

		for (int i = 0; i < depth; i++)
			stack(&file, "body", (uint32_t)i % 5, (uint8_t)(i + 4), 0);
		assert_int_equal(judge(&file, &hashes, 0, PAYLOAD),
				 MS_VOUCHER_HASH_LIST);
	}
}

static void test_a_ninth_trailer_refuses_the_module(void **state)
{
	const struct ms_kernel_hashes hashes = list();
	struct ms_buf file = new_module();

	(void)state;
	for (int i = 0; i < 9; i++)
		stack(&file, "body", 4, 4, 0);
	assert_int_equal(judge(&file, &hashes, EBADMSG, 0), MS_VOUCHER_NONE);
}

static void test_a_marker_with_nothing_before_it_refuses_a_known_module(void **state)
{
	const struct ms_kernel_hashes hashes = list();
	struct ms_buf file = new_module();
	uint8_t end[MS_TRAILER_END_LEN];

	(void)state;
	ms_trailer_write(PAYLOAD, end);
	assert_int_equal(ms_buf_append(&file, end, sizeof(end)), 0);
	stack(&file, "body", 4, 4, 0);
	assert_int_equal(judge(&file, &hashes, EBADMSG, 0), MS_VOUCHER_NONE);
}

static void test_names_of_legacy_trailers_are_bytes_of_the_module(void **state)
{
	const struct ms_kernel_hashes hashes = list();
	struct ms_buf with_names = new_module(), no_room = new_module();

	(void)state;
	assert_int_equal(ms_buf_append(&with_names, "names", 5), 0);
	stack(&with_names, "body", 4, MS_TRAILER_X509, 5);
	assert_int_equal(judge(&with_names, &hashes, ENOPKG, PAYLOAD + 5),
			 MS_VOUCHER_NONE);
	stack(&no_room, "body", 4, MS_TRAILER_PGP, 255);
	assert_int_equal(judge(&no_room, &hashes, 0, PAYLOAD), MS_VOUCHER_HASH_LIST);
}

static void test_the_outermost_trailer_says_what_is_wrong(void **state)
{
	uint8_t proof[36];
	struct ms_buf base = new_module(), file = new_module();
	const struct ms_kernel_hashes hashes = root_of(&base, proof);

	(void)state;
	ms_buf_done(&base);
	proof[20] ^= 1;
	stack(&file, proof, 36, MS_TRAILER_MERKLE, 0);
	stack(&file, "body", 4, MS_TRAILER_PKCS7, 0);
	assert_int_equal(judge(&file, &hashes, ENOPKG, PAYLOAD), MS_VOUCHER_NONE);
	file = new_module();
	stack(&file, "body", 4, MS_TRAILER_PKCS7, 0);
	stack(&file, proof, 36, MS_TRAILER_MERKLE, 0);
	assert_int_equal(judge(&file, &hashes, ENOKEY, PAYLOAD), MS_VOUCHER_NONE);
}

static void test_a_proof_covers_the_trailers_before_it(void **state)
{
	uint8_t proof[36];
	struct ms_buf base = new_module();
	struct ms_kernel_hashes hashes;
	size_t covered;

	(void)state;
	stack(&base, "body", 4, MS_TRAILER_PKCS7, 0);
	covered = base.len;
	hashes = root_of(&base, proof);
	stack(&base, proof, 36, MS_TRAILER_MERKLE, 0);
	stack(&base, "body", 4, MS_TRAILER_PKCS7, 0);
	assert_int_equal(judge(&base, &hashes, 0, covered), MS_VOUCHER_MERKLE_ROOT);
}

static void test_a_proof_is_nothing_to_a_list(void **state)
{
	const struct ms_kernel_hashes hashes = list();
	struct ms_buf file = new_module();

	(void)state;
	stack(&file, "proof", 5, MS_TRAILER_MERKLE, 7);
	assert_int_equal(judge(&file, &hashes, 0, PAYLOAD), MS_VOUCHER_HASH_LIST);
}

static void test_a_root_of_no_module_vouches_for_none(void **state)
{
	const struct ms_kernel_hashes hashes = { .form = MS_HASHES_ROOT };
	struct ms_buf fits = new_module(), other = new_module(), reserved = new_module();

	(void)state;
	stack(&fits, "\0\0\0\0", 4, MS_TRAILER_MERKLE, 0);
	assert_int_equal(judge(&fits, &hashes, ENOKEY, PAYLOAD), MS_VOUCHER_NONE);
	stack(&other, "\0\0\0\0", 3, MS_TRAILER_MERKLE, 0);
	assert_int_equal(judge(&other, &hashes, ENOPKG, PAYLOAD), MS_VOUCHER_NONE);
	stack(&reserved, "\0\0\0\0", 4, MS_TRAILER_MERKLE, 1);
	assert_int_equal(judge(&reserved, &hashes, EBADMSG, 0), MS_VOUCHER_NONE);
}

static void test_an_empty_list_vouches_for_none(void **state)
{
	const struct ms_kernel_hashes hashes = { .form = MS_HASHES_LIST, .capacity = 4 };
	struct ms_buf file = new_module();

	(void)state;
	assert_int_equal(judge(&file, &hashes, ENODATA, PAYLOAD), MS_VOUCHER_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_knows_the_module_below_eight_trailers),
		cmocka_unit_test(test_a_ninth_trailer_refuses_the_module),
		cmocka_unit_test(test_a_marker_with_nothing_before_it_refuses_a_known_module),
		cmocka_unit_test(test_names_of_legacy_trailers_are_bytes_of_the_module),
		cmocka_unit_test(test_the_outermost_trailer_says_what_is_wrong),
		cmocka_unit_test(test_a_proof_covers_the_trailers_before_it),
		cmocka_unit_test(test_a_proof_is_nothing_to_a_list),
		cmocka_unit_test(test_a_root_of_no_module_vouches_for_none),
		cmocka_unit_test(test_an_empty_list_vouches_for_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
