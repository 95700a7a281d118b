/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading bundles. The file is taken as it is specified or not at all: the head, then
 * lines in strictly ascending order, each of three columns in their one spelling.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/text.h"
#include "bundle.h"

enum {
	MAX_BUNDLE = 1 << 30,
	MAX_SIGNATURE = 65535, /* MS_BER_MAX, of an area that bundles need not know */
	MAX_DEPTH = 64,
};

MS_DEFINE_CLEANUP(bundle_done, struct ms_bundle *, ms_bundle_free)

struct column {
	const char *text;
	size_t len;
};

/* Splits the line at its two spaces. */
static bool split(const char *line, size_t len, struct column ret[3])
{
	for (int i = 0; i < 2; i++) {
		const char *space = memchr(line, ' ', len);

		if (!space)
			return false;
		ret[i] = (struct column){ line, (size_t)(space - line) };
		len -= ret[i].len + 1;
		line = space + 1;
	}
	ret[2] = (struct column){ line, len };
	return true;
}

static const char *parse_line(const char *line, size_t len, struct ms_buf *der,
			      uint8_t sha256[32], char **ret_path)
{
	static const char prefix[] = "sha256:";
	struct column column[3];
	_cleanup_free_ char *plain = NULL;
	size_t skip = sizeof(prefix) - 1;

	if (!split(line, len, column))
		return "not three columns";
	if (column[0].len < skip || memcmp(column[0].text, prefix, skip) ||
	    ms_hex_decode(column[0].text + skip, column[0].len - skip, sha256, 32) < 0)
		return "no 'sha256:' and 64 hex digits in the first column";
	ms_buf_clear(der);
	if (ms_base64_decode(column[1].text, column[1].len, der) < 0 || !der->len)
		return "no base64 in the second column";
	if (der->len > MAX_SIGNATURE)
		return "a signature of more than 65535 bytes";
	if (!column[2].len || ms_percent_decode(column[2].text, column[2].len, &plain) < 0)
		return "no percent-encoded path in the third column";
	*ret_path = strndup(column[2].text, column[2].len);
	return *ret_path ? NULL : "out of memory";
}

/* Lines in order, so that a bundle has one form and two can be compared bytewise. */
static bool in_order(const char *previous, size_t previous_len, const char *line, size_t len)
{
	size_t common = previous_len < len ? previous_len : len;
	int order = memcmp(previous, line, common);

	return order < 0 || (order == 0 && previous_len < len);
}

static int parse_lines(struct ms_ctx *ctx, const char *text, size_t len, const char *path,
		       struct ms_bundle *bundle)
{
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	const char *previous = NULL;
	size_t previous_len = 0;

	for (size_t number = 2; len > 0; number++) {
		const char *end = memchr(text, '\n', len), *complaint;
		_cleanup_free_ char *encoded = NULL;
		size_t line_len = end ? (size_t)(end - text) : len;
		uint8_t sha256[32];
		int r = ms_check_cancelled(ctx);

		if (r < 0)
			return r;
		complaint = end ? parse_line(text, line_len, &der, sha256, &encoded) :
				  "no newline at the end";
		if (!complaint && previous && !in_order(previous, previous_len, text, line_len))
			complaint = "not in ascending order";
		if (complaint)
			return ms_fail(ctx, -EBADMSG, "%s:%zu: %s", path, number, complaint);
		r = ms_bundle_append(ctx, bundle, sha256, der.data, der.len, encoded);
		if (r < 0)
			return r;
		previous = text;
		previous_len = line_len;
		text += line_len + 1;
		len -= line_len + 1;
	}
	return 0;
}

static int parse(struct ms_ctx *ctx, const struct ms_buf *file, const char *path,
		 struct ms_bundle **ret)
{
	static const char head[] = MS_BUNDLE_HEAD "\n";
	_cleanup_(bundle_done) struct ms_bundle *bundle = ms_bundle_new();
	size_t skip = sizeof(head) - 1;
	int r;

	if (!bundle)
		return ms_fail_nomem(ctx);
	if (file->len < skip || memcmp(file->data, head, skip))
		return ms_fail(ctx, -EBADMSG, "%s:1: not a bundle: no line '%s'", path,
			       MS_BUNDLE_HEAD);
	r = parse_lines(ctx, (const char *)file->data + skip, file->len - skip, path, bundle);
	if (r < 0)
		return r;
	if (ms_bundle_sort(bundle) < 0)
		return ms_fail_nomem(ctx);
	*ret = ms_steal(&bundle);
	return 0;
}

static int read_stdin(struct ms_ctx *ctx, struct ms_buf *ret)
{
	for (;;) {
		int r = ms_wait_readable(ctx, STDIN_FILENO, "standard input");
		ssize_t n;

		if (r < 0)
			return r;
		if (ret->len > MAX_BUNDLE)
			return ms_fail(ctx, -EFBIG, "standard input is larger than %d bytes",
				       MAX_BUNDLE);
		if (ms_buf_reserve(ret, 65536) < 0)
			return ms_fail_nomem(ctx);
		n = read(STDIN_FILENO, ret->data + ret->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ms_fail_errno(ctx, -errno, "cannot read standard input");
		if (n == 0)
			return 0;
		ret->len += (size_t)n;
	}
}

int ms_bundle_load(struct ms_ctx *ctx, const char *path, struct ms_bundle **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	bool from_stdin = !strcmp(path, "-");
	int r = from_stdin ? read_stdin(ctx, &file) : ms_file_read(ctx, path, MAX_BUNDLE, &file);

	if (r < 0)
		return r;
	return parse(ctx, &file, from_stdin ? "standard input" : path, ret);
}

static void directory_done(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int load_signature(struct ms_ctx *ctx, int dirfd, const char *name,
			  const char *relative, struct ms_bundle *bundle)
{
	static const uint8_t no_digest[32];
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	_cleanup_free_ char *module = NULL;
	int r = ms_file_read_at(ctx, dirfd, name, relative, true, MAX_SIGNATURE, &der, NULL);

	if (r < 0)
		return r;
	if (!der.len)
		return ms_fail(ctx, -EBADMSG, "'%s' is empty", relative);
	module = strndup(relative, strlen(relative) - strlen(".sig"));
	if (!module)
		return ms_fail_nomem(ctx);
	return ms_bundle_add(ctx, bundle, no_digest, der.data, der.len, module);
}

static int load_directory(struct ms_ctx *ctx, int dirfd, const char *prefix, int depth,
			  struct ms_bundle *bundle);

static int load_entry(struct ms_ctx *ctx, int dirfd, const char *prefix, const char *name,
		      int depth, struct ms_bundle *bundle)
{
	_cleanup_(ms_buf_done) struct ms_buf relative = { 0 };
	_cleanup_fd_ int fd = -1;
	struct stat st;

	if (ms_buf_printf(&relative, "%s%s%s", prefix, *prefix ? "/" : "", name) < 0 ||
	    ms_buf_append(&relative, "", 1) < 0)
		return ms_fail_nomem(ctx);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", (char *)relative.data);
	if (S_ISREG(st.st_mode) && (ms_ends_with(name, ".sig") || ms_ends_with(name, ".p7s")))
		return load_signature(ctx, dirfd, name, (char *)relative.data, bundle);
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", (char *)relative.data);
	return load_directory(ctx, ms_steal_fd(&fd), (char *)relative.data, depth + 1, bundle);
}

/* Consumes @dirfd. */
static int load_directory(struct ms_ctx *ctx, int dirfd, const char *prefix, int depth,
			  struct ms_bundle *bundle)
{
	_cleanup_(directory_done) DIR *dir = fdopendir(dirfd);
	struct dirent *entry;

	if (!dir) {
		close(dirfd);
		return ms_fail_nomem(ctx);
	}
	if (depth > MAX_DEPTH)
		return ms_fail(ctx, -ELOOP, "'%s' is nested too deeply", prefix);
	while (errno = 0, (entry = readdir(dir))) {
		int r;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = load_entry(ctx, dirfd, prefix, entry->d_name, depth, bundle);
		if (r < 0)
			return r;
	}
	return errno ? ms_fail_errno(ctx, -errno, "cannot read directory '%s'", prefix) : 0;
}

int ms_bundle_load_dir(struct ms_ctx *ctx, const char *path, struct ms_bundle **ret)
{
	_cleanup_(bundle_done) struct ms_bundle *bundle = ms_bundle_new();
	int fd, r;

	if (!bundle)
		return ms_fail_nomem(ctx);
	bundle->by_path = true;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", path);
	r = load_directory(ctx, fd, "", 0, bundle);
	if (r < 0)
		return r;
	if (!bundle->count)
		return ms_fail(ctx, -ENODATA, "no signature (*.sig, *.p7s) in '%s'", path);
	if (ms_bundle_sort(bundle) < 0)
		return ms_fail_nomem(ctx);
	*ret = ms_steal(&bundle);
	return 0;
}
