/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Is a run over several roots one transaction? Three roots, on two file systems where this
 * machine has two, one inode with names in two of them; the run dies at each of its steps,
 * and whichever root is recovered, all are old or all are new.
 */

#include "../test-help.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <modseal/recover.h>

#include "journal.h"
#include "transaction.h"

enum { ROOTS = 3, MODULES = 3 }; /* in each root */

/* By name behind the others, so that the first root is the lead. */
static const char *roots[ROOTS] = { "near/one", "near/two", "z/three" };
static bool mounted;

/* A name space of its own, so that nothing stays mounted whatever happens. */
static int enter_group(void **state)
{
	(void)state;
	mounted = unshare(CLONE_NEWNS) == 0 &&
		  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return 0;
}

static int enter(void **state)
{
	if (help_enter(state) < 0 || mkdir("z", 0755) < 0)
		return -1;
	roots[0] = "near/one";
	if (!mounted || mount("tmpfs", "z", "tmpfs", 0, NULL) < 0)
		print_message("SKIPPED: cannot mount; all roots are on one file system\n");
	return 0;
}

static int leave(void **state)
{
	umount("z");
	return help_leave(state);
}

static const char *path_of(unsigned root, unsigned i)
{
	static char path[192];

	snprintf(path, sizeof(path), "%s/%u/%u.ko", roots[root], i % 2, i);
	return path;
}

static unsigned content_of(unsigned root, unsigned i)
{
	/* 0.ko of the first two roots is one inode */
	return i == 0 && root == 1 ? 0 : root * MODULES + i;
}

static void make_trees(void)
{
	char first[192];

	for (unsigned root = 0; root < ROOTS; root++)
		help_remove_all(roots[root]);
	for (unsigned root = 0; root < ROOTS; root++)
		for (unsigned i = 0; i < MODULES; i++)
			help_write_module(path_of(root, i), content_of(root, i), 2000, 1);
	snprintf(first, sizeof(first), "%s", path_of(0, 0));
	assert_int_equal(unlink(path_of(1, 0)), 0);
	assert_int_equal(link(first, path_of(1, 0)), 0);
}

/* How many are stripped; each is whole, one or the other. */
static unsigned count_new(void)
{
	unsigned n = 0;

	for (unsigned root = 0; root < ROOTS; root++)
		for (unsigned i = 0; i < MODULES; i++) {
			const char *path = path_of(root, i);
			unsigned content = content_of(root, i);
			bool is_new = help_is_module(path, content, 2000, 0);

			n += is_new;
			if (!is_new && !help_is_module(path, content, 2000, 1))
				fail_msg("%s is neither old nor new", path);
		}
	return n;
}

static int strays(void)
{
	int n = 0;

	for (unsigned root = 0; root < ROOTS; root++)
		n += help_strays(roots[root]);
	return n;
}

static int countdown;

static void die_later(const char *step)
{
	(void)step;
	if (countdown-- == 0)
		raise(SIGKILL);
}

static int strip_all(void)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	int r = help_open(roots, ROOTS, (struct ms_tree_options){ .jobs = 1 }, &tree);

	return r < 0 ? r : ms_tree_strip(help_ctx, tree, true);
}

/* Runs @fn in a child that dies at step @n; true where it came to its end. */
static bool dying_at(int n, int (*fn)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		countdown = n;
		ms_transaction_hook = die_later;
		_exit(fn() == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFEXITED(status);
}

static enum ms_recovery recover_root(unsigned root)
{
	enum ms_recovery how = MS_RECOVERY_UNDECIDED;

	if (ms_recover(help_ctx, roots[root], true, &how) != 0)
		fail_msg("%s", ms_ctx_message(help_ctx));
	return how;
}

static void assert_all_or_nothing(void)
{
	unsigned n = count_new();

	if (n != 0 && n != ROOTS * MODULES)
		fail_msg("%u of %u modules are new", n, ROOTS * MODULES);
	assert_int_equal(help_stat(path_of(0, 0)).st_nlink, 2);
}

static void recovered_from_any_root_all_roots_are_old_or_all_are_new(void **state)
{
	unsigned undone = 0, finished = 0;

	(void)state;
	for (unsigned root = 0; root < ROOTS; root++) {
		for (int n = 0;; n++) {
			enum ms_recovery how;

			make_trees();
			if (dying_at(n, strip_all))
				break;
			how = recover_root(root);
			assert_all_or_nothing();
			/* of what was not decided each root may keep its part */
			for (unsigned other = 0; other < ROOTS; other++)
				recover_root(other);
			assert_all_or_nothing();
			assert_int_equal(strays(), 0);
			undone += how == MS_RECOVERY_UNDONE && count_new() == 0;
			finished += how == MS_RECOVERY_FINISHED && count_new() > 0;
		}
		assert_int_equal(count_new(), ROOTS * MODULES);
	}
	/* begun, one an inode, synced, two members ready; decided, checked, all renames, all
	 * of them; after the last step there is nothing to recover
	 */
	assert_int_equal(undone, ROOTS * (1 + (ROOTS * MODULES - 1) + 1 + 2));
	assert_int_equal(finished, ROOTS * (2 + ROOTS * MODULES + 1));
}

static unsigned recovers_from;

static int recover_now(void)
{
	recover_root(recovers_from);
	return 0;
}

static void a_recovery_that_is_killed_is_gone_on_with_from_any_root(void **state)
{
	/* undecided with all staged, decided, and in the midst of the renames */
	static const int steps[] = { 10, 12, 16 };

	(void)state;
	for (unsigned s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		for (unsigned root = 0; root < ROOTS; root++) {
			for (int n = 0;; n++) {
				bool ended;

				make_trees();
				assert_false(dying_at(steps[s], strip_all));
				recovers_from = root;
				ended = dying_at(n, recover_now);
				count_new();
				for (unsigned other = ROOTS; other-- > 0;)
					recover_root(other);
				assert_all_or_nothing();
				assert_int_equal(strays(), 0);
				if (ended)
					break;
			}
		}
	}
}

static void the_next_run_on_one_root_ends_the_run_on_all(void **state)
{
	(void)state;
	for (unsigned root = 0; root < ROOTS; root++) {
		make_trees();
		assert_false(dying_at(16, strip_all));
		assert_int_equal(help_strip(roots[root], (struct ms_tree_options){ 0 }), 0);
		assert_int_equal(count_new(), ROOTS * MODULES);
		assert_int_equal(strays(), 0);
	}
}

static void the_next_run_on_all_roots_does_not_wait_for_itself(void **state)
{
	(void)state;
	for (int n = 0; n < 24; n++) {
		make_trees();
		dying_at(n, strip_all);
		assert_int_equal(strip_all(), 0);
		assert_int_equal(count_new(), ROOTS * MODULES);
		assert_int_equal(strays(), 0);
	}
}

static void a_member_whose_lead_is_gone_is_left_as_it_is(void **state)
{
	enum ms_recovery how;

	(void)state;
	make_trees();
	assert_false(dying_at(12, strip_all)); /* decided */
	assert_int_equal(rename(roots[0], "away"), 0);
	assert_int_equal(ms_recover(help_ctx, roots[2], true, &how), -ESTALE);
	assert_non_null(strstr(ms_ctx_message(help_ctx), "which is not there"));
	assert_int_equal(mkdir(roots[0], 0755), 0); /* another one of that name */
	assert_int_equal(ms_recover(help_ctx, roots[2], true, &how), -ESTALE);
	assert_int_equal(rmdir(roots[0]), 0);
	assert_int_equal(rename("away", roots[0]), 0);
	assert_int_equal(count_new(), 0);
	assert_int_equal(recover_root(2), MS_RECOVERY_FINISHED);
	assert_int_equal(count_new(), ROOTS * MODULES);
	assert_int_equal(strays(), 0);
}

static void a_decision_stays_until_all_members_have_followed_it(void **state)
{
	enum ms_recovery how;

	(void)state;
	make_trees();
	assert_false(dying_at(12, strip_all));
	assert_int_equal(rename(roots[1], "away"), 0);
	assert_int_equal(ms_recover(help_ctx, roots[0], true, &how), -ESTALE);
	assert_int_equal(ms_recover(help_ctx, roots[2], true, &how), -ESTALE);
	assert_int_equal(rename("away", roots[1]), 0);
	assert_int_equal(recover_root(1), MS_RECOVERY_FINISHED);
	assert_int_equal(count_new(), ROOTS * MODULES);
	assert_int_equal(strays(), 0);
}

static void what_was_left_in_one_root_is_told_however_often_it_takes(void **state)
{
	enum ms_recovery how;

	(void)state;
	make_trees();
	assert_false(dying_at(12, strip_all));
	help_write_text(path_of(2, 1), "somebody's newer one");
	assert_int_equal(rename(roots[1], "away"), 0);
	assert_int_equal(ms_recover(help_ctx, roots[0], true, &how), -ESTALE);
	assert_int_equal(rename("away", roots[1]), 0);
	assert_int_equal(recover_root(0), MS_RECOVERY_PARTLY);
	help_write_module(path_of(2, 1), content_of(2, 1), 2000, 0);
	assert_int_equal(count_new(), ROOTS * MODULES);
	assert_int_equal(strays(), 0);
}

static void a_journal_that_names_itself_is_refused(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_free_ char *real = NULL;
	enum ms_recovery how;
	struct ms_journal_root self, home;

	(void)state;
	help_write_text("t/a.ko", "a");
	real = realpath("t", NULL);
	self = (struct ms_journal_root){ { help_stat("t").st_ino }, real };
	home = help_home("t");
	for (int i = 0; i < 2; i++) {
		ms_buf_clear(&text);
		assert_int_equal(ms_journal_begin(&text, "0123456789abcdef", &home), 0);
		assert_int_equal((i ? ms_journal_lead : ms_journal_member)(&text, &self), 0);
		help_write("t/" MS_JOURNAL_NAME, text.data, text.len);
		assert_int_equal(chmod("t/" MS_JOURNAL_NAME, 0600), 0);
		assert_int_equal(ms_recover(help_ctx, "t", false, &how), -EBADMSG);
	}
}

static void a_foreign_tree_that_a_journal_names_is_not_touched(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_free_ char *real = NULL;
	struct ms_journal_root victim, home;

	(void)state;
	help_write_text("victim/.modseal-0123456789abcdef-1", "not of that run");
	real = realpath("victim", NULL);
	victim = (struct ms_journal_root){ { help_stat("victim").st_ino }, real };
	help_write_text("t/a.ko", "a");
	roots[0] = "t";
	home = help_home("t");
	assert_int_equal(ms_journal_begin(&text, "0123456789abcdef", &home), 0);
	assert_int_equal(ms_journal_member(&text, &victim), 0);
	help_write("t/" MS_JOURNAL_NAME, text.data, text.len);
	assert_int_equal(chmod("t/" MS_JOURNAL_NAME, 0600), 0);
	assert_int_equal(recover_root(0), MS_RECOVERY_UNDONE);
	assert_int_equal(help_strays("victim"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(recovered_from_any_root_all_roots_are_old_or_all_are_new),
		TEST(a_recovery_that_is_killed_is_gone_on_with_from_any_root),
		TEST(the_next_run_on_one_root_ends_the_run_on_all),
		TEST(the_next_run_on_all_roots_does_not_wait_for_itself),
		TEST(a_member_whose_lead_is_gone_is_left_as_it_is),
		TEST(a_decision_stays_until_all_members_have_followed_it),
		TEST(what_was_left_in_one_root_is_told_however_often_it_takes),
		TEST(a_journal_that_names_itself_is_refused),
		TEST(a_foreign_tree_that_a_journal_names_is_not_touched),
	};

	/* hundreds of trees, and recovery syncs: memory is the place for it */
	if (access("/dev/shm", W_OK) == 0)
		help_base = "/dev/shm";
	return cmocka_run_group_tests(tests, enter_group, NULL);
}
