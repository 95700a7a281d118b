/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A tree with something mounted in it, and a run that is killed: does a recovery see what
 * it cannot see? And is a directory that the run made known again, wherever the journal
 * is?
 */

#include "../test-help.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <modseal/recover.h>

#include "journal.h"
#include "transaction.h"

static bool mounts;
static const char *wanted_step;

/* A name space of its own, so that nothing stays mounted whatever happens. */
static int enter_group(void **state)
{
	(void)state;
	/* bind mounts of one file system are told apart by their numbers alone */
	mounts = unshare(CLONE_NEWNS) == 0 && ms_mark_mount(AT_FDCWD) != 0 &&
		 mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return 0;
}

static void mount_again(void)
{
	assert_int_equal(mount("away", "t/m/n", NULL, MS_BIND, NULL), 0);
}

static void die(const char *step)
{
	if (!strcmp(step, wanted_step))
		raise(SIGKILL);
}

static void strip_killed_at(const char *step, const char *output)
{
	struct ms_tree_options options = {
		.size = sizeof(options), .jobs = 1, .output = output};
	const char *path = "t";
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct ms_tree *tree = NULL;

		wanted_step = step;
		ms_transaction_hook = die;
		if (help_open(&path, 1, options, &tree) == 0)
			ms_tree_strip(help_ctx, tree, true);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* t/a.ko, and another module on what was mounted for t/m/n. */
static void kill_with_a_mount(const char *step)
{
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("away/deep/b.ko", 2, 100, 1);
	help_write_text("t/m/n/under", "what the mount covers");
	mount_again();
	strip_killed_at(step, NULL);
	assert_int_equal(umount("t/m/n"), 0);
}

static void assert_refused(void)
{
	enum ms_recovery how;

	assert_int_equal(ms_recover(help_ctx, "t", true, &how), -ESTALE);
	assert_non_null(strstr(ms_ctx_message(help_ctx), "t/m/n', and is not there"));
	assert_non_null(ms_ctx_hint(help_ctx));
	assert_int_equal(access("t/" MS_JOURNAL_NAME, F_OK), 0);
}

static void assert_recovers(enum ms_recovery expected)
{
	enum ms_recovery how;

	if (ms_recover(help_ctx, "t", true, &how) != 0)
		fail_msg("%s", ms_ctx_message(help_ctx));
	assert_int_equal(how, expected);
}

static void what_was_decided_is_not_finished_before_all_is_mounted(void **state)
{
	(void)state;
	if (!mounts)
		skip();
	kill_with_a_mount("decided");
	assert_refused();
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), -ESTALE);
	assert_true(help_is_module("away/deep/b.ko", 2, 100, 1));
	mount_again();
	assert_recovers(MS_RECOVERY_FINISHED);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("t/m/n/deep/b.ko", 2, 100, 0));
	assert_int_equal(umount("t/m/n"), 0);
}

static void what_was_not_decided_is_not_undone_before_all_is_mounted(void **state)
{
	(void)state;
	if (!mounts)
		skip();
	kill_with_a_mount("synced");
	assert_refused();
	assert_int_equal(help_strays("away"), 1);
	assert_int_equal(mount("tmpfs", "t/m/n", "tmpfs", 0, NULL), 0); /* says nothing */
	assert_refused();
	assert_int_equal(umount("t/m/n"), 0);
	mount_again();
	assert_recovers(MS_RECOVERY_UNDONE);
	assert_int_equal(help_strays("."), 0);
	assert_true(help_is_module("t/m/n/deep/b.ko", 2, 100, 1));
	assert_int_equal(umount("t/m/n"), 0);
}

static void what_is_mounted_below_an_output_is_looked_for_too(void **state)
{
	enum ms_recovery how;

	(void)state;
	if (!mounts)
		skip();
	help_write_module("t/sub/a.ko", 1, 100, 1);
	help_write_text("away/before", "");
	help_write_text("out/sub/under", "");
	assert_int_equal(mount("away", "out/sub", NULL, MS_BIND, NULL), 0);
	strip_killed_at("synced", "out");
	assert_int_equal(umount("out/sub"), 0);
	assert_int_equal(ms_recover(help_ctx, "out", true, &how), -ESTALE);
	assert_int_equal(mount("away", "out/sub", NULL, MS_BIND, NULL), 0);
	assert_int_equal(ms_recover(help_ctx, "out", true, &how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_int_equal(umount("out/sub"), 0);
	assert_int_equal(help_strays("."), 0);
}

static void an_output_that_was_put_aside_is_not_taken_for_another(void **state)
{
	enum ms_recovery how;
	struct stat st;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_text("there/before", "");
	strip_killed_at("begun", "there/new/out");
	/* "new" is another directory now, and would be empty but for what the run made */
	assert_int_equal(rename("there/new", "there/aside"), 0);
	assert_int_equal(mkdir("there/new", 0755), 0);
	assert_int_equal(rename("there/aside/out", "there/new/out"), 0);
	assert_int_equal(ms_recover(help_ctx, "there/new/out", true, &how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_int_equal(stat("there/new/out", &st), -1);
	assert_int_equal(stat("there/new", &st), 0);
}

static void a_journal_of_an_output_removes_nothing_elsewhere(void **state)
{
	enum ms_recovery how;
	struct stat st;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_text("there/before", "");
	assert_int_equal(mkdir("victim", 0755), 0);
	assert_int_equal(mkdir("victim/drop", 0755), 0);
	assert_int_equal(mkdir("victim/drop/att", 0755), 0);
	strip_killed_at("begun", "there/1/2/3");
	assert_int_equal(rename("there/1/2/3/" MS_JOURNAL_NAME,
				"victim/drop/att/" MS_JOURNAL_NAME),
			 0);
	assert_int_equal(ms_recover(help_ctx, "victim/drop/att", true, &how), -EBADMSG);
	assert_non_null(ms_ctx_hint(help_ctx));
	assert_int_equal(stat("victim/drop/att/" MS_JOURNAL_NAME, &st), 0);
	assert_int_equal(rename("victim/drop/att/" MS_JOURNAL_NAME,
				"there/1/2/3/" MS_JOURNAL_NAME),
			 0);
	assert_int_equal(ms_recover(help_ctx, "there/1/2/3", true, &how), 0);
	assert_int_equal(stat("there/1", &st), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_decided_is_not_finished_before_all_is_mounted),
		TEST(what_was_not_decided_is_not_undone_before_all_is_mounted),
		TEST(what_is_mounted_below_an_output_is_looked_for_too),
		TEST(an_output_that_was_put_aside_is_not_taken_for_another),
		TEST(a_journal_of_an_output_removes_nothing_elsewhere),
	};

	return cmocka_run_group_tests(tests, enter_group, NULL);
}
