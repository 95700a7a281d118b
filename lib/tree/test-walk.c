/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which files does a run concern itself with? */

#include "test-help.h"

#include <sys/resource.h>

static int open_paths(const char *const *paths, size_t n, struct ms_tree **ret)
{
	struct ms_tree_options options = {.size = sizeof(options)};

	return ms_tree_open(help_ctx, paths, n, &options, ret);
}

static void assert_walk(const char *const *paths, size_t n, const char *expected)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	if (open_paths(paths, n, &tree) < 0)
		fail_msg("%s", ms_ctx_message(help_ctx));
	for (size_t i = 0; i < ms_tree_count(tree); i++)
		assert_int_equal(ms_buf_printf(&got, "%s=%s ",
					       ms_tree_item(tree, i)->path,
					       ms_tree_item(tree, i)->relpath),
				 0);
	assert_int_equal(ms_buf_append(&got, "", 1), 0);
	assert_string_equal((char *)got.data, expected);
}

#define WALK(expected, ...)                                                              \
	do {                                                                             \
		const char *const list[] = { __VA_ARGS__ };                              \
		assert_walk(list, sizeof(list) / sizeof(*list), expected);               \
	} while (0)

static void modules_are_found_by_name_and_sorted_by_path_bytes(void **state)
{
	(void)state;
	help_write_text("t/b.ko", "x");
	help_write_text("t/a/z.ko.xz", "x");
	help_write_text("t/a-b/c.ko.gz", "x");
	help_write_text("t/a.ko.zst", "x");
	help_write_text("t/\xff.ko", "x");
	help_write_text("t/no.ko.bak", "x");
	help_write_text("t/ko", "x");
	help_write_text("t/no.txt", "x");
	WALK("t/a-b/c.ko.gz=a-b/c.ko.gz t/a.ko.zst=a.ko.zst t/a/z.ko.xz=a/z.ko.xz "
	     "t/b.ko=b.ko t/\xff.ko=\xff.ko ",
	     "t");
	WALK("t/a-b/c.ko.gz=a-b/c.ko.gz t/a.ko.zst=a.ko.zst t/a/z.ko.xz=a/z.ko.xz "
	     "t/b.ko=b.ko t/\xff.ko=\xff.ko ",
	     "t//");
}

static void links_in_a_tree_are_not_followed_and_a_path_that_is_one_is(void **state)
{
	(void)state;
	help_write_text("real/a.ko", "x");
	help_write_text("other/b.ko", "x");
	assert_int_equal(symlink("../other", "real/dir"), 0);
	assert_int_equal(symlink("../other/b.ko", "real/b.ko"), 0);
	assert_int_equal(symlink("real", "link"), 0);
	assert_int_equal(symlink("../real/a.ko", "other/link.ko"), 0);
	WALK("link/a.ko=a.ko ", "link");
	WALK("link/a.ko=a.ko ", "link/");
	WALK("other/link.ko=link.ko ", "other/link.ko");
}

static void a_file_reached_twice_is_there_once(void **state)
{
	(void)state;
	help_write_text("t/sub/a.ko", "x");
	assert_int_equal(symlink("t/sub", "link"), 0);
	WALK("t/sub/a.ko=sub/a.ko ", "t", "t/sub", "t/sub/a.ko", "./t", "link", "t");
	WALK("t/sub/a.ko=a.ko ", "t/sub", "t");
}

static void hard_links_are_names_of_their_own(void **state)
{
	(void)state;
	help_write_text("t/a.ko", "x");
	assert_int_equal(link("t/a.ko", "t/b.ko"), 0);
	WALK("t/a.ko=a.ko t/b.ko=b.ko ", "t");
}

static void a_file_is_taken_whatever_its_name(void **state)
{
	(void)state;
	help_write_text("plain", "x");
	WALK("plain=plain ", "plain");
	WALK("./plain=plain ", "./plain");
}

static void assert_refused(const char *path, int error, const char *message)
{
	struct ms_tree *tree = NULL;

	assert_int_equal(open_paths(&path, 1, &tree), error);
	assert_string_equal(ms_ctx_message(help_ctx), message);
	assert_null(tree);
}

static void what_cannot_be_walked_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(mkdir("empty", 0755), 0);
	assert_int_equal(mkfifo("pipe", 0644), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	help_write_text("file.ko", "x");
	assert_refused("empty", -ENODATA, "no module in directory 'empty'");
	assert_refused("absent", -ENOENT,
		       "cannot open 'absent': No such file or directory");
	assert_refused("dangling", -ENOENT,
		       "cannot open 'dangling': No such file or directory");
	assert_refused("pipe", -EINVAL, "'pipe' is neither file nor directory");
	assert_refused("file.ko/", -ENOTDIR, "cannot open 'file.ko/': Not a directory");
}

static void a_path_that_leads_to_nothing_is_reported_beside_the_others(void **state)
{
	static const char *const paths[] = { "t", "empty", "absent", "absent" };
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	size_t failed = 0;

	(void)state;
	help_write_text("t/a.ko", "x");
	assert_int_equal(mkdir("empty", 0755), 0);
	assert_int_equal(open_paths(paths, 4, &tree), 0);
	for (size_t i = 0; i < ms_tree_count(tree); i++) {
		const struct ms_item *item = ms_tree_item(tree, i);

		if (!item->error)
			continue;
		failed++;
		assert_int_equal(item->outcome, MS_OUTCOME_UNDECIDED);
		if (!strcmp(item->path, "empty"))
			assert_string_equal(item->message, "no module in directory 'empty'");
		else
			assert_string_equal(item->message, "cannot open 'absent': No such file "
							   "or directory");
	}
	assert_int_equal(failed, 2);
	assert_true(ms_tree_count(tree) > failed);
}

static void no_path_at_all_is_an_error(void **state)
{
	struct ms_tree *tree = NULL;

	(void)state;
	assert_int_equal(open_paths(NULL, 0, &tree), -ENODATA);
}

static void an_unreadable_directory_is_an_error_of_the_run(void **state)
{
	const char *path = "t";
	struct ms_tree *tree = NULL;
	int r;

	(void)state;
	help_write_text("t/a.ko", "x");
	help_write_text("t/secret/b.ko", "x");
	assert_int_equal(chmod("t/secret", 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	r = open_paths(&path, 1, &tree);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EACCES);
	assert_string_equal(ms_ctx_message(help_ctx),
			    "cannot open directory 't/secret': Permission denied");
}

static void a_tree_with_more_directories_than_descriptors_is_walked_and_read(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	struct ms_tree_options options = {
		.size = sizeof(options), .writes = true, .no_sync = true};
	const char *path = "t";
	struct rlimit old, low;
	char name[64];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "t/%d/sub/a.ko", i);
		help_write_module(name, (unsigned)i, 100, 1);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 40;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(ms_tree_item(tree, i)->outcome, MS_OUTCOME_STRIPPED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(modules_are_found_by_name_and_sorted_by_path_bytes),
		TEST(links_in_a_tree_are_not_followed_and_a_path_that_is_one_is),
		TEST(a_file_reached_twice_is_there_once),
		TEST(hard_links_are_names_of_their_own),
		TEST(a_file_is_taken_whatever_its_name),
		TEST(what_cannot_be_walked_is_an_error),
		TEST(a_path_that_leads_to_nothing_is_reported_beside_the_others),
		TEST(no_path_at_all_is_an_error),
		TEST(an_unreadable_directory_is_an_error_of_the_run),
		TEST(a_tree_with_more_directories_than_descriptors_is_walked_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
