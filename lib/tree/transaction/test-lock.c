/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Are two runs on one tree kept apart, whatever they call it? */

#include "../test-help.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "journal.h"
#include "lock.h"
#include "place.h"
#include "transaction.h"

static int open_now(const char *path)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	return help_open(&path, 1, (struct ms_tree_options){ .no_wait = true }, &tree);
}

static void make_tree(void)
{
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/sub/b.ko", 2, 100, 1);
	help_write_module("t/other/c.ko", 3, 100, 1);
	assert_int_equal(symlink("t", "link"), 0);
}

static struct ms_tree *hold(const char *path)
{
	struct ms_tree *tree = NULL;

	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	return tree;
}

static void one_tree_is_one_lock_in_every_spelling(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_free_ char *absolute = realpath(".", NULL);

	(void)state;
	make_tree();
	tree = hold("t");
	assert_int_equal(open_now("t"), -EWOULDBLOCK);
	assert_int_equal(open_now("t/"), -EWOULDBLOCK);
	assert_int_equal(open_now("./t/../t"), -EWOULDBLOCK);
	assert_int_equal(open_now("link"), -EWOULDBLOCK);
	assert_int_equal(open_now("t/a.ko"), -EWOULDBLOCK);
	assert_int_equal(chdir("t"), 0);
	assert_int_equal(open_now("."), -EWOULDBLOCK);
	assert_int_equal(chdir(absolute), 0);
	tree = ms_tree_free(tree);
	assert_int_equal(open_now("t"), 0);
	assert_int_equal(help_strays("."), 0);
}

static void a_lock_keeps_the_trees_above_and_below_too(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	make_tree();
	tree = hold("t/sub");
	assert_int_equal(open_now("t"), -EWOULDBLOCK);
	assert_int_equal(open_now("t/other"), 0);
	tree = ms_tree_free(tree);
	tree = hold("t");
	assert_int_equal(open_now("t/sub"), -EWOULDBLOCK);
	assert_int_equal(open_now("t/sub/b.ko"), -EWOULDBLOCK);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void a_run_does_not_wait_for_itself(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *const paths[] = { "t", "t/sub", "link", "t/sub/b.ko", "t/a.ko" };

	(void)state;
	make_tree();
	assert_int_equal(
		help_open(paths, 5, (struct ms_tree_options){ .no_wait = true }, &tree),
		0);
	assert_int_equal(ms_tree_count(tree), 3);
}

static void reading_takes_no_lock_and_leaves_no_trace(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_(help_tree_cleanup) struct ms_tree *reader = NULL;
	struct ms_tree_options options = {.size = sizeof(options)};
	const char *path = "t";

	(void)state;
	make_tree();
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &reader), 0);
	assert_int_equal(help_strays("."), 0);
	reader = ms_tree_free(reader);
	tree = hold("t");
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &reader), 0);
	assert_non_null(strstr(help_log, "is at work or was interrupted"));
}

/* A child that holds the lock once this returns, until a byte comes or it is killed. */
static pid_t hold_in_child(const char *path, int *ret_release)
{
	int ready[2], release[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(release), 0);
	child = fork();
	if (child == 0) {
		struct ms_tree *tree = hold(path);

		close(release[1]);
		if (write(ready[1], "", 1) != 1 || read(release[0], &byte, 1) != 1)
			_exit(1);
		ms_tree_free(tree);
		_exit(0);
	}
	close(ready[1]);
	close(release[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1); /* 0 bytes if it died before */
	close(ready[0]);
	*ret_release = release[1];
	return child;
}

/* Log function: the first word of a run that waits releases the lock it waits for. */
static void release_when_told(void *userdata, enum ms_log_level level, const char *text)
{
	int *release = userdata;

	(void)level;
	if (*release >= 0 && strstr(text, "waiting for another run on '")) {
		assert_int_equal(write(*release, "", 1), 1);
		close(ms_steal_fd(release));
	}
}

static void a_second_run_waits_until_the_first_is_through(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	int status, release;
	pid_t child;

	(void)state;
	make_tree();
	child = hold_in_child("t", &release);
	ms_ctx_set_log(help_ctx, release_when_told, &release);
	tree = hold("t/sub");
	assert_int_equal(release, -1); /* it has waited, and said so */
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Whoever waits for a lock has not to look where its directory's path leads by then. */
static void a_directory_that_was_moved_is_waited_for(void **state)
{
	_cleanup_(ms_place_done) struct ms_place place = MS_PLACE_INIT;
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_free_ char *dir = NULL;
	enum ms_lock_answer answer;

	(void)state;
	make_tree();
	dir = realpath("t", NULL);
	assert_non_null(dir);
	tree = hold("t");
	assert_int_equal(ms_place_open(help_ctx, dir, &place), 0);
	assert_int_equal(rename("t", "moved"), 0);
	assert_int_equal(mkdir("t", 0755), 0);
	assert_int_equal(ms_place_take_at_last(help_ctx, &place, true, &answer),
			 -EWOULDBLOCK);
}

static void waiting_ends_when_the_run_is_cancelled(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";
	int status, release;
	pid_t child;

	(void)state;
	make_tree();
	child = hold_in_child("t", &release);
	ms_ctx_cancel(help_ctx);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree),
			 -ECANCELED);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(release);
}

static void a_lock_ends_with_the_process_that_held_it(void **state)
{
	int status, release;
	pid_t child;

	(void)state;
	make_tree();
	child = hold_in_child("t", &release);
	assert_int_equal(open_now("t"), -EWOULDBLOCK);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(release);
	assert_int_equal(open_now("t"), 0);
	assert_int_equal(help_strays("."), 0);
}

static void many_runs_at_once_never_meet(void **state)
{
	enum { RUNS = 8, ROUNDS = 20 };
	pid_t children[RUNS];
	int status;

	(void)state;
	make_tree();
	for (int i = 0; i < RUNS; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		for (int k = 0; k < ROUNDS; k++) {
			static const char *const paths[] = { "t", "t/sub", "t/sub/b.ko" };
			struct ms_tree *tree = hold(paths[(i + k) % 3]);
			/* fails if somebody else is between the two lines */
			int fd = open("token", O_CREAT | O_EXCL | O_RDWR, 0600);

			if (fd < 0 || unlink("token") < 0)
				_exit(1);
			close(fd);
			ms_tree_free(tree);
		}
		_exit(0);
	}
	for (int i = 0; i < RUNS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(help_strays("."), 0);
}

static void assert_foreign(const char *why)
{
	int r = open_now("t");

	if (r != -EPERM)
		fail_msg("%s: %d %s", why, r, ms_ctx_message(help_ctx));
	assert_non_null(ms_ctx_hint(help_ctx));
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
}

static void what_is_not_our_journal_is_not_touched(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	(void)state;
	make_tree();
	help_write_text("victim", "precious");
	assert_int_equal(symlink("../victim", "t/" MS_JOURNAL_NAME), 0);
	assert_foreign("link");
	assert_int_equal(unlink("t/" MS_JOURNAL_NAME), 0);
	assert_int_equal(mkfifo("t/" MS_JOURNAL_NAME, 0600), 0);
	assert_foreign("pipe");
	assert_int_equal(unlink("t/" MS_JOURNAL_NAME), 0);
	assert_int_equal(mkdir("t/" MS_JOURNAL_NAME, 0700), 0);
	assert_foreign("directory");
	assert_int_equal(rmdir("t/" MS_JOURNAL_NAME), 0);
	assert_int_equal(chmod("victim", 0600), 0);
	assert_int_equal(link("victim", "t/" MS_JOURNAL_NAME), 0);
	assert_foreign("hard link");
	assert_int_equal(unlink("t/" MS_JOURNAL_NAME), 0);
	help_write_text("t/" MS_JOURNAL_NAME, "");
	assert_int_equal(chmod("t/" MS_JOURNAL_NAME, 0644), 0);
	assert_foreign("readable by others");
	assert_int_equal(ms_file_read(help_ctx, "victim", 100, &got), 0);
	assert_int_equal(got.len, 8);
}

static void another_users_journal_above_does_not_hold_us_up(void **state)
{
	_cleanup_fd_ int fd = -1;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: needs root to give files away\n");
		skip();
	}
	make_tree();
	help_write_text(MS_JOURNAL_NAME, "junk");
	assert_int_equal(chmod(MS_JOURNAL_NAME, 0600), 0);
	assert_int_equal(chown(MS_JOURNAL_NAME, 65534, 65534), 0);
	fd = open(MS_JOURNAL_NAME, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(open_now("t"), 0);
	assert_int_equal(unlink(MS_JOURNAL_NAME), 0);
}

/* Puts the second tree, by a link, where the first one was. */
static void put_another_tree_there(const char *step)
{
	static bool done;

	if (strcmp(step, "staged") != 0 || done)
		return;
	done = true;
	assert_int_equal(rename("t", "moved"), 0);
	assert_int_equal(symlink("second", "t"), 0);
}

static void a_tree_that_is_swapped_meanwhile_costs_no_other_its_journal(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("second/a.ko", 2, 100, 1);
	help_write_text("second/" MS_JOURNAL_NAME, "of the second tree");
	assert_int_equal(chmod("second/" MS_JOURNAL_NAME, 0600), 0);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	ms_transaction_hook = put_another_tree_there;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), -EBUSY);
	ms_transaction_hook = NULL;
	tree = ms_tree_free(tree);
	assert_int_equal(help_stat("second/" MS_JOURNAL_NAME).st_size, 18);
	assert_true(help_is_module("second/a.ko", 2, 100, 1));
	assert_true(help_is_module("moved/a.ko", 1, 100, 1));
	assert_int_equal(help_strays("moved"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_tree_is_one_lock_in_every_spelling),
		TEST(a_lock_keeps_the_trees_above_and_below_too),
		TEST(a_run_does_not_wait_for_itself),
		TEST(reading_takes_no_lock_and_leaves_no_trace),
		TEST(a_second_run_waits_until_the_first_is_through),
		TEST(a_directory_that_was_moved_is_waited_for),
		TEST(waiting_ends_when_the_run_is_cancelled),
		TEST(a_lock_ends_with_the_process_that_held_it),
		TEST(many_runs_at_once_never_meet),
		TEST(what_is_not_our_journal_is_not_touched),
		TEST(another_users_journal_above_does_not_hold_us_up),
		TEST(a_tree_that_is_swapped_meanwhile_costs_no_other_its_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
