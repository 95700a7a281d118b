/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Are trees whose paths no system call takes done as a whole, or refused as a whole? */

#include "../test-help.h"

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <modseal/recover.h>

#include "journal.h"
#include "transaction.h"

enum { SIZE = 100, SHORT = 64 };

/* More modules than descriptors, as many of them with paths that no call takes. */
enum { LEVELS = 1200, STEP = 10, MODULES = LEVELS / STEP + 1 };

/* How many directories are in one another, and what they are called. */
static size_t depth;
static char level[NAME_MAX + 1];

static int go_down(int fd, const char *name)
{
	int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(next >= 0);
	close(fd);
	return next;
}

/* A module with one trailer. */
static void write_module_at(int dirfd, const char *name)
{
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };
	_cleanup_fd_ int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	help_module(&bytes, 1, SIZE, 1);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
}

/*
 * "t", and @levels directories in one another, with names of @len bytes: a module in the last,
 * and in every @step-th before it, if that is not 0. A module is reached through all that are
 * above it, so that levels times modules is what a test costs.
 */
static void make_deep_tree(size_t levels, size_t len, size_t step)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	depth = levels;
	memset(level, 'd', len);
	level[len] = '\0';
	for (size_t i = 0; i <= levels; i++) {
		const char *name = i ? level : "t";

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		fd = go_down(fd, name);
		if (i == levels || (step && i % step == 0))
			write_module_at(fd, "m.ko");
	}
	close(fd);
}

/* How many modules are as long as they were without a trailer. */
static size_t count_stripped(void)
{
	int fd = go_down(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "t");
	size_t n = 0;
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };
	struct stat st;

	help_module(&bytes, 1, SIZE, 0);
	for (size_t i = 0; i <= depth; i++) {
		if (fstatat(fd, "m.ko", &st, 0) == 0)
			n += (size_t)st.st_size == bytes.len;
		if (i < depth)
			fd = go_down(fd, level);
	}
	close(fd);
	return n;
}

/* What removes the test's directory goes by paths: shortens them first. */
static int leave(void **state)
{
	int fd = open("t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < depth; i++) {
		int next = openat(fd, level, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char name[32];

		snprintf(name, sizeof(name), "flat-%zu", i);
		assert_int_equal(renameat(fd, level, AT_FDCWD, name), 0);
		close(fd);
		fd = next;
	}
	close(fd);
	depth = 0;
	return help_leave(state);
}

static struct rlimit old_limit;

static void lower_descriptors(void)
{
	struct rlimit low;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old_limit), 0);
	low = old_limit;
	low.rlim_cur = SHORT;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
}

static void raise_descriptors(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old_limit), 0);
}

static void a_tree_may_be_deeper_than_descriptors_and_paths_reach(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	make_deep_tree(6000, 1, 0);
	help_write_module("t/a.ko", 1, SIZE, 1);
	lower_descriptors();
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_count(tree), 2);
	assert_int_equal(strlen(ms_tree_item(tree, 1)->path),
			 strlen("t/") + 2 * depth + strlen("m.ko"));
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	raise_descriptors();
	help_assert_outcome(tree, "t/a.ko", MS_OUTCOME_STRIPPED);
	assert_int_equal(ms_tree_item(tree, 1)->outcome, MS_OUTCOME_STRIPPED);
	assert_int_equal(count_stripped(), 1);
}

static void
each_module_of_nested_directories_is_reached_with_few_descriptors(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	make_deep_tree(LEVELS, 7, STEP);
	lower_descriptors();
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	raise_descriptors();
	assert_int_equal(ms_tree_count(tree), MODULES);
	assert_true(strlen(ms_tree_item(tree, SHORT)->path) > PATH_MAX);
	assert_int_equal(count_stripped(), MODULES);
	tree = ms_tree_free(tree);
	assert_int_equal(access("t/" MS_JOURNAL_NAME, F_OK), -1);
}

static enum ms_recovery recover(const char *path)
{
	enum ms_recovery how = MS_RECOVERY_UNDECIDED;

	assert_int_equal(ms_recover(help_ctx, path, true, &how), 0);
	return how;
}

static const char *last_step;

static void die_there(const char *step)
{
	if (!strcmp(step, last_step))
		raise(SIGKILL);
}

static void a_killed_run_on_nested_directories_is_ended(void **state)
{
	static const char *const steps[] = { "synced", "decided" };

	(void)state;
	make_deep_tree(LEVELS, 7, STEP);
	for (size_t i = 0; i < 2; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			last_step = steps[i];
			ms_transaction_hook = die_there;
			help_strip("t", (struct ms_tree_options){ 0 });
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		lower_descriptors();
		assert_int_equal(recover("t"),
				 i ? MS_RECOVERY_FINISHED : MS_RECOVERY_UNDONE);
		raise_descriptors();
		assert_int_equal(count_stripped(), i ? MODULES : 0);
	}
}

static void too_many_paths_that_no_call_takes_are_refused_as_a_whole(void **state)
{
	(void)state;
	make_deep_tree(800, NAME_MAX, 1);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .keep_going = true }),
			 -ENAMETOOLONG);
	assert_non_null(strstr(ms_ctx_message(help_ctx), "nested too deeply"));
	assert_int_equal(count_stripped(), 0);
	assert_int_equal(access("t/" MS_JOURNAL_NAME, F_OK), -1);
	assert_int_equal(recover("t"), MS_RECOVERY_NOTHING);
}

static void a_copy_never_gets_a_path_that_no_call_takes(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	make_deep_tree(2100, 1, 0);
	help_write_module("t/a.ko", 1, SIZE, 1);
	assert_int_equal(
		help_open(&path, 1, (struct ms_tree_options){ .output = "out" }, &tree),
		-ENAMETOOLONG);
	assert_int_equal(access("out", F_OK), -1);
}

static void a_journal_that_no_recovery_would_read_is_not_written(void **state)
{
	enum { PARENTS = 15, FILES = 6000, NAME = 255 };
	int fd;
	char name[NAME + 1] = { 0 };

	(void)state;
	assert_int_equal(mkdir("t", 0755), 0);
	fd = go_down(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "t");
	memset(name, ' ', NAME); /* three bytes each, percent-encoded */
	for (int i = 0; i < PARENTS; i++) {
		assert_int_equal(mkdirat(fd, name, 0755), 0);
		fd = go_down(fd, name);
	}
	for (int i = 0; i < FILES; i++) {
		char file[32];

		snprintf(file, sizeof(file), "%d.ko", i);
		write_module_at(fd, file);
	}
	close(fd);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), -EFBIG);
	assert_int_equal(help_strays("t"), 0);
	assert_int_equal(recover("t"), MS_RECOVERY_NOTHING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_may_be_deeper_than_descriptors_and_paths_reach),
		TEST(each_module_of_nested_directories_is_reached_with_few_descriptors),
		TEST(a_killed_run_on_nested_directories_is_ended),
		TEST(too_many_paths_that_no_call_takes_are_refused_as_a_whole),
		TEST(a_copy_never_gets_a_path_that_no_call_takes),
		TEST(a_journal_that_no_recovery_would_read_is_not_written),
	};

	if (access("/dev/shm", W_OK) == 0)
		help_base = "/dev/shm";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
