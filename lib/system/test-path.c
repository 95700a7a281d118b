/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "system.h"

static char dir[] = "/tmp/modseal-test-system-XXXXXX";
static struct ms_ctx *ctx;
static struct ms_system *below;

static bool shell(const char *command)
{
	return system(command) == 0;
}

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) && chdir(dir) == 0 &&
			       ms_system_open(ctx, dir, &below) == 0 &&
			       shell("mkdir -p a/b etc && echo ' x ' >a/b/file && "
				     "ln -s /a/b absolute && ln -s ../../../.. etc/up && "
				     "ln -s loop2 loop1 && ln -s loop1 loop2 && "
				     "ln -s absolute/file chain && ln -s /missing gone")
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	ms_system_free(below);
	ms_ctx_free(ctx);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return shell(command) ? 0 : -1;
}

static void links_are_followed_and_never_out_of_the_root(void **state)
{
	static const char *const paths[][2] = {
		{ "/a/b/file", "/a/b/file" },
		{ "/absolute/file", "/a/b/file" },
		{ "/chain", "/a/b/file" },
		{ "/etc/up/a/b", "/a/b" },
		{ "/../../../etc", "/etc" },
		{ "/etc/up/etc/../a/./b//file", "/a/b/file" },
		{ "/gone", "/missing" },
		{ "/nowhere/at/all", "/nowhere/at/all" },
		{ "/", "" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(paths); i++) {
		_cleanup_free_ char *path = NULL;
		char expected[256];

		snprintf(expected, sizeof(expected), "%s%s", dir, paths[i][1]);
		assert_int_equal(ms_system_path(ctx, below, paths[i][0], &path), 0);
		assert_string_equal(path, expected);
	}
}

static void links_without_an_end_are_an_error(void **state)
{
	char *path = NULL;

	(void)state;
	assert_int_equal(ms_system_path(ctx, below, "/loop1/x", &path), -ELOOP);
	assert_null(path);
	assert_false(ms_system_exists(ctx, below, "/loop1"));
	assert_true(ms_system_exists(ctx, below, "/chain"));
}

static void a_file_of_unknown_size_is_read_to_its_end(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	_cleanup_free_ char *line = NULL, *inside = NULL;

	(void)state;
	assert_int_equal(ms_system_line(ctx, below, "/absolute/file", &inside), 0);
	assert_string_equal(inside, "x");
	assert_int_equal(ms_system_read(ctx, NULL, "/proc/self/status", &file), 0);
	assert_true(file.len > 100);
	assert_int_equal(ms_system_line(ctx, NULL, "/proc/sys/kernel/ostype", &line), 0);
	assert_string_equal(line, "Linux");
	assert_int_equal(ms_system_read(ctx, below, "/gone", &file), -ENOENT);
}

static void no_component_that_is_too_long_is_passed_over(void **state)
{
	char path[400] = "/a/", *found = NULL;

	(void)state;
	memset(path + 3, 'x', 256);
	memcpy(path + 3 + 256, "/../b", sizeof("/../b"));
	assert_int_equal(ms_system_path(ctx, below, path, &found), -ENAMETOOLONG);
	assert_null(found);
}

static void what_is_no_file_is_not_waited_for_and_no_answer(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };

	(void)state;
	assert_true(shell("mkfifo pipe && mkdir dir"));
	assert_int_equal(ms_system_read(ctx, below, "/pipe", &file), -EINVAL);
	assert_int_equal(ms_system_read(ctx, below, "/dir", &file), -EISDIR);
	assert_int_equal(ms_system_read(ctx, NULL, "/dev/zero", &file), -EINVAL);
	assert_int_equal(ms_system_read(ctx, NULL, "/dev/null", &file), 0);
	assert_int_equal(file.len, 0);
}

static void a_root_is_a_directory_by_whatever_name(void **state)
{
	struct ms_system *none = NULL;
	static const char *const names[] = { "by-link", "by-link/", "./by-link/../by-link" };

	(void)state;
	assert_true(shell("ln -s a by-link"));
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		_cleanup_(ms_cleanup_system) struct ms_system *one = NULL;

		assert_int_equal(ms_system_open(ctx, names[i], &one), 0);
		assert_string_equal(ms_system_root(one) + strlen(dir), "/a");
	}
	for (int i = 0; i < 2; i++) {
		_cleanup_(ms_cleanup_system) struct ms_system *one = NULL;

		assert_int_equal(ms_system_open(ctx, i ? "/" : NULL, &one), 0);
		assert_string_equal(ms_system_root(one), "");
	}
	assert_int_equal(ms_system_open(ctx, "gone", &none), -ENOENT);
	assert_int_equal(ms_system_open(ctx, "a/b/file", &none), -ENOTDIR);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_followed_and_never_out_of_the_root),
		cmocka_unit_test(links_without_an_end_are_an_error),
		cmocka_unit_test(a_file_of_unknown_size_is_read_to_its_end),
		cmocka_unit_test(no_component_that_is_too_long_is_passed_over),
		cmocka_unit_test(what_is_no_file_is_not_waited_for_and_no_answer),
		cmocka_unit_test(a_root_is_a_directory_by_whatever_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
