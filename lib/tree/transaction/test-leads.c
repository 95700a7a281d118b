/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What does a recovery believe of a root of the same run that it cannot see? Two roots,
 * of which "l" is the lead: the run dies at a named step, and one of the two is moved,
 * hidden or covered. Never is one old and the other new afterwards.
 */

#include "../test-help.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <modseal/recover.h>

#include "journal.h"
#include "transaction.h"

enum { NOBODY = 65534 };

static const char *const roots[] = { "l", "r" };
static const char *last_step;

/* A name space of its own, so that nothing stays mounted whatever happens. */
static bool may_mount(void)
{
	static int may = -1;

	if (may < 0)
		may = unshare(CLONE_NEWNS) == 0 &&
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	if (!may)
		print_message("SKIPPED: cannot mount\n");
	return may;
}

static void become(uid_t user)
{
	if (getuid() != 0)
		return;
	assert_int_equal(user ? setegid(user) : seteuid(user), 0);
	assert_int_equal(user ? seteuid(user) : setegid(user), 0);
}

static int leave(void **state)
{
	become(0);
	umount2("l", MNT_DETACH);
	umount2("r", MNT_DETACH);
	return help_leave(state);
}

/* @trailers: of the modules in r; those in l have one. */
static void make_trees(unsigned trailers)
{
	for (unsigned i = 0; i < 2; i++) {
		char path[16];

		snprintf(path, sizeof(path), "l/%u.ko", i);
		help_write_module(path, i, 2000, 1);
		path[0] = 'r';
		help_write_module(path, i, 2000, trailers);
	}
}

static void die_there(const char *step)
{
	if (!strcmp(step, last_step))
		raise(SIGKILL);
}

static int strip_both(void)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	int r = help_open(roots, 2, (struct ms_tree_options){ .jobs = 1 }, &tree);

	return r < 0 ? r : ms_tree_strip(help_ctx, tree, true);
}

static void strip_killed_at(const char *step)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		last_step = step;
		ms_transaction_hook = die_there;
		_exit(strip_both() == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static int recover(const char *path, enum ms_recovery *how)
{
	*how = MS_RECOVERY_UNDECIDED;
	return ms_recover(help_ctx, path, true, how);
}

static void assert_recovers(const char *path, enum ms_recovery expected)
{
	enum ms_recovery how;

	if (recover(path, &how) != 0)
		fail_msg("%s: %s", path, ms_ctx_message(help_ctx));
	assert_int_equal(how, expected);
}

static void assert_refused(const char *path, int error)
{
	enum ms_recovery how;

	assert_int_equal(recover(path, &how), error);
	assert_int_equal(how, MS_RECOVERY_UNDECIDED);
}

/* All modules of @root are stripped, or none is. */
static void assert_content(const char *root, bool is_new)
{
	for (unsigned i = 0; i < 2; i++) {
		char path[16];

		snprintf(path, sizeof(path), "%s/%u.ko", root, i);
		assert_true(help_is_module(path, i, 2000, is_new ? 0 : 1));
	}
}

static void assert_all(bool is_new)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_content(roots[i], is_new);
		assert_int_equal(help_strays(roots[i]), 0);
	}
}

static void set_journal_mode(const char *root, mode_t mode)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/" MS_JOURNAL_NAME, root);
	assert_int_equal(chmod(path, mode), 0);
}

static void
a_root_whose_journal_cannot_be_believed_stops_the_recovery_of_the_other(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const char *foreign = roots[i], *other = roots[!i];

		make_trees(1);
		strip_killed_at("decided");
		set_journal_mode(foreign, 0644);
		assert_refused(other, -EPERM);
		assert_non_null(
			strstr(ms_ctx_message(help_ctx), "is no journal of this user"));
		assert_content(foreign, false);
		set_journal_mode(foreign, 0600);
		assert_recovers(other, MS_RECOVERY_FINISHED);
		assert_all(true);
	}
}

static void give_to_nobody(void)
{
	static const char *const paths[] = { "l",      "r",	 "l/0.ko",
					     "l/1.ko", "r/0.ko", "r/1.ko" };

	for (size_t i = 0; getuid() == 0 && i < sizeof(paths) / sizeof(*paths); i++)
		assert_int_equal(chown(paths[i], NOBODY, NOBODY), 0);
}

static void a_lead_that_cannot_be_looked_into_may_have_decided(void **state)
{
	(void)state;
	make_trees(1);
	give_to_nobody();
	become(NOBODY);
	strip_killed_at("decided");
	assert_int_equal(chmod("l", 0400), 0); /* can be opened, and no more */
	assert_refused("r", -EACCES);
	assert_int_equal(chmod("l", 0755), 0);
	assert_recovers("r", MS_RECOVERY_FINISHED);
	become(0);
	assert_all(true);
}

/* Mounts file systems on both: all roots of the kind have the same inode number. */
static bool mount_roots(void)
{
	if (!may_mount())
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (mkdir(roots[i], 0755) < 0 ||
		    mount("tmpfs", roots[i], "tmpfs", 0, NULL) < 0) {
			print_message("SKIPPED: cannot mount a tmpfs\n");
			return false;
		}
	return true;
}

static void another_file_system_in_the_place_of_a_root_is_not_taken_for_it(void **state)
{
	(void)state;
	if (!mount_roots())
		skip();
	for (unsigned i = 0; i < 2; i++) {
		const char *covered = roots[i], *other = roots[!i];
		ino_t inode;

		make_trees(1);
		strip_killed_at("decided");
		inode = help_stat(covered).st_ino;
		assert_int_equal(mount("tmpfs", covered, "tmpfs", 0, NULL), 0);
		assert_int_equal(help_stat(covered).st_ino, inode);
		assert_refused(other, -ESTALE);
		assert_int_equal(umount(covered), 0);
		assert_content(covered, false);
		assert_recovers(other, MS_RECOVERY_FINISHED);
		assert_all(true);
	}
}

/* Makes the journal in r, which is ready, note another birth of its lead. */
static void make_the_lead_another(void)
{
	_cleanup_(ms_journal_done) struct ms_journal journal = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };

	assert_int_equal(ms_file_read(help_ctx, "r/" MS_JOURNAL_NAME, 1 << 20, &text), 0);
	assert_int_equal(
		ms_journal_parse(help_ctx, (char *)text.data, text.len, "r", &journal),
		0);
	ms_buf_clear(&text);
	journal.lead.mark.birth++;
	assert_int_equal(ms_journal_begin(&text, journal.txid, &journal.root), 0);
	assert_int_equal(ms_journal_lead(&text, &journal.lead), 0);
	for (size_t i = 0; i < journal.n_entries; i++)
		assert_int_equal(ms_journal_add(&text, &journal.entries[i]), 0);
	assert_int_equal(ms_journal_commit(help_ctx, &text), 0);
	help_write("r/" MS_JOURNAL_NAME, text.data, text.len);
}

static void without_its_journal_a_lead_of_that_name_and_inode_says_nothing(void **state)
{
	(void)state;
	make_trees(1);
	strip_killed_at("ready");
	make_the_lead_another();
	assert_int_equal(rename("l/" MS_JOURNAL_NAME, "kept"), 0);
	assert_refused("r", -ESTALE);
	help_write_text("l/" MS_JOURNAL_NAME, "");
	set_journal_mode("l", 0600);
	assert_refused("r", -ESTALE); /* nor does the journal of another run */
	assert_int_equal(rename("kept", "l/" MS_JOURNAL_NAME), 0);
	assert_recovers("r", MS_RECOVERY_UNDONE); /* that of this one is enough */
	assert_all(false);
}

/* What stands in the lead's place is gone again. */
static void undo_alone(void)
{
	assert_recovers("r", MS_RECOVERY_UNDONE);
	assert_content("r", false);
	assert_int_equal(help_strays("r"), 0);
}

static void a_member_that_was_not_ready_is_undone_wherever_its_lead_is(void **state)
{
	static const char *const steps[] = { "begun", "staged", "synced" };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		make_trees(1);
		strip_killed_at(steps[i]);
		assert_int_equal(rename("l", "away"), 0);
		undo_alone();
		assert_int_equal(rename("away", "l"), 0);
		assert_recovers("l", MS_RECOVERY_UNDONE);
		assert_all(false);
	}
	strip_killed_at("synced");
	set_journal_mode("l", 0644);
	undo_alone();
	set_journal_mode("l", 0600);
	assert_recovers("l", MS_RECOVERY_UNDONE);
	assert_all(false);
}

static void a_run_on_a_member_that_was_not_ready_goes_on_without_its_lead(void **state)
{
	(void)state;
	make_trees(1);
	strip_killed_at("synced");
	assert_int_equal(rename("l", "away"), 0);
	assert_int_equal(help_strip("r", (struct ms_tree_options){ .no_wait = true }), 0);
	assert_content("r", true);
	assert_int_equal(help_strays("r"), 0);
}

static void a_member_that_was_ready_waits_for_its_lead(void **state)
{
	(void)state;
	make_trees(1);
	strip_killed_at("ready");
	assert_int_equal(rename("l", "away"), 0);
	assert_refused("r", -ESTALE);
	assert_non_null(strstr(ms_ctx_hint(help_ctx), "-delete"));
	assert_int_equal(rename("away", "l"), 0);
	assert_recovers("r", MS_RECOVERY_UNDONE);
	assert_all(false);
}

static void a_member_that_was_away_while_its_lead_was_undone_is_undone_later(void **state)
{
	(void)state;
	make_trees(1);
	strip_killed_at("ready");
	assert_int_equal(rename("r", "away"), 0);
	assert_recovers("l", MS_RECOVERY_UNDONE);
	assert_int_equal(rename("away", "r"), 0);
	assert_recovers("r", MS_RECOVERY_UNDONE);
	assert_all(false);
}

static void a_root_with_nothing_to_do_keeps_no_journal(void **state)
{
	static const char *const steps[] = { "ready", "decided", "renamed",
					     "all-renamed" };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) * 2; i++) {
		bool decided = i >= 2;

		make_trees(0);
		strip_killed_at(steps[i / 2]);
		assert_recovers(roots[i % 2],
				decided ? MS_RECOVERY_FINISHED : MS_RECOVERY_UNDONE);
		assert_content("l", decided);
		assert_content("r", true);
		assert_int_equal(help_strays("l") + help_strays("r"), 0);
		for (unsigned root = 0; root < 2; root++)
			assert_recovers(roots[root], MS_RECOVERY_NOTHING);
	}
}

static void an_emptied_journal_goes_with_the_recovery_of_the_lead(void **state)
{
	(void)state;
	make_trees(1);
	strip_killed_at("all-renamed");
	assert_int_equal(truncate("r/" MS_JOURNAL_NAME, 0), 0);
	assert_recovers("l", MS_RECOVERY_FINISHED);
	assert_all(true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_root_whose_journal_cannot_be_believed_stops_the_recovery_of_the_other),
		TEST(a_lead_that_cannot_be_looked_into_may_have_decided),
		TEST(another_file_system_in_the_place_of_a_root_is_not_taken_for_it),
		TEST(without_its_journal_a_lead_of_that_name_and_inode_says_nothing),
		TEST(a_member_that_was_not_ready_is_undone_wherever_its_lead_is),
		TEST(a_run_on_a_member_that_was_not_ready_goes_on_without_its_lead),
		TEST(a_member_that_was_ready_waits_for_its_lead),
		TEST(a_member_that_was_away_while_its_lead_was_undone_is_undone_later),
		TEST(a_root_with_nothing_to_do_keeps_no_journal),
		TEST(an_emptied_journal_goes_with_the_recovery_of_the_lead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
