/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Are roots and proofs those of the format, and does a wrong proof lead nowhere? The
 * roots here were computed by tests/support/files/merkle.py, which knows nothing of this code.
 */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "merkle.h"

MS_DEFINE_CLEANUP(free_tree, struct ms_merkle *, ms_merkle_free)

/* Module i is the text "module i". */
static size_t module_text(size_t i, char ret[32])
{
	return (size_t)snprintf(ret, 32, "module %zu", i);
}

static struct ms_merkle *build(size_t n)
{
	_cleanup_free_ ms_merkle_hash *leaves = calloc(n + 1, sizeof(*leaves));
	struct ms_merkle *tree = NULL;
	char text[32];

	assert_non_null(leaves);
	for (size_t i = 0; i < n; i++) {
		size_t len = module_text(i, text);

		assert_int_equal(
			ms_merkle_leaf(ctx, (uint32_t)i, text, len, leaves[i]), 0);
	}
	assert_int_equal(ms_merkle_build(ctx, (const ms_merkle_hash *)leaves, n, &tree), 0);
	return tree;
}

static const struct {
	size_t n;
	const char *root;
} known[] = {
	{ 0, "0:00000000000000000000000000000000"
	  "00000000000000000000000000000000" },
	{ 1, "1:1659e13bf5eb7fda65e59f2cb4d950af"
	  "84eebd5e2ba42a0918b7b634e4605362" },
	{ 2, "1:efb9a16e97934ab74982722259ed13f1"
	  "8fb8c657e5ec4589985bb1d91f71cac9" },
	{ 3, "2:3e7d3bddaad04d96929d1db84db44cc8"
	  "d49adb70ff775e32cb8eb833c5461674" },
	{ 4, "2:bb3eee3b47d9360f99df0f00084a6f7f"
	  "714bd2cea97ffaea23b731f7899fc79e" },
	{ 5, "3:729a0eb3b89ed652195d2c84db83145c"
	  "fba2fa63f08abd94ec02bc72e0812dc5" },
	{ 31, "5:cdc84531b16b6d41566a5c37d14a31a9"
	  "fd234b57fc58db683753013a136a248c" },
	{ 32, "5:a0512ee6a74e397673202a8df18cc9bf"
	  "b6477f2ecc08e323fb96e22ebe761a33" },
	{ 33, "6:e6f8599e9f00b119723f278f3b95a0eb"
	  "54f8e7fa2386a7677efa9191fbb6576c" },
	{ 1019, "10:efe2f84cd8b9e53782fe99e956f653ca"
	  "1626ec668ec656aa835073a7b48c04da" },
	{ 4225, "13:07f581eeda7b514cb8e8bfb6664a1aa4"
	  "e1395b4b6c5ddccfe136184cd1c35831" },
};

static void roots_are_those_of_another_implementation(void **state)
{
	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(known); i++) {
		_cleanup_(free_tree) struct ms_merkle *tree = build(known[i].n);
		struct ms_merkle_root root = ms_merkle_root_of(tree), read;
		char text[MS_MERKLE_ROOT_TEXT];

		ms_merkle_root_text(&root, text);
		assert_string_equal(text, known[i].root);
		assert_int_equal(ms_merkle_root_parse(ctx, text, &read), 0);
		assert_true(ms_merkle_root_same(&root, &read));
	}
}

static int check(const struct ms_merkle_root *root, const struct ms_buf *proof, size_t i)
{
	char text[32];
	size_t len = module_text(i, text);
	int error = -1;

	assert_int_equal(ms_merkle_check(ctx, root, proof->data, proof->len, text, len,
					 &error),
			 0);
	return error;
}

static void every_module_s_proof_leads_to_the_root_and_no_other_s_does(void **state)
{
	(void)state;
	for (size_t k = 1; k < MS_ARRAY_SIZE(known); k++) {
		_cleanup_(free_tree) struct ms_merkle *tree = build(known[k].n);
		struct ms_merkle_root root = ms_merkle_root_of(tree);
		_cleanup_(ms_buf_done) struct ms_buf proof = { 0 };

		for (size_t i = 0; i < known[k].n; i += 1 + known[k].n / 64) {
			ms_buf_clear(&proof);
			assert_int_equal(ms_merkle_prove(ctx, tree, (uint32_t)i, &proof),
					 0);
			assert_int_equal(proof.len, 4 + 32 * (size_t)root.levels);
			assert_int_equal(check(&root, &proof, i), 0);
			assert_int_equal(check(&root, &proof, i + 1), ENOKEY);
		}
		assert_int_equal(
			ms_merkle_prove(ctx, tree, (uint32_t)known[k].n, &proof), -EINVAL);
	}
}

static void a_flipped_bit_anywhere_in_a_proof_leads_elsewhere(void **state)
{
	_cleanup_(free_tree) struct ms_merkle *tree = build(33);
	_cleanup_(ms_buf_done) struct ms_buf proof = { 0 };
	struct ms_merkle_root root = ms_merkle_root_of(tree);

	(void)state;
	assert_int_equal(ms_merkle_prove(ctx, tree, 17, &proof), 0);
	for (size_t i = 0; i < 8 * proof.len; i++) {
		proof.data[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(check(&root, &proof, 17), ENOKEY);
		proof.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(check(&root, &proof, 17), 0);
}

static void two_siblings_swapped_lead_elsewhere(void **state)
{
	_cleanup_(free_tree) struct ms_merkle *tree = build(31);
	_cleanup_(ms_buf_done) struct ms_buf proof = { 0 };
	struct ms_merkle_root root = ms_merkle_root_of(tree);
	ms_merkle_hash kept;

	(void)state;
	assert_int_equal(ms_merkle_prove(ctx, tree, 5, &proof), 0);
	memcpy(kept, proof.data + 4, sizeof(kept));
	memcpy(proof.data + 4, proof.data + 4 + 32, sizeof(kept));
	memcpy(proof.data + 4 + 32, kept, sizeof(kept));
	assert_int_equal(check(&root, &proof, 5), ENOKEY);
}

static void a_proof_of_another_length_is_unsupported(void **state)
{
	_cleanup_(free_tree) struct ms_merkle *tree = build(5);
	_cleanup_(ms_buf_done) struct ms_buf proof = { 0 };
	struct ms_merkle_root root = ms_merkle_root_of(tree);

	(void)state;
	assert_int_equal(ms_merkle_prove(ctx, tree, 4, &proof), 0);
	assert_int_equal(ms_buf_reserve(&proof, 4 + 33 * 32), 0);
	memset(proof.data + proof.len, 0, 4 + 33 * 32 - proof.len);
	for (size_t len = 0; len <= 4 + 33 * 32; len++) {
		struct ms_buf part = { .data = proof.data, .len = len };
		int expected = len == 4 + 32 * (size_t)root.levels ? 0 : ENOPKG;

		assert_int_equal(check(&root, &part, 4), expected);
	}
}

static void nothing_is_under_the_root_of_no_module(void **state)
{
	struct ms_merkle_root none = { 0 };
	struct ms_buf proof = { 0 };
	uint8_t pos[4] = { 0 };

	(void)state;
	proof.data = pos;
	proof.len = sizeof(pos);
	assert_int_equal(check(&none, &proof, 0), ENOKEY);
}

static void a_root_of_0_levels_with_a_leaf_s_hash_vouches_for_nothing(void **state)
{
	struct ms_merkle_root root = { 0 };
	uint8_t pos[4] = { 0 };
	struct ms_buf proof = { .data = pos, .len = sizeof(pos) };
	char text[32];
	size_t len = module_text(0, text);

	(void)state;
	assert_int_equal(ms_merkle_leaf(ctx, 0, text, len, root.hash), 0);
	assert_int_equal(check(&root, &proof, 0), ENOKEY);
}

static void a_root_of_33_levels_is_refused(void **state)
{
	struct ms_merkle_root root = { .levels = 33 };
	uint8_t proof[4 + 33 * 32] = { 0 };
	int error = -1;

	(void)state;
	assert_int_equal(ms_merkle_check(ctx, &root, proof, sizeof(proof), "", 0, &error),
			 -EINVAL);
	assert_int_equal(error, -1);
}

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static void a_text_that_is_no_root_is_refused(void **state)
{
	static const char *const bad[] = {
		"", ":", "13", "13:", "13:00", "33:" HEX, "013:" HEX, "-1:" HEX, " 1:" HEX,
		"1:" HEX " ", "1:" HEX "\n", "0:" HEX, "1:" ZERO, "999:" HEX, HEX,
		"1:00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
	};
	struct ms_merkle_root root;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		assert_int_equal(ms_merkle_root_parse(ctx, bad[i], &root), -EINVAL);
	assert_int_equal(ms_merkle_root_parse(ctx, "32:" HEX, &root), 0);
	assert_int_equal(ms_merkle_root_parse(ctx, "0:" ZERO, &root), 0);
}

static void a_list_is_sorted_and_has_none_twice(void **state)
{
	uint8_t list[5][32] = { { 3 }, { 1 }, { 3 }, { 2 }, { 1 } };
	struct ms_kernel_hashes hashes = { .form = MS_HASHES_LIST, .list = list };
	const uint8_t other[32] = { 4 };

	(void)state;
	hashes.count = ms_hash_list_sort(list, 5);
	assert_int_equal(hashes.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(list[i][0], i + 1);
		assert_true(ms_kernel_hashes_has(&hashes, list[i]));
	}
	assert_false(ms_kernel_hashes_has(&hashes, other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_those_of_another_implementation),
		cmocka_unit_test(every_module_s_proof_leads_to_the_root_and_no_other_s_does),
		cmocka_unit_test(a_flipped_bit_anywhere_in_a_proof_leads_elsewhere),
		cmocka_unit_test(two_siblings_swapped_lead_elsewhere),
		cmocka_unit_test(a_proof_of_another_length_is_unsupported),
		cmocka_unit_test(nothing_is_under_the_root_of_no_module),
		cmocka_unit_test(a_root_of_0_levels_with_a_leaf_s_hash_vouches_for_nothing),
		cmocka_unit_test(a_root_of_33_levels_is_refused),
		cmocka_unit_test(a_text_that_is_no_root_is_refused),
		cmocka_unit_test(a_list_is_sorted_and_has_none_twice),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
