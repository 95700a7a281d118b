/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "file-set.h"

static char dir[] = "/tmp/modseal-test-file-XXXXXX";
static struct ms_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ms_ctx_free(ctx);
	unlink("file");
	unlink("link");
	unlink("pipe");
	return rmdir(dir);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void a_replaced_file_has_the_new_bytes_and_the_old_mode(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	(void)state;
	umask(022);
	assert_int_equal(ms_file_replace(ctx, "file", "one", 3, 0666, true), 0);
	assert_int_equal(mode_of("file"), 0644);
	chmod("file", 0640);
	assert_int_equal(ms_file_replace(ctx, "file", "second", 6, 0666, false), 0);
	assert_int_equal(mode_of("file"), 0640);
	assert_int_equal(ms_file_read(ctx, "file", 6, &got), 0);
	assert_int_equal(got.len, 6);
	assert_memory_equal(got.data, "second", 6);
}

static void what_is_no_file_is_written_to_and_stays(void **state)
{
	char got[3];
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(ms_file_replace(ctx, "pipe", "one", 3, 0666, true), -ENXIO);
	fd = open("pipe", O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(ms_file_replace(ctx, "pipe", "one", 3, 0666, true), 0);
	assert_int_equal(read(fd, got, 3), 3);
	assert_memory_equal(got, "one", 3);
	close(fd);
	assert_int_equal(stat("pipe", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	unlink("pipe");
	assert_int_equal(symlink("/dev/full", "link"), 0);
	assert_int_equal(ms_file_replace(ctx, "link", "one", 3, 0666, true), -ENOSPC);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink("link");
	assert_int_equal(ms_file_replace(ctx, ".", "one", 3, 0666, true), -EISDIR);
}

static void of_a_link_the_file_is_replaced(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(symlink("file", "link"), 0);
	unlink("file");
	assert_int_equal(ms_file_replace(ctx, "link", "one", 3, 0666, true), -ENOENT);
	assert_int_equal(access("file", F_OK), -1);
	assert_int_equal(ms_file_replace(ctx, "file", "one", 3, 0600, true), 0);
	assert_int_equal(ms_file_replace(ctx, "link", "second", 6, 0666, true), 0);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(ms_file_read(ctx, "file", 6, &got), 0);
	assert_memory_equal(got.data, "second", 6);
	assert_int_equal(mode_of("file"), 0600);
	unlink("link");
}

static int create(const char *path, const char *text, bool replace)
{
	const struct ms_new_file file = {
		.path = path,
		.data = text,
		.len = strlen(text),
		.mode = 0600,
		.keep = MS_KEEP_NOTHING,
		.fresh = !replace,
	};

	return ms_file_put(ctx, &file, true);
}

static void a_created_file_has_its_mode_whatever_the_umask(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	(void)state;
	unlink("file");
	umask(0377);
	assert_int_equal(create("file", "one", false), 0);
	umask(0);
	assert_int_equal(mode_of("file"), 0600);
	chmod("file", 0666);
	assert_int_equal(create("file", "two", true), 0);
	umask(022);
	assert_int_equal(mode_of("file"), 0600);
	assert_int_equal(ms_file_read(ctx, "file", 3, &got), 0);
	assert_memory_equal(got.data, "two", 3);
}

static void a_created_file_takes_nobody_s_place(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	(void)state;
	assert_int_equal(ms_file_replace(ctx, "file", "one", 3, 0666, false), 0);
	assert_int_equal(create("file", "two", false), -EEXIST);
	assert_int_equal(ms_file_read(ctx, "file", 3, &got), 0);
	assert_memory_equal(got.data, "one", 3);
	assert_int_equal(symlink("absent", "link"), 0);
	assert_int_equal(create("link", "two", false), -EEXIST);
	assert_int_equal(access("absent", F_OK), -1);
	unlink("link");
	assert_int_equal(create("no/file", "x", false), -ENOENT);
}

static void a_file_over_the_bound_is_refused(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	(void)state;
	assert_int_equal(ms_file_replace(ctx, "file", "sixsix", 6, 0666, false), 0);
	assert_int_equal(ms_file_read(ctx, "file", 5, &got), -EFBIG);
	assert_string_equal(ms_ctx_message(ctx), "'file' is larger than 5 bytes");
}

static void what_is_no_regular_file_is_refused_and_does_not_block(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(ms_file_read(ctx, "pipe", 10, &got), -EINVAL);
	assert_int_equal(ms_file_read(ctx, ".", 10, &got), -EISDIR);
	assert_int_equal(ms_file_read(ctx, "absent", 10, &got), -ENOENT);
	assert_string_equal(ms_ctx_message(ctx),
			    "cannot open 'absent': No such file or directory");
}

static void a_link_is_followed_only_where_that_was_meant(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	(void)state;
	assert_int_equal(ms_file_replace(ctx, "file", "x", 1, 0666, false), 0);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(ms_file_read_at(ctx, AT_FDCWD, "link", "link", true, 9, &got, NULL),
			 -ELOOP);
	assert_int_equal(ms_file_read(ctx, "link", 9, &got), 0);
}

static void a_message_may_quote_the_one_before(void **state)
{
	(void)state;
	assert_int_equal(ms_fail(ctx, -EIO, "inner"), -EIO);
	assert_int_equal(ms_hint(ctx, -EIO, "do this"), -EIO);
	assert_string_equal(ms_ctx_hint(ctx), "do this");
	assert_int_equal(ms_fail_prefix(ctx, -EIO, "outer %d", 1), -EIO);
	assert_string_equal(ms_ctx_message(ctx), "outer 1: inner");
	assert_int_equal(ms_fail(ctx, -EIO, "<%s>", ms_ctx_message(ctx)), -EIO);
	assert_string_equal(ms_ctx_message(ctx), "<outer 1: inner>");
	assert_null(ms_ctx_hint(ctx));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replaced_file_has_the_new_bytes_and_the_old_mode),
		cmocka_unit_test(what_is_no_file_is_written_to_and_stays),
		cmocka_unit_test(of_a_link_the_file_is_replaced),
		cmocka_unit_test(a_created_file_has_its_mode_whatever_the_umask),
		cmocka_unit_test(a_created_file_takes_nobody_s_place),
		cmocka_unit_test(a_file_over_the_bound_is_refused),
		cmocka_unit_test(what_is_no_regular_file_is_refused_and_does_not_block),
		cmocka_unit_test(a_link_is_followed_only_where_that_was_meant),
		cmocka_unit_test(a_message_may_quote_the_one_before),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
