/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Does -o leave the modules alone and make good copies? */

#include "test-help.h"

#include <signal.h>
#include <sys/wait.h>

#include <modseal/recover.h>

#include "transaction/journal.h"
#include "transaction/transaction.h"

static int open_output(const char *path, const char *output, struct ms_tree **ret)
{
	return help_open(&path, 1, (struct ms_tree_options){ .output = output }, ret);
}

static void with_an_output_the_modules_stay_and_copies_are_made(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/sub/deep/b.ko", 2, 100, 0);
	assert_int_equal(link("t/a.ko", "t/c.ko"), 0);
	assert_int_equal(link("t/a.ko", "elsewhere.ko"), 0);
	assert_int_equal(chmod("t/a.ko", 0640), 0);
	assert_int_equal(utimensat(AT_FDCWD, "t/sub/deep/b.ko", times, 0), 0);
	assert_int_equal(open_output("t", "new/out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	tree = ms_tree_free(tree);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_true(help_is_module("new/out/a.ko", 1, 100, 0));
	assert_true(help_is_module("new/out/sub/deep/b.ko", 2, 100, 0));
	assert_int_equal(help_stat("new/out/a.ko").st_mode & 07777, 0640);
	assert_int_equal(help_stat("new/out/a.ko").st_ino,
			 help_stat("new/out/c.ko").st_ino);
	assert_int_equal(help_stat("new/out/sub/deep/b.ko").st_mtim.tv_sec, 2000);
	assert_int_equal(help_strays("."), 0);
}

static void copies_replace_what_was_there_in_one_go(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_text("out/a.ko", "old");
	assert_int_equal(open_output("t", "out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_true(help_is_module("out/a.ko", 1, 100, 0));
}

static void an_output_is_left_without_a_trace_when_an_item_fails(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	struct stat st;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write("t/sub/bad.ko.xz",
		   "\xfd"
		   "7zXZ\0junk",
		   10);
	assert_int_equal(open_output("t", "new/out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	tree = ms_tree_free(tree);
	assert_int_equal(lstat("new", &st), -1);
}

static void two_modules_never_become_one_copy(void **state)
{
	const char *const paths[] = { "t", "u" };
	struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("u/a.ko", 2, 100, 1);
	assert_int_equal(
		help_open(paths, 2, (struct ms_tree_options){ .output = "out" }, &tree),
		-EEXIST);
	assert_string_equal(ms_ctx_message(help_ctx),
			    "'t/a.ko' and 'u/a.ko' would become one file");
}

static void the_tree_itself_is_no_output(void **state)
{
	struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(open_output("t", "t/.", &tree), -EINVAL);
	assert_string_equal(ms_ctx_message(help_ctx), "'t/.' is where the modules are");
}

static void a_link_below_the_output_is_not_followed(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/kernel/fs/a.ko", 1, 100, 1);
	assert_int_equal(mkdir("out", 0755), 0);
	assert_int_equal(mkdir("elsewhere", 0755), 0);
	assert_int_equal(symlink("../elsewhere", "out/kernel"), 0);
	assert_int_equal(open_output("t", "out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), -ENOTDIR);
	assert_string_equal(ms_ctx_message(help_ctx),
			    "'out/kernel' is no directory, or a link, which is not followed");
	tree = ms_tree_free(tree);
	assert_int_equal(rmdir("elsewhere"), 0); /* nothing is in it */
	assert_int_equal(help_strays("."), 0);
}

static void the_output_itself_may_be_a_link(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/kernel/a.ko", 1, 100, 1);
	assert_int_equal(mkdir("real", 0755), 0);
	assert_int_equal(symlink("real", "out"), 0);
	assert_int_equal(open_output("t", "out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_true(help_is_module("real/kernel/a.ko", 1, 100, 0));
}

static void swap_the_output(const char *step)
{
	if (strcmp(step, "begun") != 0)
		return;
	assert_int_equal(rename("out/kernel", "out/moved"), 0);
	assert_int_equal(symlink("../elsewhere", "out/kernel"), 0);
}

static void a_directory_that_becomes_a_link_meanwhile_is_not_followed(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/kernel/a.ko", 1, 100, 1);
	assert_int_equal(mkdir("elsewhere", 0755), 0);
	assert_int_equal(open_output("t", "out", &tree), 0);
	ms_transaction_hook = swap_the_output;
	ms_tree_strip(help_ctx, tree, true);
	ms_transaction_hook = NULL;
	tree = ms_tree_free(tree);
	assert_int_equal(rmdir("elsewhere"), 0);
}

static void die_at(const char *step)
{
	static int staged;

	if (!strcmp(step, "staged") && ++staged == 2)
		raise(SIGKILL);
}

static void raise_at_once(const char *step)
{
	(void)step;
	raise(SIGKILL);
}

static void directories_that_a_killed_run_made_are_removed(void **state)
{
	enum ms_recovery how;
	struct stat st;
	pid_t child;
	int status;

	(void)state;
	help_write_module("t/kernel/fs/a.ko", 1, 100, 1);
	help_write_module("t/kernel/fs/deep/b.ko", 2, 100, 1);
	help_write_module("t/kernel/net/c.ko", 3, 100, 1);
	help_write_text("out/kernel/net/there", "before");
	child = fork();
	if (child == 0) {
		struct ms_tree *tree = NULL;

		ms_transaction_hook = die_at;
		open_output("t", "out", &tree);
		ms_tree_strip(help_ctx, tree, true);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(stat("out/kernel/fs/deep", &st), 0);
	assert_int_equal(ms_recover(help_ctx, "out", true, &how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_int_equal(lstat("out/kernel/fs", &st), -1);
	assert_int_equal(stat("out/kernel/net/there", &st), 0);
	assert_int_equal(help_strays("."), 0);
}

static void an_output_that_a_killed_run_made_is_removed_with_its_parents(void **state)
{
	enum ms_recovery how;
	struct stat st;
	pid_t child;
	int status;

	(void)state;
	help_write_module("t/kernel/a.ko", 1, 100, 1);
	help_write_text("there/before", "");
	child = fork();
	if (child == 0) {
		struct ms_tree *tree = NULL;

		open_output("t", "there/new/out", &tree);
		ms_transaction_hook = raise_at_once;
		ms_tree_strip(help_ctx, tree, true);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(ms_recover(help_ctx, "there/new/out", true, &how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_int_equal(lstat("there/new", &st), -1);
	assert_int_equal(lstat("there", &st), 0);
}

static bool was_empty_dir_gone, was_locked;

static void look_when_done(const char *step)
{
	struct stat st;

	if (strcmp(step, "done"))
		return;
	was_empty_dir_gone = lstat("out/broken", &st) < 0;
	was_locked = lstat("out/" MS_JOURNAL_NAME, &st) == 0;
}

/* Behind the lock another run may count on them. */
static void directories_that_stay_empty_go_before_the_lock(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/kernel/a.ko", 1, 100, 1);
	help_write("t/broken/b.ko.gz", "\x1f\x8b\x08\xff", 4);
	assert_int_equal(
		help_open(&path, 1,
			  (struct ms_tree_options){ .output = "out", .keep_going = true },
			  &tree),
		0);
	ms_transaction_hook = look_when_done;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	tree = ms_tree_free(tree);
	assert_true(was_empty_dir_gone && was_locked);
	assert_true(help_is_module("out/kernel/a.ko", 1, 100, 0));
	assert_int_equal(help_strays("out"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_an_output_the_modules_stay_and_copies_are_made),
		TEST(copies_replace_what_was_there_in_one_go),
		TEST(an_output_is_left_without_a_trace_when_an_item_fails),
		TEST(two_modules_never_become_one_copy),
		TEST(the_tree_itself_is_no_output),
		TEST(a_link_below_the_output_is_not_followed),
		TEST(the_output_itself_may_be_a_link),
		TEST(a_directory_that_becomes_a_link_meanwhile_is_not_followed),
		TEST(directories_that_a_killed_run_made_are_removed),
		TEST(an_output_that_a_killed_run_made_is_removed_with_its_parents),
		TEST(directories_that_stay_empty_go_before_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
