/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What does a new file keep of the one that it replaces? */

#include "../test-help.h"

#include <sys/xattr.h>

static void mode_times_and_xattrs_are_kept(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000, .tv_nsec = 7 },
					   { .tv_sec = 2000 } };
	char value[8];

	(void)state;
	help_write_module("a.ko", 1, 100, 1);
	assert_int_equal(utimensat(AT_FDCWD, "a.ko", times, 0), 0);
	if (setxattr("a.ko", "user.note", "kept", 4, 0) < 0)
		print_message("SKIPPED: no user xattrs here\n");
	assert_int_equal(chmod("a.ko", 0440), 0);
	if (geteuid() == 0)
		assert_int_equal(chown("a.ko", 12, 34), 0);
	assert_int_equal(help_strip("a.ko", (struct ms_tree_options){ 0 }), 0);
	assert_true(help_is_module("a.ko", 1, 100, 0));
	assert_int_equal(help_stat("a.ko").st_mode & 07777, 0440);
	assert_true(help_stat("a.ko").st_mtim.tv_sec > 2000);
	if (getxattr("a.ko", "user.note", value, 8) != 4)
		print_message("SKIPPED: no user xattrs here\n");
	else
		assert_memory_equal(value, "kept", 4);
	if (geteuid() == 0) {
		assert_int_equal(help_stat("a.ko").st_uid, 12);
		assert_int_equal(help_stat("a.ko").st_gid, 34);
	}
}

static void the_access_time_is_that_of_before_the_run(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000, .tv_nsec = 7 },
					   { .tv_sec = 2000 } };

	(void)state;
	help_write_module("a.ko", 1, 100, 1);
	assert_int_equal(utimensat(AT_FDCWD, "a.ko", times, 0), 0);
	assert_int_equal(help_strip("a.ko", (struct ms_tree_options){ 0 }), 0);
	assert_int_equal(help_stat("a.ko").st_atim.tv_sec, 1000);
	assert_int_equal(help_stat("a.ko").st_atim.tv_nsec, 7);
}

static void ima_and_evm_are_dropped_with_one_warning(void **state)
{
	char value[8];

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 1, 100, 1);
	if (setxattr("t/a.ko", "security.ima", "\1x", 2, 0) < 0 ||
	    setxattr("t/b.ko", "security.ima", "\1x", 2, 0) < 0) {
		print_message("SKIPPED: security.* xattrs need root: %s\n",
			      strerror(errno));
		skip();
	}
	assert_int_equal(setxattr("t/a.ko", "security.modseal", "kept", 4, 0), 0);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .jobs = 1 }), 0);
	assert_int_equal(getxattr("t/a.ko", "security.ima", value, 8), -1);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(getxattr("t/a.ko", "security.modseal", value, 8), 4);
	assert_string_equal(help_log,
			    "security.ima is not kept where the content changes "
			    "(2 files, 't/a.ko' for one)\n");
}

static void a_default_acl_of_the_directory_gives_no_new_rights(void **state)
{
	/* version 2; user::rwx, user:65534:rwx, group::r-x, mask::rwx, other::--- */
	static const unsigned char acl[] = {
		2, 0,	0,   0,	  1,   0,   7,	0, 255, 255, 255, 255, 2,   0,	 7,
		0, 254, 255, 0,	  0,   4,   0,	5, 0,	255, 255, 255, 255, 16,	 0,
		7, 0,	255, 255, 255, 255, 32, 0, 0,	0,   255, 255, 255, 255,
	};

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	if (setxattr("t", "system.posix_acl_default", acl, sizeof(acl), 0) < 0) {
		print_message("SKIPPED: no ACLs here: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), 0);
	assert_int_equal(getxattr("t/a.ko", "system.posix_acl_access", NULL, 0), -1);
	assert_int_equal(help_stat("t/a.ko").st_mode & 07777, 0644);
}

static void hard_links_under_the_paths_stay_linked(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(mkdir("t/sub", 0755), 0);
	assert_int_equal(link("t/a.ko", "t/sub/b.ko"), 0);
	assert_int_equal(link("t/a.ko", "t/c.ko"), 0);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_STRIPPED);
	help_assert_outcome(tree, "t/c.ko", MS_OUTCOME_STRIPPED);
	help_assert_outcome(tree, "t/sub/b.ko", MS_OUTCOME_STRIPPED);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_int_equal(help_stat("t/a.ko").st_nlink, 3);
	assert_int_equal(help_stat("t/a.ko").st_ino, help_stat("t/c.ko").st_ino);
	assert_int_equal(help_stat("t/a.ko").st_ino, help_stat("t/sub/b.ko").st_ino);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void hard_links_that_lead_out_are_refused_and_nothing_is_done(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(link("t/a.ko", "out.ko"), 0);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	help_assert_outcome(tree, "t/b.ko", MS_OUTCOME_ROLLED_BACK);
	assert_int_equal(help_item(tree, "t/a.ko")->error, -EMLINK);
	assert_string_equal(
		help_item(tree, "t/a.ko")->message,
		"'t/a.ko' has hard links outside of the given paths (1 of 2)");
	assert_non_null(help_item(tree, "t/a.ko")->hint);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_true(help_is_module("t/b.ko", 2, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void break_links_leaves_the_outer_name_as_it_was(void **state)
{
	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(link("t/a.ko", "t/b.ko"), 0);
	assert_int_equal(link("t/a.ko", "out.ko"), 0);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .break_links = true }),
			 0);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("out.ko", 1, 100, 1));
	assert_int_equal(help_stat("t/a.ko").st_ino, help_stat("t/b.ko").st_ino);
	assert_int_equal(help_stat("t/a.ko").st_nlink, 2);
}

static void what_another_user_owns_is_not_taken_over(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";
	int r;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: needs root to give files away\n");
		skip();
	}
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(chown("t", 65534, 65534), 0);
	assert_int_equal(seteuid(65534), 0);
	r = help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree);
	if (r == 0)
		r = ms_tree_strip(help_ctx, tree, true);
	assert_int_equal(r, 0);
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "cannot keep the owner of 't/a.ko': Operation not permitted");
	tree = ms_tree_free(tree);
	assert_int_equal(seteuid(0), 0);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_int_equal(help_strays("."), 0);
}

static void a_copy_that_is_somebody_else_s_has_no_set_id_bits(void **state)
{
	int r;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: needs root to give files away\n");
		skip();
	}
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(chown("t/a.ko", 12, 34), 0);
	assert_int_equal(chmod("t/a.ko", 06755), 0);
	assert_int_equal(mkdir("own", 0777), 0);
	assert_int_equal(chown("own", 65534, 65534), 0);
	assert_int_equal(seteuid(65534), 0);
	r = help_strip("t", (struct ms_tree_options){ .output = "own" });
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, 0);
	assert_int_equal(help_stat("own/a.ko").st_uid, 65534);
	assert_int_equal(help_stat("own/a.ko").st_mode & 07777, 0755);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .output = "kept" }),
			 0);
	assert_int_equal(help_stat("kept/a.ko").st_uid, 12);
	assert_int_equal(help_stat("kept/a.ko").st_mode & 07777, 06755);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mode_times_and_xattrs_are_kept),
		TEST(the_access_time_is_that_of_before_the_run),
		TEST(ima_and_evm_are_dropped_with_one_warning),
		TEST(a_default_acl_of_the_directory_gives_no_new_rights),
		TEST(hard_links_under_the_paths_stay_linked),
		TEST(hard_links_that_lead_out_are_refused_and_nothing_is_done),
		TEST(break_links_leaves_the_outer_name_as_it_was),
		TEST(what_another_user_owns_is_not_taken_over),
		TEST(a_copy_that_is_somebody_else_s_has_no_set_id_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
