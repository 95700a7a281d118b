/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Is a journal read as it was written, and anything else refused? */

#include "../test-help.h"

#include "journal.h"

#define TXID "0123456789abcdef"

static const struct ms_journal_root home = {
	.mark = { 5, 6, 7 },
	.path = (char *)"/home",
};

static void begin(struct ms_buf *text)
{
	assert_int_equal(ms_journal_begin(text, TXID, &home), 0);
}

static void add(struct ms_buf *text, unsigned number, bool had_old, const char *path)
{
	struct ms_journal_entry entry = {
		.number = number,
		.size = 4096,
		.inode = 0xfedcba9876543210,
		.birth = 43,
		.had_old = had_old,
		.old_size = 77,
		.old_seconds = -5,
		.old_nanoseconds = 42,
		.path = (char *)path,
	};

	assert_int_equal(ms_journal_add(text, &entry), 0);
}

static void commit(struct ms_buf *text)
{
	assert_int_equal(ms_journal_commit(help_ctx, text), 0);
}

static int parse(const void *text, size_t len, struct ms_journal *ret)
{
	return ms_journal_parse(help_ctx, text, len, "journal", ret);
}

static void what_was_written_is_read(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_(ms_journal_done) struct ms_journal journal = { 0 };

	(void)state;
	begin(&text);
	add(&text, 3, true, "kernel/a b\n\xff%.ko");
	add(&text, 18, false, "x");
	commit(&text);
	assert_int_equal(parse(text.data, text.len, &journal), 0);
	assert_true(journal.committed);
	assert_string_equal(journal.txid, TXID);
	assert_false(journal.keep_going);
	assert_int_equal(journal.root.mark.inode, 5);
	assert_int_equal(journal.root.mark.file_system, 6);
	assert_int_equal(journal.root.mark.birth, 7);
	assert_string_equal(journal.root.path, "/home");
	assert_int_equal(journal.n_entries, 2);
	assert_int_equal(journal.entries[0].number, 3);
	assert_int_equal(journal.entries[0].size, 4096);
	assert_true(journal.entries[0].inode == 0xfedcba9876543210);
	assert_int_equal(journal.entries[0].birth, 43);
	assert_true(journal.entries[0].had_old);
	assert_int_equal(journal.entries[0].old_size, 77);
	assert_int_equal(journal.entries[0].old_seconds, -5);
	assert_int_equal(journal.entries[0].old_nanoseconds, 42);
	assert_string_equal(journal.entries[0].path, "kernel/a b\n\xff%.ko");
	assert_false(journal.entries[1].had_old);
	assert_string_equal(journal.entries[1].path, "x");
}

static const struct ms_journal_root other = {
	.mark = { 77, 0xfedcba9876543210, 42 },
	.path = (char *)"/a b/c",
};
static const struct ms_journal_root top = { .mark = { 2 }, .path = (char *)"/" };
static const struct ms_journal_root below = { .mark = { 3 }, .path = (char *)"m" };
static const struct ms_journal_root made = { .mark = { 4, 8, 0 }, .path = (char *)"x" };
static const struct ms_journal_root meant = { .path = (char *)"x/y z" };

static void the_other_roots_and_what_is_made_are_read(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_(ms_journal_done) struct ms_journal journal = { 0 };

	(void)state;
	begin(&text);
	assert_int_equal(ms_journal_member(&text, &top), 0);
	assert_int_equal(ms_journal_member(&text, &other), 0);
	assert_int_equal(ms_journal_below(&text, &below), 0);
	assert_int_equal(ms_journal_made_root(&text, &other), 0);
	assert_int_equal(ms_journal_made(&text, &made), 0);
	assert_int_equal(ms_journal_made(&text, &meant), 0);
	assert_int_equal(ms_journal_keep_going(&text), 0);
	add(&text, 0, false, "x/y z/a.ko");
	commit(&text);
	assert_int_equal(parse(text.data, text.len, &journal), 0);
	assert_true(journal.committed);
	assert_null(journal.lead.path);
	assert_int_equal(journal.n_members, 2);
	assert_int_equal(journal.members[0].mark.inode, 2);
	assert_string_equal(journal.members[0].path, "/");
	assert_int_equal(journal.members[1].mark.inode, 77);
	assert_string_equal(journal.members[1].path, "/a b/c");
	assert_int_equal(journal.members[0].mark.file_system, 0); /* none was noted */
	assert_true(journal.members[1].mark.file_system == 0xfedcba9876543210);
	assert_int_equal(journal.members[1].mark.birth, 42);
	assert_int_equal(journal.n_below, 1);
	assert_string_equal(journal.below[0].path, "m");
	assert_int_equal(journal.n_made_roots, 1);
	assert_string_equal(journal.made_roots[0].path, "/a b/c");
	assert_int_equal(journal.n_made, 2);
	assert_int_equal(journal.made[0].mark.file_system, 8);
	assert_int_equal(journal.made[1].mark.inode, 0);
	assert_string_equal(journal.made[1].path, "x/y z");
	assert_true(journal.keep_going);
	assert_int_equal(journal.n_entries, 1);
}

static void a_member_knows_its_lead_before_it_is_ready(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	_cleanup_(ms_journal_done) struct ms_journal journal = { 0 };

	(void)state;
	begin(&text);
	assert_int_equal(ms_journal_lead(&text, &other), 0);
	assert_int_equal(parse(text.data, text.len, &journal), 0);
	assert_false(journal.committed);
	assert_int_equal(journal.lead.mark.inode, 77);
	assert_string_equal(journal.lead.path, "/a b/c");
}

/* It could have been moved, and nobody would know. */
static void a_journal_that_does_not_say_where_it_is_of_is_refused(void **state)
{
	static const char *const begins[] = {
		"modseal-journal 1 " TXID "\n",
		"modseal-journal 2 " TXID "\n",
		"modseal-journal 3 " TXID "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
		struct ms_journal journal = { 0 };

		assert_int_equal(ms_buf_append_str(&text, begins[i]), 0);
		add(&text, 3, true, "a.ko");
		commit(&text);
		assert_int_equal(parse(text.data, text.len, &journal), -EBADMSG);
	}
}

static void a_journal_cut_anywhere_is_undecided(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };

	(void)state;
	begin(&text);
	assert_int_equal(ms_journal_lead(&text, &other), 0);
	assert_int_equal(ms_journal_made(&text, &made), 0);
	add(&text, 0, true, "a.ko");
	commit(&text);
	for (size_t len = 0; len < text.len; len++) {
		struct ms_journal journal = { 0 };
		int r = parse(text.data, len, &journal);

		assert_true(r == -EBADMSG || (r == 0 && !journal.committed));
		ms_journal_done(&journal);
	}
}

static void a_journal_with_one_bit_changed_is_never_committed(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };

	(void)state;
	begin(&text);
	add(&text, 0, true, "a.ko");
	commit(&text);
	for (size_t i = 0; i < text.len * 8; i++) {
		struct ms_journal journal = { 0 };

		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_true(parse(text.data, text.len, &journal) == -EBADMSG ||
			    !journal.committed);
		ms_journal_done(&journal);
		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void assert_line_refused(const char *line)
{
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	struct ms_journal journal = { 0 };

	begin(&text);
	assert_int_equal(ms_buf_append_str(&text, line), 0);
	commit(&text);
	if (parse(text.data, text.len, &journal) != -EBADMSG)
		fail_msg("taken: %s", line);
	assert_null(journal.entries);
}

#define MARK ":0123456789abcdef:0123456789abcdef"

static void paths_that_leave_the_tree_are_refused(void **state)
{
	static const char *const paths[] = {
		"/etc/passwd", "../x", "a/../../x", "a/..",	".",	  "./x",
		"a//b",	       "a/",   "",	    "%2e%2e/x", "%2Fetc", "a%2F..%2Fb",
		"%00",	       "a%0",  "a b",	    "%2E%2E",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char line[128];

		snprintf(line, sizeof(line), "file 1 2" MARK " - %s\n", paths[i]);
		assert_line_refused(line);
	}
}

static void lines_that_are_none_are_refused(void **state)
{
	static const char *const lines[] = {
		"\n",
		"file\n",
		"file 1 2" MARK " -\n",
		"file -1 2" MARK " - a\n",
		"file 01 2" MARK " - a\n",
		"file 1 99999999999999999999" MARK " - a\n",
		"file 1 2" MARK " 3 a\n",
		"file 1 2" MARK " 3: a\n",
		"file 1 2" MARK " 3:4 a\n",
		"file 1 2" MARK " 3:4.5 a\n",
		"file 1 2" MARK " 3:--4.000000000 a\n",
		"File 1 2" MARK " - a\n",
		"file 1  2" MARK " - a\n",
		"file 1 2" MARK " - a",
		"file x 2" MARK " - a\n",
		"file 1 2 - a\n",
		"file 1 2:0123456789abcdef - a\n",
		"file 1 2:1:2 - a\n",
		"lead 1 a\n",
		"lead x /a\n",
		"lead 1 /a/../b\n",
		"lead 1 //\n",
		"lead 1: /a\n",
		"lead 1:0123456789abcdef /a\n",
		"lead 1:0123456789abcdef:0123456789abcde /a\n",
		"lead 1:0123456789ABCDEF:0123456789abcdef /a\n",
		"lead 1:0123456789abcdef:0123456789abcdef: /a\n",
		"lead 1 /a\nlead 1 /b\n",
		"lead 1 /a\nmember 1 /b\n",
		"member 1 /b\nlead 1 /a\n",
		"member 1 ../b\n",
		"member 18446744073709551616 /b\n",
		"root 1 /b\n",
		"below 1 /b\n",
		"below 1 ../b\n",
		"made 1 /b\n",
		"made b\n",
		"made-root 1\n",
		"made-root 1 b\n",
		"made-root 1 /a\nmember 1 /b\n",
		"made 1 b\nbelow 1 b\n",
		"made 1 ../b\n",
		"keep-going\nmade 1 b\n",
		"keep-going\nkeep-going\n",
		"keep-going \n",
		"file 1 2" MARK " - a\nmade 1 b\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_line_refused(lines[i]);
}

static void headers_that_are_none_are_refused(void **state)
{
	static const char *const headers[] = {
		"",
		"modseal-journal 4 " TXID "\n",
		"modseal-journal 3 0123456789abcde\n",
		"modseal-journal 3 0123456789ABCDEF\n",
		"modseal-journal 3 ../../../../etc/p\n",
		"\x7f"
		"ELF",
		"modseal-journal 3 " TXID,
		"modseal-journal 3 " TXID "x\n",
	};
	struct ms_journal journal = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		assert_int_equal(parse(headers[i], strlen(headers[i]), &journal),
				 -EBADMSG);
}

static void only_names_of_the_transaction_are_staged_names(void **state)
{
	static const char *const others[] = {
		".modseal-0123456789abcdee-1",
		".modseal-0123456789abcdef",
		".modseal-journal",
		".modseal-0123456789abcdef-",
		".modseal-0123456789abcdef-1x",
		"a.ko",
		"",
		".modseal-0123456789abcdef-1.ko",
		".modseal-",
		"x.modseal-0123456789abcdef-1",
	};
	char name[MS_STAGED_NAME_SIZE];

	(void)state;
	ms_staged_name(TXID, 12, name);
	assert_string_equal(name, ".modseal-" TXID "-12");
	assert_true(ms_is_staged_name(name, TXID));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(ms_is_staged_name(others[i], TXID));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read),
		TEST(the_other_roots_and_what_is_made_are_read),
		TEST(a_member_knows_its_lead_before_it_is_ready),
		TEST(a_journal_that_does_not_say_where_it_is_of_is_refused),
		TEST(a_journal_cut_anywhere_is_undecided),
		TEST(a_journal_with_one_bit_changed_is_never_committed),
		TEST(paths_that_leave_the_tree_are_refused),
		TEST(lines_that_are_none_are_refused),
		TEST(headers_that_are_none_are_refused),
		TEST(only_names_of_the_transaction_are_staged_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
