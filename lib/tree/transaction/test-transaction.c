/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What does a run leave behind, when all is well and when something is not? */

#include "../test-help.h"

#include <sched.h>
#include <sys/mount.h>

#include <modseal/recover.h>

#include "../../codec/codec.h"
#include "transaction.h"

static void a_stripped_tree_has_the_payloads_and_nothing_else(void **state)
{
	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/sub/b.ko", 2, 100000, 2);
	help_write_module("t/sub/c.ko", 3, 100, 0);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .jobs = 3 }), 0);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("t/sub/b.ko", 2, 100000, 0));
	assert_true(help_is_module("t/sub/c.ko", 3, 100, 0));
	assert_int_equal(help_strays("."), 0);
	assert_string_equal(help_log, "");
}

static void with_syncs_the_result_is_the_same(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	struct ms_tree_options options = {.size = sizeof(options), .writes = true};
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, false), 0);
	tree = ms_tree_free(tree);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_int_equal(help_strays("."), 0);
}

static void strip_takes_one_trailer_or_all(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "a.ko";

	(void)state;
	help_write_module("a.ko", 1, 100, 3);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, false), 0);
	assert_true(help_is_module("a.ko", 1, 100, 2));
	help_assert_outcome(tree, "a.ko", MS_OUTCOME_STRIPPED);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strip("a.ko", (struct ms_tree_options){ 0 }), 0);
	assert_true(help_is_module("a.ko", 1, 100, 0));
}

static void a_module_without_a_signature_keeps_its_file(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "a.ko";
	struct stat before;

	(void)state;
	help_write_module("a.ko", 1, 100, 0);
	before = help_stat("a.ko");
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	help_assert_outcome(tree, "a.ko", MS_OUTCOME_UNSIGNED);
	assert_int_equal(help_stat("a.ko").st_ino, before.st_ino);
}

static void one_bad_item_leaves_all_as_they_were_unless_to_keep_going(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write("t/bad.ko.xz",
		   "\xfd"
		   "7zXZ\0junk",
		   10);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_ROLLED_BACK);
	help_assert_outcome(tree, "t/bad.ko.xz", MS_OUTCOME_UNDECIDED);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
	assert_int_equal(help_open(&path, 1,
				   (struct ms_tree_options){ .keep_going = true }, &tree),
			 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_STRIPPED);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
}

static void change_a(const char *step)
{
	if (!strcmp(step, "decided"))
		help_write_text("t/a.ko", "somebody else's");
}

static void a_file_that_changes_meanwhile_stops_the_run(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	ms_transaction_hook = change_a;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "'t/a.ko' changed while at work");
	help_assert_outcome(tree, "t/b.ko", MS_OUTCOME_ROLLED_BACK);
	assert_true(help_is_module("t/b.ko", 2, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void a_file_that_changes_meanwhile_is_left_out_when_keeping_going(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";
	struct stat st;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1,
				   (struct ms_tree_options){ .keep_going = true }, &tree),
			 0);
	ms_transaction_hook = change_a;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	help_assert_outcome(tree, "t/b.ko", MS_OUTCOME_STRIPPED);
	assert_true(help_is_module("t/b.ko", 2, 100, 0));
	assert_int_equal(stat("t/a.ko", &st), 0);
	assert_int_equal(st.st_size, 15);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void cancel_at_synced(const char *step)
{
	if (!strcmp(step, "decided"))
		ms_ctx_cancel(help_ctx);
}

static void cancelled_before_the_renames_nothing_has_changed(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	ms_transaction_hook = cancel_at_synced;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), -ECANCELED);
	ms_transaction_hook = NULL;
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_ROLLED_BACK);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void cancel_at_renamed(const char *step)
{
	if (!strcmp(step, "renamed"))
		ms_ctx_cancel(help_ctx);
}

static void once_begun_the_renames_are_gone_through_with(void **state)
{
	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	ms_transaction_hook = cancel_at_renamed;
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), 0);
	ms_transaction_hook = NULL;
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("t/b.ko", 2, 100, 0));
}

/* Puts a directory where @name is, over which no file can be renamed. */
static const char *in_the_way;

static void put_a_directory_in_the_way(const char *step)
{
	if (!strcmp(step, "checked") && unlink(in_the_way) == 0)
		mkdir(in_the_way, 0755);
}

static void where_the_first_rename_fails_nothing_is_changed(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	in_the_way = "t/a.ko";
	ms_transaction_hook = put_a_directory_in_the_way;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "cannot replace 't/a.ko': Is a directory");
	help_assert_outcome(tree, "t/b.ko", MS_OUTCOME_ROLLED_BACK);
	assert_true(help_is_module("t/b.ko", 2, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void a_later_rename_that_fails_is_finished_by_a_recovery(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	enum ms_recovery how;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(rename("t/b.ko", "t/kept"), 0);
	assert_int_equal(link("t/kept", "t/b.ko"), 0);
	assert_int_equal(help_open(&path, 1,
				   (struct ms_tree_options){ .break_links = true },
				   &tree),
			 0);
	in_the_way = "t/b.ko";
	ms_transaction_hook = put_a_directory_in_the_way;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), -EISDIR);
	ms_transaction_hook = NULL;
	assert_string_equal(ms_ctx_message(help_ctx),
			    "1 files were replaced, 1 could not be: "
			    "Is a directory");
	assert_non_null(strstr(ms_ctx_hint(help_ctx), "modseal recover '"));
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_STRIPPED);
	help_assert_outcome(tree, "t/b.ko", MS_OUTCOME_UNDECIDED);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("t"), 2); /* the journal, and what waits */
	assert_int_equal(rmdir("t/b.ko"), 0);
	assert_int_equal(rename("t/kept", "t/b.ko"), 0);
	assert_int_equal(ms_recover(help_ctx, "t", true, &how), 0);
	assert_int_equal(how, MS_RECOVERY_FINISHED);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("t/b.ko", 2, 100, 0));
	assert_int_equal(help_strays("."), 0);
}

static void keeping_going_lets_go_of_what_cannot_be_renamed(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1,
				   (struct ms_tree_options){ .keep_going = true }, &tree),
			 0);
	in_the_way = "t/a.ko";
	ms_transaction_hook = put_a_directory_in_the_way;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), -EISDIR);
	ms_transaction_hook = NULL;
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	help_assert_outcome(tree, "t/b.ko", MS_OUTCOME_STRIPPED);
	assert_true(help_is_module("t/b.ko", 2, 100, 0));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

/* Whatever is at "small" is one of its own from here on; false where that is not allowed. */
static bool mount_small(void)
{
	if (mkdir("small", 0755) == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", "small", "tmpfs", 0, "size=1m") == 0)
		return true;
	print_message("SKIPPED: cannot mount a small tmpfs: %s\n", strerror(errno));
	return false;
}

static void a_module_that_is_a_mount_point_stops_the_run(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	if (!mount_small())
		skip();
	help_write_module("small/other", 3, 100, 1);
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(mount("small/other", "t/b.ko", NULL, MS_BIND, NULL), 0);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_string_equal(help_item(tree, "t/b.ko")->message,
			    "'t/b.ko' is a mount point");
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_ROLLED_BACK);
	tree = ms_tree_free(tree);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_int_equal(help_strays("."), 0);
	assert_int_equal(umount("t/b.ko"), 0);
	assert_int_equal(umount("small"), 0);
}

static void remove_a(const char *step)
{
	if (!strcmp(step, "begun"))
		unlink("t/a.ko");
}

static void a_vanished_file_is_an_error_of_that_item(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	ms_transaction_hook = remove_a;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "cannot open 't/a.ko': No such file or directory");
	assert_true(help_is_module("t/b.ko", 2, 100, 1));
}

static void packed_modules_stay_packed_the_same_way(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf packed = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf wanted = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };
	struct iovec iov;

	(void)state;
	help_module(&bytes, 1, 5000, 1);
	iov = (struct iovec){ bytes.data, bytes.len };
	assert_int_equal(ms_codec_pack(help_ctx, MS_COMPRESSION_XZ, 0, 0, &iov, 1, &packed),
			 0);
	help_write("a.ko.xz", packed.data, packed.len);
	help_module(&bytes, 1, 5000, 0);
	iov = (struct iovec){ bytes.data, bytes.len };
	assert_int_equal(ms_codec_pack(help_ctx, MS_COMPRESSION_XZ, 0, 0, &iov, 1, &wanted),
			 0);
	assert_int_equal(help_strip("a.ko.xz", (struct ms_tree_options){ 0 }), 0);
	assert_int_equal(ms_file_read(help_ctx, "a.ko.xz", 1 << 20, &got), 0);
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.data, wanted.data, got.len);
}

static void a_full_disk_leaves_every_file_as_it_was(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "small";
	char name[64];

	(void)state;
	if (!mount_small())
		skip();
	for (unsigned i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "small/%u.ko", i);
		help_write_module(name, i, 100000, 1);
	}
	assert_int_equal(
		help_open(&path, 1, (struct ms_tree_options){ .jobs = 2 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	for (unsigned i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "small/%u.ko", i);
		assert_true(help_is_module(name, i, 100000, 1));
		assert_true(help_item(tree, name)->outcome == MS_OUTCOME_ROLLED_BACK ||
			    help_item(tree, name)->error == -ENOSPC);
	}
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
	assert_int_equal(umount("small"), 0);
}

static void a_tree_that_cannot_be_written_is_refused_at_once(void **state)
{
	const char *path = "t";
	struct ms_tree *tree = NULL;
	int r;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: needs root to become nobody\n");
		skip();
	}
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(seteuid(65534), 0);
	r = help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EACCES);
}

static void a_dry_run_writes_nothing_at_all(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";
	struct stat before, after;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	before = help_stat("t");
	assert_int_equal(
		help_open(&path, 1, (struct ms_tree_options){ .dry_run = true }, &tree),
		0);
	assert_int_equal(help_strays("."), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	tree = ms_tree_free(tree);
	after = help_stat("t");
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stripped_tree_has_the_payloads_and_nothing_else),
		TEST(with_syncs_the_result_is_the_same),
		TEST(strip_takes_one_trailer_or_all),
		TEST(a_module_without_a_signature_keeps_its_file),
		TEST(one_bad_item_leaves_all_as_they_were_unless_to_keep_going),
		TEST(a_file_that_changes_meanwhile_stops_the_run),
		TEST(a_file_that_changes_meanwhile_is_left_out_when_keeping_going),
		TEST(cancelled_before_the_renames_nothing_has_changed),
		TEST(once_begun_the_renames_are_gone_through_with),
		TEST(where_the_first_rename_fails_nothing_is_changed),
		TEST(a_later_rename_that_fails_is_finished_by_a_recovery),
		TEST(keeping_going_lets_go_of_what_cannot_be_renamed),
		TEST(a_module_that_is_a_mount_point_stops_the_run),
		TEST(a_vanished_file_is_an_error_of_that_item),
		TEST(packed_modules_stay_packed_the_same_way),
		TEST(a_full_disk_leaves_every_file_as_it_was),
		TEST(a_tree_that_cannot_be_written_is_refused_at_once),
		TEST(a_dry_run_writes_nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
