/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is left of a run that was killed? At every step that it takes, by a hook that dies
 * there; and at any moment, by a signal from outside.
 */

#include "../test-help.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include <modseal/recover.h>

#include "transaction.h"

enum {
	MODULES = 40,
	LINKED = 4,  /* of which so many are names of one inode */
	SIZE = 5000, /* of one without its trailer */
};

static const char *path_of(unsigned i)
{
	static char path[64];

	snprintf(path, sizeof(path), "t/%u/%u.ko", i % 7, i);
	return path;
}

static unsigned content_of(unsigned i)
{
	return i < LINKED ? 0 : i;
}

static void make_tree(void)
{
	char first[64];

	help_remove_all("t");
	for (unsigned i = LINKED; i < MODULES; i++)
		help_write_module(path_of(i), i, SIZE, 1);
	help_write_module(path_of(0), 0, SIZE, 1);
	snprintf(first, sizeof(first), "%s", path_of(0));
	for (unsigned i = 1; i < LINKED; i++)
		assert_int_equal(link(first, path_of(i)), 0);
}

/* How many are stripped; each is whole, one or the other. */
static unsigned count_new(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MODULES; i++) {
		bool is_new = help_is_module(path_of(i), content_of(i), SIZE, 0);

		n += is_new;
		if (!is_new && !help_is_module(path_of(i), content_of(i), SIZE, 1))
			fail_msg("%s is neither old nor new", path_of(i));
	}
	return n;
}

static int countdown;

static void die_later(const char *step)
{
	(void)step;
	if (countdown-- == 0)
		raise(SIGKILL);
}

static _Noreturn void strip_and_exit(unsigned jobs)
{
	_exit(help_strip("t", (struct ms_tree_options){ .jobs = jobs }) == 0 ? 0 : 1);
}

/* Strips the tree in a child that dies at step @n; true where it came to its end. */
static bool strip_dying_at(int n)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		countdown = n;
		ms_transaction_hook = die_later;
		strip_and_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFEXITED(status);
}

static enum ms_recovery recover_tree(void)
{
	enum ms_recovery how = MS_RECOVERY_UNDECIDED;

	if (ms_recover(help_ctx, "t", true, &how) != 0)
		fail_msg("%s", ms_ctx_message(help_ctx));
	return how;
}

static void killed_at_any_step_all_modules_are_old_or_all_are_new(void **state)
{
	unsigned undone = 0, finished = 0;

	(void)state;
	for (int n = 0;; n++) {
		enum ms_recovery how;
		unsigned before;

		make_tree();
		if (strip_dying_at(n))
			break;
		before = count_new();
		how = recover_tree();
		assert_true(count_new() == 0 || count_new() == MODULES);
		assert_true(count_new() >= before);
		assert_int_equal(help_strays("t"), 0);
		undone += how == MS_RECOVERY_UNDONE && count_new() == 0;
		finished += how == MS_RECOVERY_FINISHED && count_new() == MODULES;
	}
	/* begun, one step an inode, synced; decided, checked, one step a name and all of
	 * them; after the last step the journal is empty and there is nothing to recover
	 */
	assert_int_equal(undone, 1 + (MODULES - LINKED + 1) + 1);
	assert_int_equal(finished, 2 + MODULES + 1);
}

static bool recover_dying_at(int n)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		countdown = n;
		ms_transaction_hook = die_later;
		recover_tree();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status);
}

static void assert_killed_recovery_goes_on(int step, unsigned expected)
{
	for (int n = 0;; n += 5) {
		bool ended;

		make_tree();
		assert_false(strip_dying_at(step));
		ended = recover_dying_at(n);
		count_new();
		recover_tree();
		assert_int_equal(count_new(), expected);
		assert_int_equal(help_strays("t"), 0);
		if (ended)
			return;
	}
}

static void a_recovery_that_is_killed_is_gone_on_with_by_the_next(void **state)
{
	(void)state;
	assert_killed_recovery_goes_on(30, 0);
	assert_killed_recovery_goes_on(2 + MODULES - LINKED + 1 + 10, MODULES);
}

static void change_one_and_die_withdrawing(const char *step)
{
	if (!strcmp(step, "decided"))
		help_write_module(path_of(20), 20, SIZE + 1, 1);
	if (!strcmp(step, "withdrawn"))
		raise(SIGKILL);
}

static void a_decision_that_was_taken_back_is_not_finished(void **state)
{
	pid_t child;
	int status;

	(void)state;
	make_tree();
	child = fork();
	if (child == 0) {
		ms_transaction_hook = change_one_and_die_withdrawing;
		strip_and_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(recover_tree(), MS_RECOVERY_UNDONE);
	help_write_module(path_of(20), 20, SIZE, 1);
	assert_int_equal(count_new(), 0);
	assert_int_equal(help_strays("t"), 0);
}

/* Of steps in a child with several threads: it writes a byte at one of them, and waits
 * for its end at another.
 */
static atomic_int steps;
static int told_at, stays_at, tells;

static void tell_and_stay(const char *step)
{
	int n = atomic_fetch_add(&steps, 1);

	(void)step;
	if (n == told_at && write(tells, "", 1) != 1)
		_exit(1);
	while (n >= stays_at)
		pause();
}

/*
 * Strips the tree in a child with two threads, and kills that some time after step @told
 * (below 0: after its beginning), when it may be anywhere up to step @stays: a machine
 * that is busy elsewhere finds it there, and no kill ever comes too late.
 */
static void strip_killed_between(int told, int stays)
{
	static unsigned int delay;
	int told_pipe[2], status;
	pid_t child;
	char byte;

	assert_int_equal(pipe(told_pipe), 0);
	child = fork();
	if (child == 0) {
		told_at = told;
		stays_at = stays;
		tells = told_pipe[1];
		ms_transaction_hook = tell_and_stay;
		strip_and_exit(2);
	}
	close(told_pipe[1]);
	if (told >= 0) /* 0 bytes if it ended before */
		assert_int_equal(read(told_pipe[0], &byte, 1), 1);
	/* so that not all kills come right behind the step */
	delay = (delay + 7919) % 200000;
	for (volatile unsigned int i = delay; i > 0; i--)
		;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	close(told_pipe[0]);
}

/* The steps of one run; the files are put in place between these two, in any order. */
enum {
	STAGED = MODULES - LINKED + 1,
	DECIDED = 2 + STAGED,	      /* begun, staged, synced, and this */
	ALL_RENAMED = DECIDED + 2 + MODULES, /* decided, checked, renamed, and this */
};

static void killed_before_anything_is_made_each_module_is_old(void **state)
{
	(void)state;
	make_tree();
	for (int i = 0; i < 20; i++) {
		strip_killed_between(-1, 0);
		assert_int_not_equal(recover_tree(), MS_RECOVERY_FINISHED);
		assert_int_equal(count_new(), 0);
		assert_int_equal(help_strays("t"), 0);
	}
}

static void killed_at_any_moment_each_module_is_old_or_new(void **state)
{
	unsigned undone = 0, finished = 0;

	(void)state;
	for (int told = 0; told <= ALL_RENAMED; told++) {
		/* every other run that is not decided yet stays so */
		bool undecided = told < DECIDED && told % 2 == 0;
		enum ms_recovery how;

		make_tree();
		strip_killed_between(told, undecided ? DECIDED - 1 : ALL_RENAMED);
		count_new();
		how = recover_tree();
		assert_int_equal(how == MS_RECOVERY_FINISHED ? MODULES : 0, count_new());
		assert_int_equal(help_strays("t"), 0);
		if (undecided)
			assert_int_equal(how, MS_RECOVERY_UNDONE);
		if (told >= DECIDED)
			assert_int_equal(how, MS_RECOVERY_FINISHED);
		undone += how == MS_RECOVERY_UNDONE;
		finished += how == MS_RECOVERY_FINISHED;
	}
	assert_int_equal(undone + finished, ALL_RENAMED + 1); /* every kill has hit */
	print_message("%u runs were undone, %u finished\n", undone, finished);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_at_any_step_all_modules_are_old_or_all_are_new),
		TEST(a_recovery_that_is_killed_is_gone_on_with_by_the_next),
		TEST(a_decision_that_was_taken_back_is_not_finished),
		TEST(killed_before_anything_is_made_each_module_is_old),
		TEST(killed_at_any_moment_each_module_is_old_or_new),
	};

	/* hundreds of trees, and recovery syncs: memory is the place for it */
	if (access("/dev/shm", W_OK) == 0)
		help_base = "/dev/shm";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
