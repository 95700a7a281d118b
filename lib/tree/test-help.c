/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-help.h"

#include <ftw.h>

#include "../files/mark.h"
#include "../module/trailer.h"

struct ms_ctx *help_ctx;
char help_log[4096];
const char *help_base = "/tmp";
static char dir[64];

static void take_log(void *userdata, enum ms_log_level level, const char *text)
{
	size_t used = strlen(help_log);

	(void)userdata;
	(void)level;
	snprintf(help_log + used, sizeof(help_log) - used, "%s\n", text);
}

int help_enter(void **state)
{
	(void)state;
	umask(022);
	help_log[0] = '\0';
	help_ctx = ms_ctx_new();
	ms_ctx_set_log(help_ctx, take_log, NULL);
	snprintf(dir, sizeof(dir), "%s/modseal-test-tree-XXXXXX", help_base);
	return mkdtemp(dir) && chmod(dir, 0755) == 0 && chdir(dir) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

struct ms_journal_root help_home(const char *path)
{
	static char shown[256];
	struct ms_journal_root home = { .path = shown };
	_cleanup_fd_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	home.mark = ms_mark_of(fd);
	snprintf(shown, sizeof(shown), "/%s", path);
	return home;
}

void help_remove_all(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int help_leave(void **state)
{
	(void)state;
	ms_ctx_free(help_ctx);
	if (chdir("/") < 0)
		return -1;
	help_remove_all(dir);
	return 0;
}

void help_write(const char *path, const void *data, size_t len)
{
	_cleanup_free_ char *part = strdup(path);
	_cleanup_fd_ int fd = -1;

	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(part, 0755);
		*at = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
}

void help_write_text(const char *path, const char *text)
{
	help_write(path, text, strlen(text));
}

void help_module(struct ms_buf *ret, unsigned n, size_t size, unsigned trailers)
{
	uint8_t end[MS_TRAILER_END_LEN];

	ms_buf_clear(ret);
	assert_int_equal(ms_buf_printf(ret, "module %u ", n), 0);
	while (ret->len < size)
		assert_int_equal(ms_buf_append(ret, "0123456789abcdef", 16), 0);
	for (unsigned i = 0; i < trailers; i++) {
		assert_int_equal(ms_buf_append(ret, "signature", 9), 0);
		ms_trailer_write(9, end);
		assert_int_equal(ms_buf_append(ret, end, sizeof(end)), 0);
	}
}

void help_write_module(const char *path, unsigned n, size_t size, unsigned trailers)
{
	_cleanup_(ms_buf_done) struct ms_buf bytes = { 0 };

	help_module(&bytes, n, size, trailers);
	help_write(path, bytes.data, bytes.len);
}

bool help_is_module(const char *path, unsigned n, size_t size, unsigned trailers)
{
	_cleanup_(ms_buf_done) struct ms_buf wanted = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };
	struct ms_ctx *ctx = ms_ctx_new();
	int r = ms_file_read(ctx, path, 1 << 30, &got);

	ms_ctx_free(ctx);
	help_module(&wanted, n, size, trailers);
	return r == 0 && got.len == wanted.len && !memcmp(got.data, wanted.data, got.len);
}

static bool (*counts_name)(const char *name);
static int counted;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (counts_name(path + ftw->base))
		counted++;
	return 0;
}

int help_count(const char *path, bool (*counts)(const char *name))
{
	counts_name = counts;
	counted = 0;
	nftw(path, count_one, 16, FTW_PHYS);
	return counted;
}

static bool is_stray(const char *name)
{
	return !strncmp(name, ".modseal", 8);
}

int help_strays(const char *path)
{
	return help_count(path, is_stray);
}

int help_open(const char *const *paths, size_t n, struct ms_tree_options options,
	      struct ms_tree **ret)
{
	options.size = sizeof(options);
	options.writes = true;
	options.no_sync = true;
	return ms_tree_open(help_ctx, paths, n, &options, ret);
}

int help_strip(const char *path, struct ms_tree_options options)
{
	_cleanup_(help_tree_cleanup) struct ms_tree *tree = NULL;
	int r = help_open(&path, 1, options, &tree);

	return r < 0 ? r : ms_tree_strip(help_ctx, tree, true);
}

const struct ms_item *help_item(const struct ms_tree *tree, const char *path)
{
	for (size_t i = 0; i < ms_tree_count(tree); i++)
		if (!strcmp(ms_tree_item(tree, i)->path, path))
			return ms_tree_item(tree, i);
	fail_msg("no entry %s", path);
	return NULL;
}

void help_assert_outcome(const struct ms_tree *tree, const char *path,
			 enum ms_outcome outcome)
{
	const struct ms_item *item = help_item(tree, path);

	if (item->outcome != outcome)
		fail_msg("%s: outcome %d: %s", path, (int)item->outcome,
			 item->message ? item->message : "");
}

struct stat help_stat(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}
