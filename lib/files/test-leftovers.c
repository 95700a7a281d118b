/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "file-set-inside.h"
#include "leftovers.h"

#define TAG  "0123456789ab"
#define HEAD "modseal-files 3\nself 1:0123456789abcdef:0123456789abcdef\n"

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
		"modseal-files 3\n",
		"modseal-files 2\ndir 5 /a\nend\n",
		"modseal-files 2\nself 1\ndir 5 /a\nend\n",
		"modseal-files 3\ndir 5 /a\nend\n",
		"modseal-files 3\nself 1:2:3\ndir 5 /a\nend\n",
		"modseal-files 3\nself 1:0123456789abcdef\ndir 5 /a\nend\n",
		HEAD "dir /a\nend\n",
		HEAD "dir 05 /a\nend\n",
		HEAD "dir 18446744073709551616 /a\nend\n",
		HEAD "dir 5 a\nend\n",
		HEAD "dir 5 /a\nend\nx",
		HEAD "dir 5 /a\nrename f 1 2 - a 0 b",
		HEAD "dir 5 /a\nrename f 1 2 - a 1 b\nend\n",
		HEAD "dir 5 /a\nrename x 1 2 - a 0 b\nend\n",
		HEAD "dir 5 /a\nrename f -1 2 - a 0 b\nend\n",
		HEAD "dir 5 /a\nrename f 1 2 - ../a 0 b\nend\n",
		HEAD "dir 5 /a\nrename f 1 2 - a 0 ..\nend\n",
		HEAD "dir 5 /a\nrename f 1 2 - a 0 b/c\nend\n",
		HEAD "dir 5 /a\nrename f 1 2 - a 0 \nend\n",
		HEAD "dir 5 /a\nrename f 1 2 3:4 a 0 b\nend\n",
		HEAD "dir 5 /a\nrename f 1 2 3:4.1000000000 a 0 b\nend\n",
		HEAD "dir 5 /a\nrename f 9999999999999999999 2 - a 0 b\nend\n",
	};
	struct ms_set_journal journal;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(
			ms_set_journal_parse(texts[i], strlen(texts[i]), &journal),
			-EBADMSG);
}

static void the_largest_inode_number_can_be_read(void **state)
{
	static const char text[] = HEAD "dir 18446744073709551615 /a\n"
				   "rename f 1 18446744073709551615 - a 0 b\nend\n";
	static const char note[] = "18446744073709551615 /a\n";
	struct ms_set_journal journal;
	struct ms_set_place place;

	(void)state;
	assert_int_equal(ms_set_journal_parse(text, strlen(text), &journal), 0);
	assert_true(journal.dirs[0].mark.inode == UINT64_MAX);
	assert_true(journal.lines[0].mark.inode == UINT64_MAX);
	ms_set_journal_done(&journal);
	assert_int_equal(ms_set_note_parse(note, strlen(note), &place), 0);
	assert_true(place.mark.inode == UINT64_MAX);
	free(place.path);
}

static void a_journal_without_its_end_decides_nothing(void **state)
{
	static const char text[] = HEAD "dir 5 /a%20b\ndir 6 /c\n"
				   "rename f 1 2 3:-4.000000005 a 1 b\n";
	struct ms_set_journal journal;

	(void)state;
	assert_int_equal(ms_set_journal_parse(text, strlen(text), &journal), 0);
	assert_false(journal.decided);
	assert_int_equal(journal.n_dirs, 2);
	assert_string_equal(journal.dirs[0].path, "/a b");
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

static void other_names_stay_and_what_a_link_leads_to(void **state)
{
	enum ms_recovery how;

	(void)state;
	put("target", "x");
	put(".modseal-key-0123", "x");
	assert_int_equal(symlink("target", ".modseal-" TAG "0001.new"), 0);
	assert_int_equal(mkfifo(".modseal-" TAG "0002.new", 0600), 0);
	assert_int_equal(clear(&how), 0);
	assert_true(is_there("target"));
	assert_true(is_there(".modseal-key-0123"));
	assert_false(is_there(".modseal-" TAG "0001.new"));
	assert_true(is_there(".modseal-" TAG "0002.new"));
	unlink("target");
	unlink(".modseal-key-0123");
	unlink(".modseal-" TAG "0002.new");
}

static void what_waits_may_be_locked_by_anybody_where_a_journal_is_not(void **state)
{
	enum ms_recovery how;
	int lock;

	(void)state;
	put(".modseal-" TAG "0001.new", "x");
	put(".modseal-" TAG "0000.begun", "modseal-files 3\n");
	lock = open(".modseal-" TAG "0001.new", O_RDONLY);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_false(is_there(".modseal-" TAG "0001.new"));
	close(lock);
}

static void limit_descriptors(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = most ? most : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* More sets than descriptors: each is done with before the next. */
static void no_number_of_leftovers_is_too_many(void **state)
{
	char name[MS_TEMPORARY_NAME_SIZE];
	enum ms_recovery how;

	(void)state;
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), ".modseal-%012x0001.new", i);
		put(name, "x");
	}
	limit_descriptors(20);
	assert_int_equal(clear(&how), 0);
	limit_descriptors(0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	for (int i = 0; i < 41; i++) {
		snprintf(name, sizeof(name), ".modseal-%012x0001.new", i);
		assert_false(is_there(name));
	}
}

static void a_want_of_descriptors_is_an_error(void **state)
{
	enum ms_recovery how;
	int free_one = dup(fd);

	(void)state;
	put(".modseal-" TAG "0001.new", "x");
	close(free_one);
	limit_descriptors((rlim_t)free_one);
	assert_int_equal(clear(&how), -EMFILE);
	limit_descriptors(0);
	assert_int_equal(clear(&how), 0);
	assert_false(is_there(".modseal-" TAG "0001.new"));
}

static struct ms_mark mark_of(const char *name)
{
	_cleanup_fd_ int file = open(name, O_RDONLY);

	assert_true(file >= 0);
	return ms_mark_of(file);
}

/* As a journal has it; to free(). */
static char *mark_text(const char *name)
{
	struct ms_buf text = {0};
	struct ms_mark mark = mark_of(name);

	assert_int_equal(ms_mark_append(&text, &mark), 0);
	assert_int_equal(ms_buf_append(&text, "", 1), 0);
	return (char *)text.data;
}

static void append_place(struct ms_buf *text, const struct ms_mark *mark, const char *path)
{
	assert_int_equal(ms_mark_append(text, mark), 0);
	assert_int_equal(ms_buf_printf(text, " %s\n", path), 0);
}

#define JOURNAL ".modseal-" TAG "0000.journal"

/* A decided journal with the line @line, of the directory with the mark @where. */
static void put_journal_of(const struct ms_mark *where, const char *line)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	struct ms_mark self;

	put(JOURNAL, "");
	self = mark_of(JOURNAL);
	assert_int_equal(ms_buf_append_str(&text, "modseal-files 3\nself "), 0);
	assert_int_equal(ms_mark_append(&text, &self), 0);
	assert_int_equal(ms_buf_append_str(&text, "\ndir "), 0);
	append_place(&text, where, dir);
	assert_int_equal(ms_buf_printf(&text, "%s\nend\n", line), 0);
	assert_int_equal(ms_buf_append(&text, "", 1), 0);
	put(JOURNAL, (const char *)text.data);
}

static void put_journal(const char *line)
{
	const struct ms_mark here = mark_of(".");

	put_journal_of(&here, line);
}

/* One over a file that waits, and one that is in the way or not. */
static void decide(const char *old)
{
	_cleanup_free_ char *line = NULL, *mark = NULL;

	put(".modseal-" TAG "0001.new", "new");
	mark = mark_text(".modseal-" TAG "0001.new");
	assert_true(asprintf(&line, "rename f 3 %s %s .modseal-" TAG "0001.new 0 file",
			     mark, old) > 0);
	put_journal(line);
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
	assert_int_equal(how, MS_RECOVERY_PARTLY);
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

static void a_file_that_has_gone_without_its_new_name_is_an_error(void **state)
{
	enum ms_recovery how;

	(void)state;
	decide("-");
	unlink(".modseal-" TAG "0001.new");
	assert_int_equal(clear(&how), -ESTALE);
	assert_true(is_there(".modseal-" TAG "0000.journal"));
	unlink(".modseal-" TAG "0000.journal");
	/* what was renamed is what waited */
	decide("-");
	assert_int_equal(rename(".modseal-" TAG "0001.new", "file"), 0);
	put("other", "theirs");
	assert_int_equal(rename("file", "ours"), 0);
	assert_int_equal(rename("other", "file"), 0);
	assert_int_equal(clear(&how), -ESTALE);
	assert_int_equal(rename("ours", "file"), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_FINISHED);
	unlink("file");
}

/* Old and new have changed their names: now what waits may be the last that there is. */
static void the_old_one_stays_where_the_new_one_has_gone(void **state)
{
	static const char waiting[] = ".modseal-" TAG "0001.new";
	_cleanup_free_ char *old = NULL;
	enum ms_recovery how;
	struct stat st;

	(void)state;
	put("file", "older");
	assert_int_equal(stat("file", &st), 0);
	assert_true(asprintf(&old, "%jd:%jd.%09ld", (intmax_t)st.st_size,
			     (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec) > 0);
	decide(old);
	assert_int_equal(renameat2(AT_FDCWD, "file", AT_FDCWD, waiting, RENAME_EXCHANGE), 0);
	assert_int_equal(rename("file", "ours"), 0);
	assert_int_equal(clear(&how), -ESTALE);
	assert_true(is_there(waiting));
	assert_int_equal(rename("ours", "file"), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_FINISHED);
	assert_false(is_there(waiting));
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_size, 3);
	unlink("file");
}

/* What a generation's name is taken by is not what `current` is to name. */
static void a_directory_s_name_that_is_taken_is_an_error(void **state)
{
	_cleanup_free_ char *line = NULL, *mark = NULL;
	enum ms_recovery how;

	(void)state;
	assert_int_equal(mkdir(".modseal-key-1", 0700), 0);
	assert_int_equal(mkdir("20260101-1200", 0700), 0);
	mark = mark_text(".modseal-key-1");
	assert_true(asprintf(&line, "rename d 0 %s - .modseal-key-1 0 20260101-1200",
			     mark) > 0);
	put_journal(line);
	assert_int_equal(clear(&how), -EEXIST);
	assert_true(is_there(".modseal-key-1"));
	assert_int_equal(rmdir("20260101-1200"), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_FINISHED);
	assert_int_equal(rmdir("20260101-1200"), 0);
}

static void a_journal_of_another_directory_is_not_followed(void **state)
{
	struct ms_mark others[4];
	enum ms_recovery how;

	(void)state;
	decide("-");
	for (size_t i = 0; i < 4; i++)
		others[i] = mark_of(".");
	others[0].inode++;
	others[1].file_system++;
	others[2].birth++;
	others[3].file_system = 0; /* nothing but the inode number was noted */
	for (size_t i = 0; i < 4; i++) {
		put_journal_of(&others[i],
			       "rename f 3 1 - .modseal-" TAG "0001.new 0 file");
		assert_int_equal(clear(&how), -ESTALE);
		assert_false(is_there("file"));
		assert_true(is_there(".modseal-" TAG "0001.new"));
	}
	unlink(".modseal-" TAG "0001.new");
	unlink(".modseal-" TAG "0000.journal");
}

static void a_journal_names_nothing_but_what_its_set_has(void **state)
{
	static const char *const lines[] = {
		"rename f 6 %s - victim 0 file",
		"rename f 6 %s - .modseal-ba98765432100001.new 0 file",
		"rename f 6 %s - .modseal-key-1 0 file",
		("rename f 6 %s - .modseal-" TAG "0001.old 0 file"),
		("rename f 6 %s - .modseal-" TAG "0001.new 0 .modseal-key-1"),
		"rename d 0 %s - victim 0 directory",
		"rename f 6 %s - victim 0 .modseal-key-1",
		"rename l 6 %s - .modseal-key-1 0 link",
		"rename l 6 %s - victim 0 .modseal-key-1",
		"rename d 0 %s - .modseal-key-1 0 .modseal-key-2",
		"rename l 6 %s - victim 0 link",
	};
	enum ms_recovery how;

	(void)state;
	put("victim", "theirs");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		_cleanup_free_ char *before = strndup(lines[i], 11), *line = NULL;
		_cleanup_free_ char *mark = mark_text("victim");

		assert_true(asprintf(&line, "%s%s%s", before, mark, lines[i] + 13) > 0);
		put_journal(line);
		assert_int_equal(clear(&how), -EBADMSG);
		assert_true(is_there("victim"));
	}
	unlink("victim");
	unlink(".modseal-" TAG "0000.journal");
}

/* Neither into a name of a key store's own, by which it would be cleared away, nor out. */
static void a_journal_renames_no_directory_but_a_generation(void **state)
{
	static const struct {
		const char *from, *to;
		int dir;
	} lines[] = {
		{"victim", ".modseal-key-1", 0},
		{".modseal-key-1", "victim", 0},
		{"20260101-1200", ".modseal-key-lock", 0},
		{"20260101-1200", ".modseal-key-1", 1},
		{".modseal-key-1", "20260101-1200", 1},
	};
	enum ms_recovery how;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		_cleanup_(ms_buf_done) struct ms_buf text = {0};
		const struct ms_mark here = mark_of(".");
		_cleanup_free_ char *line = NULL, *mark = NULL;

		assert_int_equal(mkdir(lines[i].from, 0700), 0);
		mark = mark_text(lines[i].from);
		assert_int_equal(ms_buf_append_str(&text, "dir "), 0);
		append_place(&text, &here, dir);
		assert_true(asprintf(&line, "%.*srename d 0 %s - %s %d %s", (int)text.len,
				     (char *)text.data, mark, lines[i].from, lines[i].dir,
				     lines[i].to) > 0);
		put_journal(line);
		assert_int_equal(clear(&how), -EBADMSG);
		assert_true(is_there(lines[i].from));
		assert_false(is_there(lines[i].to));
		assert_int_equal(rmdir(lines[i].from), 0);
	}
	unlink(JOURNAL);
}

/* Copied, unpacked or restored, it could be anybody's: its bytes alone decide nothing. */
static void a_journal_that_was_copied_is_not_followed(void **state)
{
	enum ms_recovery how;

	(void)state;
	decide("-");
	assert_int_equal(rename(JOURNAL, "original"), 0);
	assert_int_equal(system("cp -p original " JOURNAL), 0);
	assert_int_equal(clear(&how), -EBADMSG);
	assert_non_null(strstr(ms_ctx_message(ctx), "is a copy of a journal"));
	assert_false(is_there("file"));
	assert_true(is_there(JOURNAL));
	assert_int_equal(rename("original", JOURNAL), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_FINISHED);
	unlink("file");
}

static void put_note(const struct ms_mark *mark)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	_cleanup_free_ char *path = NULL;

	assert_true(asprintf(&path, "%s/elsewhere", dir) > 0);
	append_place(&text, mark, path);
	assert_int_equal(ms_buf_append(&text, "", 1), 0);
	put(".modseal-" TAG "0000.at", (const char *)text.data);
}

/* A note tells where the journal is, but another directory is there. */
static void nothing_is_undone_where_the_journal_cannot_be_looked_for(void **state)
{
	struct ms_mark others[3], mark;
	enum ms_recovery how;

	(void)state;
	assert_int_equal(mkdir("elsewhere", 0700), 0);
	mark = others[0] = others[1] = others[2] = mark_of("elsewhere");
	others[0].inode++;
	others[1].file_system++; /* as the roots of two file systems have one number */
	others[2].file_system = 0;
	put(".modseal-" TAG "0001.new", "new");
	for (size_t i = 0; i < 3; i++) {
		put_note(&others[i]);
		assert_int_equal(clear(&how), 0);
		assert_int_equal(how, MS_RECOVERY_NOTHING);
		assert_int_equal(ms_leftovers_end(ctx, fd, dir, &how), -ESTALE);
		assert_true(is_there(".modseal-" TAG "0001.new"));
		assert_true(is_there(".modseal-" TAG "0000.at"));
	}
	put_note(&mark);
	assert_int_equal(ms_leftovers_end(ctx, fd, dir, &how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_false(is_there(".modseal-" TAG "0001.new"));
	rmdir("elsewhere");
}

/* Where others may write they can have moved it there, and it is somebody's own. */
static void a_directory_that_others_could_have_moved_is_not_emptied(void **state)
{
	static const char name[] = ".modseal-" TAG "0000.work";
	enum ms_recovery how;

	(void)state;
	assert_int_equal(mkdir(name, 0700), 0);
	put(".modseal-" TAG "0000.work/precious", "x");
	assert_int_equal(chmod(".", 0777), 0);
	assert_int_equal(ms_leftovers_end(ctx, fd, dir, &how), 0);
	assert_int_equal(how, MS_RECOVERY_NOTHING);
	assert_true(is_there(".modseal-" TAG "0000.work/precious"));
	assert_int_equal(chmod(".", 0700), 0);
	assert_int_equal(clear(&how), 0);
	assert_int_equal(how, MS_RECOVERY_UNDONE);
	assert_false(is_there(name));
	assert_int_equal(mkdir(name, 0700), 0); /* empty it is nobody's loss */
	assert_int_equal(chmod(".", 0777), 0);
	assert_int_equal(clear(&how), 0);
	assert_false(is_there(name));
	assert_int_equal(chmod(".", 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_names_of_ours_are_known),
		cmocka_unit_test(what_is_no_journal_is_refused),
		cmocka_unit_test(the_largest_inode_number_can_be_read),
		cmocka_unit_test(a_journal_without_its_end_decides_nothing),
		cmocka_unit_test(what_is_locked_stays_with_all_of_its_set),
		cmocka_unit_test(other_names_stay_and_what_a_link_leads_to),
		cmocka_unit_test(
			what_waits_may_be_locked_by_anybody_where_a_journal_is_not),
		cmocka_unit_test(no_number_of_leftovers_is_too_many),
		cmocka_unit_test(a_want_of_descriptors_is_an_error),
		cmocka_unit_test(what_was_decided_is_finished_where_nobody_came_between),
		cmocka_unit_test(
			a_journal_that_others_could_have_written_is_not_believed),
		cmocka_unit_test(a_file_that_has_gone_without_its_new_name_is_an_error),
		cmocka_unit_test(the_old_one_stays_where_the_new_one_has_gone),
		cmocka_unit_test(a_directory_s_name_that_is_taken_is_an_error),
		cmocka_unit_test(a_journal_of_another_directory_is_not_followed),
		cmocka_unit_test(a_journal_names_nothing_but_what_its_set_has),
		cmocka_unit_test(a_journal_renames_no_directory_but_a_generation),
		cmocka_unit_test(a_journal_that_was_copied_is_not_followed),
		cmocka_unit_test(
			nothing_is_undone_where_the_journal_cannot_be_looked_for),
		cmocka_unit_test(a_directory_that_others_could_have_moved_is_not_emptied),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
