/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "made.h"

static char dir[] = "/tmp/modseal-test-made-XXXXXX";
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

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static int make(const char *path, struct ms_made_directories *made)
{
	_cleanup_fd_ int fd = ms_make_directories(ctx, path, 0755, 0700, made);

	return fd < 0 ? fd : 0;
}

static void what_was_made_and_is_empty_goes(void **state)
{
	_cleanup_(ms_made_done) struct ms_made_directories made = { 0 };

	(void)state;
	assert_int_equal(mkdir("there", 0711), 0);
	assert_int_equal(symlink("there", "link"), 0);
	assert_int_equal(make("link//a/../a/b/", &made), 0);
	assert_int_equal(made.n, 2);
	assert_int_equal(mode_of("there"), 0711);
	assert_int_equal(mode_of("there/a"), 0755);
	assert_int_equal(mode_of("there/a/b"), 0700);
	assert_int_equal(ms_made_sync(ctx, &made, "there/a/b"), 0);
	assert_int_equal(mkdir("there/a/c", 0700), 0); /* put to use */
	ms_made_remove(&made);
	assert_false(is_there("there/a/b"));
	assert_int_equal(rmdir("there/a/c"), 0);
	ms_made_remove(&made);
	assert_false(is_there("there/a"));
	assert_int_equal(rmdir("there"), 0);
	unlink("link");
}

/* A directory above is moved, and its path leads to a victim's of the same names. */
static void nothing_goes_but_where_it_was_made(void **state)
{
	_cleanup_(ms_made_done) struct ms_made_directories made = { 0 };
	_cleanup_(ms_made_done) struct ms_made_directories victim = { 0 };

	(void)state;
	assert_int_equal(mkdir("home", 0755), 0);
	assert_int_equal(make("home/a/b", &made), 0);
	assert_int_equal(make("victim/a/b", &victim), 0);
	assert_int_equal(rename("home", "away"), 0);
	assert_int_equal(symlink("victim", "home"), 0);
	ms_made_remove(&made);
	assert_true(is_there("victim/a/b"));
	assert_false(is_there("away/a"));
	ms_made_remove(&victim);
	assert_false(is_there("victim"));
	assert_int_equal(unlink("home"), 0);
	assert_int_equal(rmdir("away"), 0);
}

static void another_of_that_name_stays(void **state)
{
	_cleanup_(ms_made_done) struct ms_made_directories made = { 0 };

	(void)state;
	assert_int_equal(make("a", &made), 0);
	assert_int_equal(rename("a", "moved"), 0);
	assert_int_equal(mkdir("a", 0755), 0);
	ms_made_remove(&made);
	assert_true(is_there("a"));
	assert_int_equal(rmdir("a"), 0);
	assert_int_equal(rmdir("moved"), 0);
}

static void what_was_made_is_told_even_where_it_fails(void **state)
{
	_cleanup_(ms_made_done) struct ms_made_directories made = { 0 };
	_cleanup_fd_ int file = -1;

	(void)state;
	assert_int_equal(mkdir("there", 0755), 0);
	file = open("there/file", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(make("there/a/../file/b", &made), -ENOTDIR);
	assert_int_equal(made.n, 1);
	assert_int_equal(make("", &made), -ENOENT);
	ms_made_remove(&made);
	assert_false(is_there("there/a"));
	unlink("there/file");
	assert_int_equal(rmdir("there"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_made_and_is_empty_goes),
		cmocka_unit_test(nothing_goes_but_where_it_was_made),
		cmocka_unit_test(another_of_that_name_stays),
		cmocka_unit_test(what_was_made_is_told_even_where_it_fails),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
