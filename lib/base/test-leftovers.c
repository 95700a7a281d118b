/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "context.h"
#include "file-set-inside.h"
#include "leftovers.h"

#define TAG "0123456789ab"

static char dir[] = "/tmp/modseal-test-leftovers-XXXXXX";
static struct ms_ctx *ctx;
static int fd;

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	if (!ctx || !mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	fd = open(".", O_RDONLY | O_DIRECTORY);
	return fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	ms_ctx_free(ctx);
	close(fd);
	return rmdir(dir);
}

static void put(const char *name, const char *text)
{
	int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	close(file);
}

static bool is_there(const char *name)
{
	return access(name, F_OK) == 0;
}

static int clear(enum ms_recovery *ret)
{
	return ms_leftovers_clear(ctx, fd, dir, ret);
}

static void only_names_of_ours_are_known(void **state)
{
	static const char *const others[] = {
		".modseal-0123456789ab000.new",	  ".modseal-0123456789ab00001.new",
		".modseal-0123456789AB0001.new",  ".modseal-0123456789ab0001.ne",
		".modseal-0123456789ab0001.new2", "modseal-0123456789ab0001.new",
		".modseal-0123456789ab0001-7",	  ".modseal-journal",
		".modseal-key-0123456789abcdef",  ".modseal-",
	};
	char tag[MS_TAG_SIZE], name[MS_TEMPORARY_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(ms_temporary_parse(others[i], tag), MS_TEMPORARY_NONE);
	for (int kind = MS_TEMPORARY_NEW; kind <= MS_TEMPORARY_WORK; kind++) {
		ms_temporary_name(TAG, (enum ms_temporary_kind)kind, 0xabc, name);
		assert_int_equal(ms_temporary_parse(name, tag), kind);
		assert_string_equal(tag, TAG);
	}
}

static void what_is_no_journal_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"modseal-files 1\n",
		"modseal-files 2\ndir /a\nend\n",
		"modseal-files 1\ndir a\nend\n",
		"modseal-files 1\ndir /a\nend\nx",
		"modseal-files 1\ndir /a\nrename f 1 2 - a 0 b",
		"modseal-files 1\ndir /a\nrename f 1 2 - a 1 b\nend\n",
		"modseal-files 1\ndir /a\nrename x 1 2 - a 0 b\nend\n",
		"modseal-files 1\ndir /a\nrename f -1 2 - a 0 b\nend\n",
		"modseal-files 1\ndir /a\nrename f 1 2 - ../a 0 b\nend\n",
		"modseal-files 1\ndir /a\nrename f 1 2 - a 0 ..\nend\n",
		"modseal-files 1\ndir /a\nrename f 1 2 - a 0 b/c\nend\n",
		"modseal-files 1\ndir /a\nrename f 1 2 - a 0 \nend\n",
		"modseal-files 1\ndir /a\nrename f 1 2 3:4 a 0 b\nend\n",
		"modseal-files 1\ndir /a\nrename f 1 2 3:4.1000000000 a 0 b\nend\n",
		"modseal-files 1\ndir /a\nrename f 9999999999999999999 2 - a 0 b\nend\n",
	};
	struct ms_set_journal journal;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(
			ms_set_journal_parse(texts[i], strlen(texts[i]), &journal),
			-EBADMSG);
}

static void a_journal_without_its_end_decides_nothing(void **state)
{
	static const char text[] = "modseal-files 1\ndir /a%20b\ndir /c\n"
				   "rename f 1 2 3:-4.000000005 a 1 b\n";
	struct ms_set_journal journal;

	(void)state;
	assert_int_equal(ms_set_journal_parse(text, strlen(text), &journal), 0);
	assert_false(journal.decided);
	assert_int_equal(journal.n_dirs, 2);
	assert_string_equal(journal.dirs[0], "/a b");
	assert_int_equal(journal.n_lines, 1);
	assert_int_equal(journal.lines[0].old_seconds, -4);
	ms_set_journal_done(&journal);
}

static void what_is_locked_stays_with_all_of_its_set(void **state)
{
	int lock = ms_temporary_create(fd, ".modseal-" TAG "0001.new");
	enum ms_recovery how;

	(void)state;
	assert_true(lock >= 0);
	put(".modseal-" TAG "0002.new", "x");
	put(".modseal-" TAG "0001.old", "x");
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_NOTHING);
	assert_true(is_there(".modseal-" TAG "0002.new"));
	assert_true(is_there(".modseal-" TAG "0001.old"));
	close(lock);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_false(is_there(".modseal-" TAG "0001.new"));
	assert_false(is_there(".modseal-" TAG "0001.old"));
}

static void links_and_other_names_are_passed_over(void **state)
{
	enum ms_recovery how;

	(void)state;
	put("target", "x");
	put(".modseal-key-0123", "x");
	assert_int_equal(symlink("target", ".modseal-" TAG "0001.new"), 0);
	assert_int_equal(clear(&how), 0);
	assert_true(is_there("target"));
	assert_true(is_there(".modseal-key-0123"));
	assert_true(is_there(".modseal-" TAG "0001.new"));
	unlink("target");
	unlink(".modseal-key-0123");
	unlink(".modseal-" TAG "0001.new");
}

/* Bytes of a decided journal over a file that waits, and one that is in the way or not. */
static void decide(const char *old)
{
	_cleanup_free_ char *text = NULL;
	struct stat st;

	put(".modseal-" TAG "0001.new", "new");
	assert_int_equal(stat(".modseal-" TAG "0001.new", &st), 0);
	assert_true(asprintf(&text,
			     "modseal-files 1\ndir %s\nrename f 3 %ju %s .modseal-" TAG
			     "0001.new 0 file\nend\n",
			     dir, (uintmax_t)st.st_ino, old) > 0);
	put(".modseal-" TAG "0000.journal", text);
}

static void what_was_decided_is_finished_where_nobody_came_between(void **state)
{
	enum ms_recovery how;
	struct stat st;

	(void)state;
	decide("-");
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_FINISHED);
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_size, 3);
	put("file", "theirs");
	decide("-");
	assert_int_equal(clear(&how), 0);
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_false(is_there(".modseal-" TAG "0001.new"));
	assert_false(is_there(".modseal-" TAG "0000.journal"));
	unlink("file");
}

static void a_journal_that_others_could_have_written_is_not_believed(void **state)
{
	enum ms_recovery how;

	(void)state;
	decide("-");
	assert_int_equal(chmod(".modseal-" TAG "0000.journal", 0644), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_NOTHING);
	assert_false(is_there("file"));
	assert_int_equal(chmod(".modseal-" TAG "0000.journal", 0600), 0);
	assert_int_equal(link(".modseal-" TAG "0000.journal", "second"), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_NOTHING);
	unlink("second");
	unlink(".modseal-" TAG "0000.journal");
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_names_of_ours_are_known),
		cmocka_unit_test(what_is_no_journal_is_refused),
		cmocka_unit_test(a_journal_without_its_end_decides_nothing),
		cmocka_unit_test(what_is_locked_stays_with_all_of_its_set),
		cmocka_unit_test(links_and_other_names_are_passed_over),
		cmocka_unit_test(what_was_decided_is_finished_where_nobody_came_between),
		cmocka_unit_test(a_journal_that_others_could_have_written_is_not_believed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
