/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Does recovery end what was interrupted, and nothing else, whatever a journal says? */

#include "../test-help.h"

#include <modseal/recover.h>

#include "journal.h"

#define TXID   "0123456789abcdef"
#define STAGED ".modseal-" TXID "-"

static struct ms_buf text;

static int enter(void **state)
{
	struct ms_journal_root home;

	ms_buf_clear(&text);
	if (help_enter(state) < 0)
		return -1;
	help_write_text("victim", "precious");
	help_write_text("t/a.ko", "old a");
	home = help_home("t");
	return ms_journal_begin(&text, TXID, &home);
}

static int leave(void **state)
{
	ms_buf_done(&text);
	return help_leave(state);
}

static void put_journal(const void *data, size_t len)
{
	help_write("t/" MS_JOURNAL_NAME, data, len);
	assert_int_equal(chmod("t/" MS_JOURNAL_NAME, 0600), 0);
}

/*
 * An entry that replaces what stands at @path now, by the file that waits beside it; or
 * that has done so, where none does.
 */
static void add(size_t number, size_t size, const char *path)
{
	struct ms_journal_entry entry = { .number = number, .size = size };
	const char *slash = strrchr(path, '/');
	char full[256], staged[256];
	struct statx stx;
	struct stat st;

	snprintf(full, sizeof(full), "t/%s", path);
	snprintf(staged, sizeof(staged), "t/%.*s" STAGED "%zu",
		 slash ? (int)(slash - path) + 1 : 0, path, number);
	if (ms_mark_look(AT_FDCWD, staged, &stx) == 0 ||
	    ms_mark_look(AT_FDCWD, full, &stx) == 0) {
		entry.inode = stx.stx_ino;
		entry.birth = ms_mark_birth(&stx);
	}
	entry.path = (char *)path;
	if (stat(full, &st) == 0) {
		entry.had_old = true;
		entry.old_size = (uint64_t)st.st_size;
		entry.old_seconds = st.st_mtim.tv_sec;
		entry.old_nanoseconds = (uint32_t)st.st_mtim.tv_nsec;
	}
	assert_int_equal(ms_journal_add(&text, &entry), 0);
}

static void commit(void)
{
	assert_int_equal(ms_journal_commit(help_ctx, &text), 0);
	put_journal(text.data, text.len);
}

static int recover(const char *path, enum ms_recovery *how)
{
	*how = MS_RECOVERY_UNDECIDED;
	return ms_recover(help_ctx, path, true, how);
}

static void assert_recovers(enum ms_recovery expected)
{
	enum ms_recovery how;

	if (recover("t", &how) != 0)
		fail_msg("%s", ms_ctx_message(help_ctx));
	assert_int_equal(how, expected);
	assert_int_not_equal(access("t/" MS_JOURNAL_NAME, F_OK), 0);
}

static void assert_text(const char *path, const char *expected)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	assert_int_equal(ms_file_read(help_ctx, path, 1 << 20, &got), 0);
	assert_int_equal(got.len, strlen(expected));
	assert_memory_equal(got.data, expected, got.len);
}

static void without_a_journal_there_is_nothing_to_do(void **state)
{
	(void)state;
	assert_recovers(MS_RECOVERY_NOTHING);
	put_journal("", 0);
	assert_recovers(MS_RECOVERY_NOTHING);
	put_journal("\0\0\0\0\0\0\0\0", 8);
	assert_recovers(MS_RECOVERY_NOTHING);
}

static void an_undecided_transaction_is_undone(void **state)
{
	(void)state;
	help_write_text("t/" STAGED "0", "new a");
	help_write_text("t/sub/deeper/" STAGED "17", "new");
	help_write_text("t/sub/.modseal-ffffffffffffffff-1", "another's");
	add(0, 5, "a.ko");
	put_journal(text.data, text.len);
	assert_recovers(MS_RECOVERY_UNDONE);
	assert_text("t/a.ko", "old a");
	assert_int_equal(help_strays("t"), 1);
	assert_text("t/sub/.modseal-ffffffffffffffff-1", "another's");
}

static void a_decided_transaction_is_finished(void **state)
{
	(void)state;
	help_write_text("t/sub/b.ko", "new already");
	help_write_text("t/" STAGED "0", "new a");
	add(0, 5, "a.ko");
	add(1, 11, "sub/b.ko");
	commit();
	assert_recovers(MS_RECOVERY_FINISHED);
	assert_text("t/a.ko", "new a");
	assert_text("t/sub/b.ko", "new already");
	assert_int_equal(help_strays("t"), 0);
}

static void every_spelling_of_the_tree_and_its_modules_recovers(void **state)
{
	static const char *const paths[] = {
		"t/", "./t", "link", "t/a.ko", "t/sub", "."
	};

	(void)state;
	help_write_text("t/sub/b.ko", "b");
	assert_int_equal(symlink("t", "link"), 0);
	put_journal(text.data, text.len);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		enum ms_recovery how;

		help_write_text("t/" STAGED "0", "new a");
		put_journal(text.data, text.len);
		assert_int_equal(recover(paths[i], &how), 0);
		assert_int_equal(how, MS_RECOVERY_UNDONE);
		assert_int_equal(help_strays("t"), 0);
	}
}

static void the_next_writing_run_recovers_first(void **state)
{
	(void)state;
	help_write_module("t/b.ko", 2, 100, 1);
	help_write_text("t/" STAGED "0", "new a");
	add(0, 5, "a.ko");
	commit();
	assert_int_equal(help_strip("t/b.ko", (struct ms_tree_options){ 0 }), 0);
	assert_text("t/a.ko", "new a");
	assert_true(help_is_module("t/b.ko", 2, 100, 0));
	assert_int_equal(help_strays("t"), 0);
	assert_non_null(strstr(help_log, "finished an interrupted run on '"));
}

static void a_target_that_is_newer_than_the_run_stays(void **state)
{
	(void)state;
	help_write_text("t/" STAGED "0", "new a");
	add(0, 5, "a.ko");
	commit();
	help_write_text("t/a.ko", "somebody's newer a");
	assert_recovers(MS_RECOVERY_PARTLY);
	assert_text("t/a.ko", "somebody's newer a");
	assert_int_equal(help_strays("t"), 0);
	assert_non_null(strstr(help_log, "changed since the interrupted run"));
}

static void assert_refused(int error)
{
	enum ms_recovery how;

	assert_int_equal(recover("t", &how), error);
	assert_int_equal(how, MS_RECOVERY_UNDECIDED);
	assert_int_equal(access("t/" MS_JOURNAL_NAME, F_OK), 0);
	assert_text("victim", "precious");
	assert_text("t/a.ko", "old a");
}

static void a_waiting_file_of_another_size_is_not_renamed(void **state)
{
	(void)state;
	help_write_text("t/" STAGED "0", "torn");
	add(0, 5, "a.ko");
	commit();
	assert_refused(-EBADMSG);
}

static void a_waiting_file_that_the_run_did_not_make_is_not_renamed(void **state)
{
	(void)state;
	help_write_text("t/" STAGED "0", "new a");
	add(0, 5, "a.ko");
	commit();
	assert_int_equal(rename("t/" STAGED "0", "t/kept"), 0);
	help_write_text("t/" STAGED "0", "evil!");
	assert_refused(-EBADMSG);
	assert_non_null(strstr(ms_ctx_message(help_ctx), "not the file that the run"));
	assert_int_equal(rename("t/kept", "t/" STAGED "0"), 0);
	assert_recovers(MS_RECOVERY_FINISHED);
	assert_text("t/a.ko", "new a");
}

static void an_old_module_for_which_nothing_waits_keeps_the_journal(void **state)
{
	(void)state;
	help_write_text("t/" STAGED "0", "new a");
	add(0, 5, "a.ko");
	commit();
	assert_int_equal(unlink("t/" STAGED "0"), 0);
	assert_refused(-ESTALE);
	assert_non_null(strstr(ms_ctx_hint(help_ctx), "rm '"));
}

static void a_missing_module_for_which_nothing_waits_keeps_the_journal(void **state)
{
	enum ms_recovery how;

	(void)state;
	help_write_text("t/sub/b.ko", "old b");
	help_write_text("t/sub/" STAGED "0", "new b");
	add(0, 5, "sub/b.ko");
	commit();
	assert_int_equal(rename("t/sub", "t/elsewhere"), 0);
	assert_refused(-ENOENT);
	assert_non_null(ms_ctx_hint(help_ctx));
	assert_int_equal(mkdir("t/sub", 0755), 0);
	assert_refused(-ESTALE);
	assert_int_equal(rmdir("t/sub"), 0);
	assert_int_equal(rename("t/elsewhere", "t/sub"), 0);
	assert_int_equal(recover("t", &how), 0);
	assert_int_equal(how, MS_RECOVERY_FINISHED);
	assert_text("t/sub/b.ko", "new b");
}

static void what_a_run_that_kept_going_let_go_is_left_and_told(void **state)
{
	(void)state;
	assert_int_equal(ms_journal_keep_going(&text), 0);
	help_write_text("t/" STAGED "0", "new a");
	add(0, 5, "a.ko");
	commit();
	assert_int_equal(unlink("t/" STAGED "0"), 0);
	assert_recovers(MS_RECOVERY_PARTLY);
	assert_text("t/a.ko", "old a");
	assert_non_null(strstr(help_log, "could not be replaced"));
	/* for it was removed while the run was at work */
	put_journal(text.data, text.len);
	assert_int_equal(unlink("t/a.ko"), 0);
	assert_recovers(MS_RECOVERY_PARTLY);
	assert_int_not_equal(access("t/a.ko", F_OK), 0);
}

static void a_new_file_that_has_its_name_and_waits_too_waits_no_more(void **state)
{
	(void)state;
	help_write_text("t/" STAGED "0", "new a");
	add(0, 5, "a.ko");
	commit();
	assert_int_equal(unlink("t/a.ko"), 0);
	assert_int_equal(link("t/" STAGED "0", "t/a.ko"), 0);
	assert_recovers(MS_RECOVERY_FINISHED);
	assert_text("t/a.ko", "new a");
	assert_int_equal(help_strays("t"), 0);
}

static void a_journal_of_another_directory_is_refused(void **state)
{
	struct ms_journal_root home;

	(void)state;
	help_write_text("other/" STAGED "0", "there");
	help_write_text("t/" STAGED "0", "here");
	for (int i = 0; i < 2; i++) {
		home = help_home("other");
		if (i) {
			home = help_home("t");
			home.mark.birth++; /* of that inode, but born at another time */
		}
		ms_buf_clear(&text);
		assert_int_equal(ms_journal_begin(&text, TXID, &home), 0);
		put_journal(text.data, text.len);
		assert_refused(-EBADMSG);
		assert_int_equal(help_strays("t"), 2);
	}
}

static void a_directory_goes_only_where_it_is_the_one_that_the_run_made(void **state)
{
	struct ms_journal_root made;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("t/made", 0755), 0);
	made = help_home("t/made");
	made.path = (char *)"made";
	assert_int_equal(ms_journal_made(&text, &made), 0);
	assert_int_equal(rename("t/made", "t/moved"), 0);
	assert_int_equal(mkdir("t/made", 0755), 0);
	put_journal(text.data, text.len);
	assert_recovers(MS_RECOVERY_UNDONE);
	assert_int_equal(stat("t/made", &st), 0);
	assert_int_equal(rmdir("t/made"), 0);
	assert_int_equal(rename("t/moved", "t/made"), 0);
	put_journal(text.data, text.len);
	assert_recovers(MS_RECOVERY_UNDONE);
	assert_int_equal(stat("t/made", &st), -1);
}

static void a_waiting_link_is_not_renamed(void **state)
{
	(void)state;
	assert_int_equal(symlink("../victim", "t/" STAGED "0"), 0);
	add(0, strlen("../victim"), "a.ko"); /* as long as the link is */
	commit();
	assert_refused(-EBADMSG);
}

static void a_directory_that_became_a_link_is_not_followed(void **state)
{
	(void)state;
	help_write_text("t/sub/b.ko", "old b");
	help_write_text("away/b.ko", "old b");
	help_write_text("away/" STAGED "0", "new b");
	add(0, 5, "sub/b.ko");
	commit();
	assert_int_equal(rename("t/sub", "t/moved"), 0);
	assert_int_equal(symlink("../away", "t/sub"), 0);
	assert_refused(-ENOTDIR);
	assert_text("away/b.ko", "old b");
}

static void undoing_does_not_follow_links_out_of_the_tree(void **state)
{
	(void)state;
	help_write_text("away/" STAGED "0", "not in the tree");
	assert_int_equal(symlink("../away", "t/sub"), 0);
	assert_int_equal(symlink("../victim", "t/" STAGED "5"), 0);
	assert_int_equal(mkdir("t/" STAGED "6", 0755), 0);
	put_journal(text.data, text.len);
	assert_recovers(MS_RECOVERY_UNDONE);
	assert_text("away/" STAGED "0", "not in the tree");
	assert_text("victim", "precious");
	assert_int_equal(help_strays("t"), 2); /* neither is a file that a run made */
}

static void paths_out_of_the_tree_are_refused(void **state)
{
	(void)state;
	help_write_text(STAGED "0", "evil");
	assert_int_equal(ms_buf_append_str(&text, "file 0 4:0123456789abcdef:0123456789ab"
						  "cdef - ../victim\n"),
			 0);
	commit();
	assert_refused(-EBADMSG);
	assert_text(STAGED "0", "evil");
}

static void junk_is_refused_with_a_hint(void **state)
{
	(void)state;
	put_journal("\x7f"
		    "ELF\1\2\3",
		    7);
	assert_refused(-EBADMSG);
	assert_non_null(strstr(ms_ctx_hint(help_ctx), "rm '"));
	assert_int_equal(truncate("t/" MS_JOURNAL_NAME, 100 << 20), 0);
	assert_refused(-EBADMSG);
}

static void a_writing_run_does_not_go_on_over_junk(void **state)
{
	(void)state;
	put_journal("junk", 4);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), -EBADMSG);
	assert_refused(-EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_journal_there_is_nothing_to_do),
		TEST(an_undecided_transaction_is_undone),
		TEST(a_decided_transaction_is_finished),
		TEST(every_spelling_of_the_tree_and_its_modules_recovers),
		TEST(the_next_writing_run_recovers_first),
		TEST(a_target_that_is_newer_than_the_run_stays),
		TEST(a_waiting_file_of_another_size_is_not_renamed),
		TEST(a_waiting_file_that_the_run_did_not_make_is_not_renamed),
		TEST(an_old_module_for_which_nothing_waits_keeps_the_journal),
		TEST(a_missing_module_for_which_nothing_waits_keeps_the_journal),
		TEST(what_a_run_that_kept_going_let_go_is_left_and_told),
		TEST(a_new_file_that_has_its_name_and_waits_too_waits_no_more),
		TEST(a_journal_of_another_directory_is_refused),
		TEST(a_directory_goes_only_where_it_is_the_one_that_the_run_made),
		TEST(a_waiting_link_is_not_renamed),
		TEST(a_directory_that_became_a_link_is_not_followed),
		TEST(undoing_does_not_follow_links_out_of_the_tree),
		TEST(paths_out_of_the_tree_are_refused),
		TEST(junk_is_refused_with_a_hint),
		TEST(a_writing_run_does_not_go_on_over_junk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
