/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "file-set.h"

MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

static char dir[] = "/tmp/modseal-test-file-set-XXXXXX";
static struct ms_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	umask(022);
	return ctx && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ms_ctx_free(ctx);
	return rmdir(dir);
}

static void put(const char *path, const char *text)
{
	assert_int_equal(ms_file_replace(ctx, path, text, strlen(text), 0644, false), 0);
}

static void assert_holds(const char *path, const char *text)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	assert_int_equal(ms_file_read(ctx, path, 1000, &got), 0);
	assert_int_equal(got.len, strlen(text));
	assert_memory_equal(got.data, text, got.len);
}

static struct ms_identity identity_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return ms_identity_of(&st);
}

static int entries_in(const char *path)
{
	DIR *handle = opendir(path);
	int n = -2; /* "." and ".." */

	assert_non_null(handle);
	while (readdir(handle))
		n++;
	closedir(handle);
	return n;
}

static int add(struct ms_file_set *set, const char *path, const char *text)
{
	const struct ms_new_file file = {
		.path = path,
		.data = text,
		.len = strlen(text),
		.mode = 0666,
	};

	return ms_file_set_add(ctx, set, &file);
}

static void all_files_appear_and_nothing_else_is_left(void **state)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	struct stat st;

	(void)state;
	put("a", "old");
	assert_int_equal(chmod("a", 0604), 0);
	assert_int_equal(symlink("a", "link"), 0);
	assert_int_equal(add(set, "link", "new a"), 0);
	assert_int_equal(add(set, "b", "new b"), 0);
	assert_holds("a", "old");
	assert_int_equal(access("b", F_OK), -1);
	assert_int_equal(ms_file_set_commit(ctx, set), 0);
	assert_holds("a", "new a");
	assert_holds("b", "new b");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(entries_in("."), 3);
	unlink("a");
	unlink("b");
	unlink("link");
}

static void a_set_that_is_not_committed_leaves_no_trace(void **state)
{
	struct ms_file_set *set = ms_file_set_new();

	(void)state;
	put("a", "old");
	assert_int_equal(add(set, "a", "new"), 0);
	assert_int_equal(add(set, "nowhere/b", "new"), -ENOENT);
	assert_null(ms_file_set_free(set));
	assert_holds("a", "old");
	assert_int_equal(entries_in("."), 1);
	unlink("a");
}

static void one_rename_that_fails_takes_the_others_back(void **state)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();

	(void)state;
	put("a", "old a");
	assert_int_equal(add(set, "a", "new a"), 0);
	assert_int_equal(add(set, "fresh", "new"), 0);
	assert_int_equal(add(set, "c", "new c"), 0);
	assert_int_equal(mkdir("c", 0755), 0); /* no file can be renamed to it */
	assert_int_equal(ms_file_set_commit(ctx, set), -EEXIST);
	assert_holds("a", "old a");
	assert_int_equal(access("fresh", F_OK), -1);
	ms_file_set_free(ms_steal(&set));
	assert_int_equal(entries_in("."), 2);
	rmdir("c");
	unlink("a");
}

static void a_file_that_somebody_changed_meanwhile_is_not_replaced(void **state)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	struct ms_new_file file = {.path = "a", .data = "new", .len = 3};
	struct ms_identity was;

	(void)state;
	put("a", "old");
	was = identity_of("a");
	file.was = &was;
	assert_int_equal(ms_file_set_add(ctx, set, &file), 0);
	put("a", "theirs");
	assert_int_equal(ms_file_set_commit(ctx, set), -EBUSY);
	assert_holds("a", "theirs");
	unlink("a");
}

static void one_file_cannot_be_in_a_set_twice(void **state)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();

	(void)state;
	put("a", "old");
	assert_int_equal(add(set, "a", "one"), 0);
	assert_int_equal(add(set, "./a", "two"), -EBUSY);
	assert_string_equal(ms_ctx_message(ctx), "'a' and './a' are the same file");
	unlink("a");
}

static void what_is_no_regular_file_is_not_replaced(void **state)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(symlink("gone", "dangling"), 0);
	assert_int_equal(add(set, "pipe", "x"), -EINVAL);
	assert_int_equal(add(set, "dangling", "x"), -ENOENT);
	assert_int_equal(entries_in("."), 2);
	unlink("pipe");
	unlink("dangling");
}

/* The second name of somebody's file is not locked: something of the set has to be. */
static void a_second_name_waits_only_beside_what_is_locked(void **state)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();

	(void)state;
	put("x", "old");
	assert_int_equal(ms_file_set_keep_as(ctx, set, "x", "x.old"), -EINVAL);
	assert_int_equal(entries_in("."), 1);
	assert_int_equal(add(set, "x", "new"), 0);
	assert_int_equal(ms_file_set_keep_as(ctx, set, "x", "x.old"), 0);
	assert_int_equal(ms_file_set_commit(ctx, set), 0);
	assert_holds("x", "new");
	assert_holds("x.old", "old");
	unlink("x");
	unlink("x.old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_files_appear_and_nothing_else_is_left),
		cmocka_unit_test(a_set_that_is_not_committed_leaves_no_trace),
		cmocka_unit_test(one_rename_that_fails_takes_the_others_back),
		cmocka_unit_test(a_file_that_somebody_changed_meanwhile_is_not_replaced),
		cmocka_unit_test(one_file_cannot_be_in_a_set_twice),
		cmocka_unit_test(what_is_no_regular_file_is_not_replaced),
		cmocka_unit_test(a_second_name_waits_only_beside_what_is_locked),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
