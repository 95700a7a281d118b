/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files of a system below a root. Where that is not "/" links are followed by hand, so
 * that an absolute one ("/usr/src/linux-headers-...") leads to the place below the root
 * that it means there, and never out of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "system.h"

enum { MAX_LINKS = 40, MAX_FILE = 1 << 20 };

struct ms_system {
	char *root; /* "" or a directory, without a slash at its end */
};

struct ms_system *ms_system_free(struct ms_system *system)
{
	if (system)
		free(system->root);
	free(system);
	return NULL;
}

const char *ms_system_root(const struct ms_system *system)
{
	return system ? system->root : "";
}

int ms_system_open(struct ms_ctx *ctx, const char *root, struct ms_system **ret)
{
	_cleanup_(ms_cleanup_system) struct ms_system *system = calloc(1, sizeof(*system));
	struct stat st;

	if (!system)
		return ms_fail_nomem(ctx);
	if (!root)
		root = "/";
	if (stat(root, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", root);
	if (!S_ISDIR(st.st_mode))
		return ms_fail(ctx, -ENOTDIR, "'%s' is no directory", root);
	system->root = realpath(root, NULL);
	if (!system->root)
		return ms_fail_errno(ctx, -errno, "cannot open '%s'", root);
	if (strcmp(system->root, "/") == 0)
		system->root[0] = '\0';
	*ret = ms_steal(&system);
	return 0;
}

/* A path while it is being followed: what is behind us, below the root, and before us. */
struct walk {
	char done[PATH_MAX];
	char rest[PATH_MAX];
};

/* Puts @first before what is left. */
static int prepend(struct walk *walk, const char *first)
{
	char rest[PATH_MAX];
	int n = snprintf(rest, sizeof(rest), "%s/%s", first, walk->rest);

	if (n < 0 || (size_t)n >= sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(walk->rest, rest, (size_t)n + 1);
	return 0;
}

/* Takes the next component into @name: 1; 0: there is none. */
static int next(struct walk *walk, char name[NAME_MAX + 1])
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(start, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, start, len);
	name[len] = '\0';
	memmove(walk->rest, start + len, strlen(start + len) + 1);
	return len > 0;
}

static void go_up(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = '\0';
}

/* Goes into @name, or where it leads. 1: it was a link. */
static int step(const char *root, struct walk *walk, const char *name)
{
	char full[PATH_MAX], target[PATH_MAX], here[PATH_MAX];
	ssize_t len;
	int n;

	n = snprintf(here, sizeof(here), "%s/%s", walk->done, name);
	if (n < 0 || (size_t)n >= sizeof(here))
		return -ENAMETOOLONG;
	n = snprintf(full, sizeof(full), "%s%s", root, here);
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	len = readlink(full, target, sizeof(target) - 1);
	if (len < 0) {
		memcpy(walk->done, here, strlen(here) + 1);
		return 0;
	}
	target[len] = '\0';
	if (target[0] == '/')
		walk->done[0] = '\0';
	n = prepend(walk, target);
	return n < 0 ? n : 1;
}

/* Goes one component further. 1: by a link. */
static int go(const char *root, struct walk *walk, const char *name)
{
	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") != 0)
		return step(root, walk, name);
	go_up(walk);
	return 0;
}

static int follow(const char *root, struct walk *walk)
{
	char name[NAME_MAX + 1];
	int links = 0, r;

	while ((r = next(walk, name)) > 0) {
		r = go(root, walk, name);
		if (r < 0)
			return r;
		links += r;
		if (links > MAX_LINKS)
			return -ELOOP;
	}
	return r;
}

int ms_system_path(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   char **ret)
{
	const char *root = ms_system_root(system);
	struct walk walk = { .done = "" };
	int r = 0;

	if (!*root) {
		*ret = strdup(path);
		return *ret ? 0 : ms_fail_nomem(ctx);
	}
	if (strlen(path) >= sizeof(walk.rest))
		return ms_fail_errno(ctx, -ENAMETOOLONG, "'%s'", path);
	memcpy(walk.rest, path, strlen(path) + 1);
	r = follow(root, &walk);
	if (r < 0)
		return ms_fail_errno(ctx, r, "'%s'", path);
	*ret = ms_format("%s%s", root, walk.done);
	return *ret ? 0 : ms_fail_nomem(ctx);
}

int ms_system_pathf(struct ms_ctx *ctx, const struct ms_system *system, char **ret,
		    const char *format, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&path, format, args);
	va_end(args);
	if (len < 0) {
		path = NULL;
		return ms_fail_nomem(ctx);
	}
	return ms_system_path(ctx, system, path, ret);
}

int ms_system_find(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   char **ret)
{
	_cleanup_free_ char *real = NULL;
	int r = ms_system_path(ctx, system, path, &real);

	if (r < 0)
		return r;
	if (access(real, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT;
	*ret = ms_steal(&real);
	return 0;
}

static int read_all(int fd, struct ms_buf *ret)
{
	for (;;) {
		ssize_t n;

		if (ret->len > MAX_FILE)
			return -EFBIG;
		if (ms_buf_reserve(ret, 4096) < 0)
			return -ENOMEM;
		n = read(fd, ret->data + ret->len, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		ret->len += (size_t)n;
	}
}

/* A configuration is also taken out of use by a link to /dev/null in its place. */
static int check_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) ||
	    (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

int ms_system_read(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   struct ms_buf *ret)
{
	_cleanup_free_ char *real = NULL;
	_cleanup_fd_ int fd = -1;
	int r = ms_system_path(ctx, system, path, &real);

	if (r < 0)
		return r;
	/* NONBLOCK: a pipe in the place of a file must not hold us up */
	fd = open(real, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = check_kind(fd);
	return r < 0 ? r : read_all(fd, ret);
}

int ms_system_line(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		   char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	const char *start, *end;
	int r = ms_system_read(ctx, system, path, &file);

	r = r < 0 ? r : ms_buf_append(&file, "", 1);
	if (r < 0)
		return r;
	start = (const char *)file.data + strspn((const char *)file.data, " \t\r\n");
	end = start + strcspn(start, "\r\n");
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*ret = strndup(start, (size_t)(end - start));
	return *ret ? 0 : -ENOMEM;
}

bool ms_system_exists(struct ms_ctx *ctx, const struct ms_system *system, const char *path)
{
	_cleanup_free_ char *real = NULL;

	return ms_system_path(ctx, system, path, &real) == 0 && access(real, F_OK) == 0;
}
