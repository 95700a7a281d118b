/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What does a run leave behind, when all is well and when something is not? */

#include "test-help.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "../codec/codec.h"
#include "transaction.h"

static struct stat stat_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}

static void assert_outcome(const struct ms_tree *tree, const char *path,
			   enum ms_outcome outcome)
{
	const struct ms_item *item = help_item(tree, path);

	if (item->outcome != outcome)
		fail_msg("%s: %s: %s", path, ms_outcome_name(item->outcome),
			 item->message ? item->message : "");
}

static void a_stripped_tree_has_the_payloads_and_nothing_else(void **state)
{
	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/sub/b.ko", 2, 100000, 2);
	help_write_module("t/sub/c.ko", 3, 100, 0);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .jobs = 3 }), 0);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("t/sub/b.ko", 2, 100000, 0));
	assert_true(help_is_module("t/sub/c.ko", 3, 100, 0));
	assert_int_equal(help_strays("."), 0);
	assert_string_equal(help_log, "");
}

static void with_syncs_the_result_is_the_same(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	struct ms_tree_options options = { .writes = true };
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(ms_tree_open(help_ctx, &path, 1, &options, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, false), 0);
	tree = ms_tree_free(tree);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_int_equal(help_strays("."), 0);
}

static void strip_takes_one_trailer_or_all(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "a.ko";

	(void)state;
	help_write_module("a.ko", 1, 100, 3);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, false), 0);
	assert_true(help_is_module("a.ko", 1, 100, 2));
	assert_outcome(tree, "a.ko", MS_OUTCOME_STRIPPED);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strip("a.ko", (struct ms_tree_options){ 0 }), 0);
	assert_true(help_is_module("a.ko", 1, 100, 0));
}

static void a_module_without_a_signature_keeps_its_file(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "a.ko";
	struct stat before;

	(void)state;
	help_write_module("a.ko", 1, 100, 0);
	before = stat_of("a.ko");
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_outcome(tree, "a.ko", MS_OUTCOME_UNSIGNED);
	assert_int_equal(ms_outcome_status(MS_OUTCOME_UNSIGNED), 1);
	assert_int_equal(stat_of("a.ko").st_ino, before.st_ino);
}

static void mode_times_and_xattrs_are_kept(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000, .tv_nsec = 7 },
					   { .tv_sec = 2000 } };
	char value[8];

	(void)state;
	help_write_module("a.ko", 1, 100, 1);
	assert_int_equal(utimensat(AT_FDCWD, "a.ko", times, 0), 0);
	if (setxattr("a.ko", "user.note", "kept", 4, 0) < 0)
		print_message("SKIPPED: no user xattrs here\n");
	assert_int_equal(chmod("a.ko", 0440), 0);
	if (geteuid() == 0)
		assert_int_equal(chown("a.ko", 12, 34), 0);
	assert_int_equal(help_strip("a.ko", (struct ms_tree_options){ 0 }), 0);
	assert_true(help_is_module("a.ko", 1, 100, 0));
	assert_int_equal(stat_of("a.ko").st_mode & 07777, 0440);
	assert_true(stat_of("a.ko").st_mtim.tv_sec > 2000);
	if (getxattr("a.ko", "user.note", value, 8) != 4)
		print_message("SKIPPED: no user xattrs here\n");
	else
		assert_memory_equal(value, "kept", 4);
	if (geteuid() == 0) {
		assert_int_equal(stat_of("a.ko").st_uid, 12);
		assert_int_equal(stat_of("a.ko").st_gid, 34);
	}
}

static void the_access_time_is_that_of_before_the_run(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000, .tv_nsec = 7 },
					   { .tv_sec = 2000 } };

	(void)state;
	help_write_module("a.ko", 1, 100, 1);
	assert_int_equal(utimensat(AT_FDCWD, "a.ko", times, 0), 0);
	assert_int_equal(help_strip("a.ko", (struct ms_tree_options){ 0 }), 0);
	assert_int_equal(stat_of("a.ko").st_atim.tv_sec, 1000);
	assert_int_equal(stat_of("a.ko").st_atim.tv_nsec, 7);
}

static void ima_and_evm_are_dropped_with_one_warning(void **state)
{
	char value[8];

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 1, 100, 1);
	if (setxattr("t/a.ko", "security.ima", "\1x", 2, 0) < 0 ||
	    setxattr("t/b.ko", "security.ima", "\1x", 2, 0) < 0) {
		print_message("SKIPPED: security.* xattrs need root: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(setxattr("t/a.ko", "security.modseal", "kept", 4, 0), 0);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .jobs = 1 }), 0);
	assert_int_equal(getxattr("t/a.ko", "security.ima", value, 8), -1);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(getxattr("t/a.ko", "security.modseal", value, 8), 4);
	assert_string_equal(help_log, "security.ima is not kept where the content changes "
			    "(2 files, 't/a.ko' for one)\n");
}

static void a_default_acl_of_the_directory_gives_no_new_rights(void **state)
{
	/* version 2; user::rwx, user:65534:rwx, group::r-x, mask::rwx, other::--- */
	static const unsigned char acl[] = {
		2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 7, 0, 254, 255, 0, 0,
		4, 0, 5, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255,
		32, 0, 0, 0, 255, 255, 255, 255,
	};

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	if (setxattr("t", "system.posix_acl_default", acl, sizeof(acl), 0) < 0) {
		print_message("SKIPPED: no ACLs here: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), 0);
	assert_int_equal(getxattr("t/a.ko", "system.posix_acl_access", NULL, 0), -1);
	assert_int_equal(stat_of("t/a.ko").st_mode & 07777, 0644);
}

static void hard_links_under_the_paths_stay_linked(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(mkdir("t/sub", 0755), 0);
	assert_int_equal(link("t/a.ko", "t/sub/b.ko"), 0);
	assert_int_equal(link("t/a.ko", "t/c.ko"), 0);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_STRIPPED);
	assert_outcome(tree, "t/c.ko", MS_OUTCOME_STRIPPED);
	assert_outcome(tree, "t/sub/b.ko", MS_OUTCOME_STRIPPED);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_int_equal(stat_of("t/a.ko").st_nlink, 3);
	assert_int_equal(stat_of("t/a.ko").st_ino, stat_of("t/c.ko").st_ino);
	assert_int_equal(stat_of("t/a.ko").st_ino, stat_of("t/sub/b.ko").st_ino);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void hard_links_that_lead_out_are_refused_and_nothing_is_done(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(link("t/a.ko", "out.ko"), 0);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	assert_outcome(tree, "t/b.ko", MS_OUTCOME_ROLLED_BACK);
	assert_int_equal(help_item(tree, "t/a.ko")->error, -EMLINK);
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "'t/a.ko' has hard links outside of the given paths (1 of 2)");
	assert_non_null(help_item(tree, "t/a.ko")->hint);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_true(help_is_module("t/b.ko", 2, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void break_links_leaves_the_outer_name_as_it_was(void **state)
{
	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(link("t/a.ko", "t/b.ko"), 0);
	assert_int_equal(link("t/a.ko", "out.ko"), 0);
	assert_int_equal(help_strip("t", (struct ms_tree_options){ .break_links = true }), 0);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("out.ko", 1, 100, 1));
	assert_int_equal(stat_of("t/a.ko").st_ino, stat_of("t/b.ko").st_ino);
	assert_int_equal(stat_of("t/a.ko").st_nlink, 2);
}

static void one_bad_item_leaves_all_as_they_were_unless_to_keep_going(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write("t/bad.ko.xz", "\xfd" "7zXZ\0junk", 10);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_ROLLED_BACK);
	assert_outcome(tree, "t/bad.ko.xz", MS_OUTCOME_UNDECIDED);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ .keep_going = true },
				   &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_STRIPPED);
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
}

static void change_a(const char *step)
{
	if (!strcmp(step, "decided"))
		help_write_text("t/a.ko", "somebody else's");
}

static void a_file_that_changes_meanwhile_stops_the_run(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	ms_transaction_hook = change_a;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "'t/a.ko' changed while at work");
	assert_outcome(tree, "t/b.ko", MS_OUTCOME_ROLLED_BACK);
	assert_true(help_is_module("t/b.ko", 2, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void a_file_that_changes_meanwhile_is_left_out_when_keeping_going(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";
	struct stat st;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ .keep_going = true },
				   &tree), 0);
	ms_transaction_hook = change_a;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	assert_outcome(tree, "t/b.ko", MS_OUTCOME_STRIPPED);
	assert_true(help_is_module("t/b.ko", 2, 100, 0));
	assert_int_equal(stat("t/a.ko", &st), 0);
	assert_int_equal(st.st_size, 15);
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void cancel_at_synced(const char *step)
{
	if (!strcmp(step, "decided"))
		ms_ctx_cancel(help_ctx);
}

static void cancelled_before_the_renames_nothing_has_changed(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	ms_transaction_hook = cancel_at_synced;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), -ECANCELED);
	ms_transaction_hook = NULL;
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_ROLLED_BACK);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
}

static void cancel_at_renamed(const char *step)
{
	if (!strcmp(step, "renamed"))
		ms_ctx_cancel(help_ctx);
}

static void once_begun_the_renames_are_gone_through_with(void **state)
{
	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	ms_transaction_hook = cancel_at_renamed;
	assert_int_equal(help_strip("t", (struct ms_tree_options){ 0 }), 0);
	ms_transaction_hook = NULL;
	assert_true(help_is_module("t/a.ko", 1, 100, 0));
	assert_true(help_is_module("t/b.ko", 2, 100, 0));
}

static void remove_a(const char *step)
{
	if (!strcmp(step, "begun"))
		unlink("t/a.ko");
}

static void a_vanished_file_is_an_error_of_that_item(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/b.ko", 2, 100, 1);
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree), 0);
	ms_transaction_hook = remove_a;
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	ms_transaction_hook = NULL;
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "cannot open 't/a.ko': No such file or directory");
	assert_true(help_is_module("t/b.ko", 2, 100, 1));
}

static void packed_modules_stay_packed_the_same_way(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf packed = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf wanted = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };
	struct iovec iov;

	(void)state;
	help_module(&bytes, 1, 5000, 1);
	iov = (struct iovec){ bytes.data, bytes.len };
	assert_int_equal(ms_codec_pack(help_ctx, MS_COMPRESSION_XZ, 0, &iov, 1, &packed), 0);
	help_write("a.ko.xz", packed.data, packed.len);
	help_module(&bytes, 1, 5000, 0);
	iov = (struct iovec){ bytes.data, bytes.len };
	assert_int_equal(ms_codec_pack(help_ctx, MS_COMPRESSION_XZ, 0, &iov, 1, &wanted), 0);
	assert_int_equal(help_strip("a.ko.xz", (struct ms_tree_options){ 0 }), 0);
	assert_int_equal(ms_file_read(help_ctx, "a.ko.xz", 1 << 20, &got), 0);
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.data, wanted.data, got.len);
}

static int open_output(const char *path, const char *output, struct ms_tree **ret)
{
	return help_open(&path, 1, (struct ms_tree_options){ .output = output }, ret);
}

static void with_an_output_the_modules_stay_and_copies_are_made(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("t/sub/deep/b.ko", 2, 100, 0);
	assert_int_equal(link("t/a.ko", "t/c.ko"), 0);
	assert_int_equal(link("t/a.ko", "elsewhere.ko"), 0);
	assert_int_equal(chmod("t/a.ko", 0640), 0);
	assert_int_equal(utimensat(AT_FDCWD, "t/sub/deep/b.ko", times, 0), 0);
	assert_int_equal(open_output("t", "new/out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	tree = ms_tree_free(tree);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_true(help_is_module("new/out/a.ko", 1, 100, 0));
	assert_true(help_is_module("new/out/sub/deep/b.ko", 2, 100, 0));
	assert_int_equal(stat_of("new/out/a.ko").st_mode & 07777, 0640);
	assert_int_equal(stat_of("new/out/a.ko").st_ino, stat_of("new/out/c.ko").st_ino);
	assert_int_equal(stat_of("new/out/sub/deep/b.ko").st_mtim.tv_sec, 2000);
	assert_int_equal(help_strays("."), 0);
}

static void copies_replace_what_was_there_in_one_go(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_text("out/a.ko", "old");
	assert_int_equal(open_output("t", "out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	assert_true(help_is_module("out/a.ko", 1, 100, 0));
}

static void an_output_is_left_without_a_trace_when_an_item_fails(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	struct stat st;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write("t/sub/bad.ko.xz", "\xfd" "7zXZ\0junk", 10);
	assert_int_equal(open_output("t", "new/out", &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	tree = ms_tree_free(tree);
	assert_int_equal(lstat("new", &st), -1);
}

static void two_modules_never_become_one_copy(void **state)
{
	const char *const paths[] = { "t", "u" };
	struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	help_write_module("u/a.ko", 2, 100, 1);
	assert_int_equal(help_open(paths, 2, (struct ms_tree_options){ .output = "out" },
				   &tree), -EEXIST);
	assert_string_equal(ms_ctx_message(help_ctx),
			    "'t/a.ko' and 'u/a.ko' would become one file");
}

static void the_tree_itself_is_no_output(void **state)
{
	struct ms_tree *tree = NULL;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(open_output("t", "t/.", &tree), -EINVAL);
	assert_string_equal(ms_ctx_message(help_ctx), "'t/.' is where the modules are");
}

static void a_full_disk_leaves_every_file_as_it_was(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "small";
	char name[64];

	(void)state;
	assert_int_equal(mkdir("small", 0755), 0);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "small", "tmpfs", 0, "size=1m") < 0) {
		print_message("SKIPPED: cannot mount a small tmpfs: %s\n", strerror(errno));
		skip();
	}
	for (unsigned i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "small/%u.ko", i);
		help_write_module(name, i, 100000, 1);
	}
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ .jobs = 2 }, &tree), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	for (unsigned i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "small/%u.ko", i);
		assert_true(help_is_module(name, i, 100000, 1));
		assert_true(help_item(tree, name)->outcome == MS_OUTCOME_ROLLED_BACK ||
			    help_item(tree, name)->error == -ENOSPC);
	}
	tree = ms_tree_free(tree);
	assert_int_equal(help_strays("."), 0);
	assert_int_equal(umount("small"), 0);
}

static void what_another_user_owns_is_not_taken_over(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";
	int r;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: needs root to give files away\n");
		skip();
	}
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(chown("t", 65534, 65534), 0);
	assert_int_equal(seteuid(65534), 0);
	r = help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree);
	if (r == 0)
		r = ms_tree_strip(help_ctx, tree, true);
	assert_int_equal(r, 0);
	assert_outcome(tree, "t/a.ko", MS_OUTCOME_UNDECIDED);
	assert_string_equal(help_item(tree, "t/a.ko")->message,
			    "cannot keep the owner of 't/a.ko': Operation not permitted");
	tree = ms_tree_free(tree);
	assert_int_equal(seteuid(0), 0);
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_int_equal(help_strays("."), 0);
}

static void a_tree_that_cannot_be_written_is_refused_at_once(void **state)
{
	const char *path = "t";
	struct ms_tree *tree = NULL;
	int r;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIPPED: needs root to become nobody\n");
		skip();
	}
	help_write_module("t/a.ko", 1, 100, 1);
	assert_int_equal(seteuid(65534), 0);
	r = help_open(&path, 1, (struct ms_tree_options){ 0 }, &tree);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EACCES);
}

static void a_dry_run_writes_nothing_at_all(void **state)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	const char *path = "t";
	struct stat before, after;

	(void)state;
	help_write_module("t/a.ko", 1, 100, 1);
	before = stat_of("t");
	assert_int_equal(help_open(&path, 1, (struct ms_tree_options){ .dry_run = true },
				   &tree), 0);
	assert_int_equal(help_strays("."), 0);
	assert_int_equal(ms_tree_strip(help_ctx, tree, true), 0);
	tree = ms_tree_free(tree);
	after = stat_of("t");
	assert_true(help_is_module("t/a.ko", 1, 100, 1));
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, help_enter, help_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stripped_tree_has_the_payloads_and_nothing_else),
		TEST(with_syncs_the_result_is_the_same),
		TEST(strip_takes_one_trailer_or_all),
		TEST(a_module_without_a_signature_keeps_its_file),
		TEST(mode_times_and_xattrs_are_kept),
		TEST(the_access_time_is_that_of_before_the_run),
		TEST(ima_and_evm_are_dropped_with_one_warning),
		TEST(a_default_acl_of_the_directory_gives_no_new_rights),
		TEST(hard_links_under_the_paths_stay_linked),
		TEST(hard_links_that_lead_out_are_refused_and_nothing_is_done),
		TEST(break_links_leaves_the_outer_name_as_it_was),
		TEST(one_bad_item_leaves_all_as_they_were_unless_to_keep_going),
		TEST(a_file_that_changes_meanwhile_stops_the_run),
		TEST(a_file_that_changes_meanwhile_is_left_out_when_keeping_going),
		TEST(cancelled_before_the_renames_nothing_has_changed),
		TEST(once_begun_the_renames_are_gone_through_with),
		TEST(a_vanished_file_is_an_error_of_that_item),
		TEST(packed_modules_stay_packed_the_same_way),
		TEST(with_an_output_the_modules_stay_and_copies_are_made),
		TEST(copies_replace_what_was_there_in_one_go),
		TEST(an_output_is_left_without_a_trace_when_an_item_fails),
		TEST(two_modules_never_become_one_copy),
		TEST(the_tree_itself_is_no_output),
		TEST(a_full_disk_leaves_every_file_as_it_was),
		TEST(what_another_user_owns_is_not_taken_over),
		TEST(a_tree_that_cannot_be_written_is_refused_at_once),
		TEST(a_dry_run_writes_nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
