/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Is what is proved what was hashed, and is it all of the tree or nothing? */

#include "../test-help.h"

#include <modseal/tree-hashes.h>

enum { MODULES = 3, SIZE = 2000 };

static const char *const names[MODULES] = { "t/a.ko", "t/b.ko", "t/c.ko" };

static void write_all(void)
{
	for (unsigned i = 0; i < MODULES; i++)
		help_write_module(names[i], i, SIZE, 0);
}

static void assert_untouched(unsigned first)
{
	for (unsigned i = first; i < MODULES; i++)
		assert_true(help_is_module(names[i], i, SIZE, 0));
	assert_int_equal(help_strays("t"), 0);
}

static int open_tree(struct ms_tree_options options, struct ms_tree **ret)
{
	static const char *const paths[] = { "t" };

	return help_open(paths, 1, options, ret);
}

/* Between the two passes: all was hashed, nothing is proved yet. */
static void exchange_first(void *userdata, uint64_t done, uint64_t total,
			   size_t items_done, size_t items)
{
	bool *exchanged = userdata;

	(void)done;
	(void)total;
	if (items_done != items || *exchanged)
		return;
	*exchanged = true;
	help_write_module(names[0], 9, SIZE, 0);
}

static void a_module_that_changes_after_it_was_hashed_leaves_all_without_proof(void **state)
{
	bool exchanged = false;
	struct ms_tree_options options = {.size = sizeof(options),
					  .progress = exchange_first,
					  .progress_userdata = &exchanged};
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	struct ms_merkle_root root;
	bool known = false;

	(void)state;
	write_all();
	assert_int_equal(open_tree(options, &tree), 0);
	assert_int_equal(ms_tree_merkle_prove(help_ctx, tree, NULL, NULL, &root, &known),
			 0);
	assert_true(exchanged && known);
	assert_int_equal(help_item(tree, names[0])->error, -EBUSY);
	help_assert_outcome(tree, names[1], MS_OUTCOME_ROLLED_BACK);
	tree = ms_tree_free(tree);
	assert_true(help_is_module(names[0], 9, SIZE, 0));
	assert_untouched(1);
}

static void a_run_that_is_cancelled_leaves_all_without_proof(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	struct ms_merkle_root root;
	bool known = false;

	(void)state;
	write_all();
	assert_int_equal(open_tree((struct ms_tree_options){ 0 }, &tree), 0);
	ms_ctx_cancel(help_ctx);
	assert_int_equal(ms_tree_merkle_prove(help_ctx, tree, NULL, NULL, &root, &known),
			 -ECANCELED);
	tree = ms_tree_free(tree);
	assert_untouched(0);
}

static void prove(const struct ms_merkle_root *expected, struct ms_merkle_root *ret)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	bool known = false;

	assert_int_equal(open_tree((struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(
		ms_tree_merkle_prove(help_ctx, tree, NULL, expected, ret, &known), 0);
	assert_true(known);
}

static void another_root_than_expected_leaves_all_without_proof(void **state)
{
	const struct ms_merkle_root other = { .levels = 2, .hash = { 1 } };
	struct ms_merkle_root root;

	(void)state;
	write_all();
	prove(&other, &root);
	assert_untouched(0);
	assert_false(ms_merkle_root_same(&root, &other));
}

static enum ms_verdict verdict_of_second(const struct ms_merkle_root *root)
{
	static const char *const paths[] = { "t/b.ko" };
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const struct ms_tree_options options = {.size = sizeof(options)};

	assert_int_equal(ms_tree_open(help_ctx, paths, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_merkle_verify(help_ctx, tree, root), 0);
	return ms_tree_item(tree, 0)->verdict;
}

static void no_byte_of_a_proved_module_can_change_and_be_trusted(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	struct ms_merkle_root root;

	(void)state;
	write_all();
	prove(NULL, &root);
	assert_int_equal(verdict_of_second(&root), MS_VERDICT_TRUSTED);
	assert_int_equal(ms_file_read(help_ctx, "t/b.ko", 1 << 20, &file), 0);
	for (size_t i = 0; i < file.len; i += i < SIZE - 8 ? 97 : 1) {
		file.data[i] ^= 1;
		help_write("t/b.ko", file.data, file.len);
		assert_int_not_equal(verdict_of_second(&root), MS_VERDICT_TRUSTED);
		file.data[i] ^= 1;
	}
	for (size_t len = SIZE; len < file.len; len++) {
		help_write("t/b.ko", file.data, len);
		assert_int_not_equal(verdict_of_second(&root), MS_VERDICT_TRUSTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_module_that_changes_after_it_was_hashed_leaves_all_without_proof,
			help_enter, help_leave),
		cmocka_unit_test_setup_teardown(
			a_run_that_is_cancelled_leaves_all_without_proof, help_enter,
			help_leave),
		cmocka_unit_test_setup_teardown(
			another_root_than_expected_leaves_all_without_proof, help_enter,
			help_leave),
		cmocka_unit_test_setup_teardown(
			no_byte_of_a_proved_module_can_change_and_be_trusted, help_enter,
			help_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
