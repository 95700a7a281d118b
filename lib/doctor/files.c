/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files of the system that is examined. Below a root that is not "/" links are followed
 * by hand, so that an absolute one ("/usr/src/linux-headers-...") leads to the place
 * below the root that it means there, and never out of it.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "doctor.h"

enum { MAX_LINKS = 40, MAX_FILE = 1 << 20 };

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

/* Takes the next component into @name. False: there is none. */
static bool next(struct walk *walk, char name[NAME_MAX + 1])
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t len = strcspn(start, "/");

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(name, start, len);
	name[len] = '\0';
	memmove(walk->rest, start + len, strlen(start + len) + 1);
	return true;
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

static int follow(const char *root, struct walk *walk)
{
	char name[NAME_MAX + 1];
	int links = 0;

	while (next(walk, name)) {
		int r = 0;

		if (strcmp(name, "..") == 0)
			go_up(walk);
		else if (strcmp(name, ".") != 0)
			r = step(root, walk, name);
		if (r < 0)
			return r;
		links += r;
		if (links > MAX_LINKS)
			return -ELOOP;
	}
	return 0;
}

int ms_doctor_path(struct ms_doctor *doctor, const char *path, char **ret)
{
	struct walk walk = { .done = "" };
	int r = 0;

	if (!*doctor->root) {
		*ret = strdup(path);
		return *ret ? 0 : ms_fail_nomem(doctor->ctx);
	}
	if (strlen(path) >= sizeof(walk.rest))
		return ms_fail_errno(doctor->ctx, -ENAMETOOLONG, "'%s'", path);
	memcpy(walk.rest, path, strlen(path) + 1);
	r = follow(doctor->root, &walk);
	if (r < 0)
		return ms_fail_errno(doctor->ctx, r, "'%s'", path);
	*ret = ms_format("%s%s", doctor->root, walk.done);
	return *ret ? 0 : ms_fail_nomem(doctor->ctx);
}

int ms_doctor_pathf(struct ms_doctor *doctor, char **ret, const char *format, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&path, format, args);
	va_end(args);
	if (len < 0) {
		path = NULL;
		return ms_fail_nomem(doctor->ctx);
	}
	return ms_doctor_path(doctor, path, ret);
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

int ms_doctor_read(struct ms_doctor *doctor, const char *path, struct ms_buf *ret)
{
	_cleanup_free_ char *real = NULL;
	_cleanup_fd_ int fd = -1;
	int r = ms_doctor_path(doctor, path, &real);

	if (r < 0)
		return r;
	/* NONBLOCK: a pipe in the place of a file must not hold us up */
	fd = open(real, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : read_all(fd, ret);
}

int ms_doctor_line(struct ms_doctor *doctor, const char *path, char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	const char *start, *end;
	int r = ms_doctor_read(doctor, path, &file);

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

bool ms_doctor_exists(struct ms_doctor *doctor, const char *path)
{
	_cleanup_free_ char *real = NULL;

	return ms_doctor_path(doctor, path, &real) == 0 && access(real, F_OK) == 0;
}

int ms_doctor_unread(struct ms_doctor *doctor, const char *id, const char *path, int error)
{
	bool rights = error == -EACCES || error == -EPERM;

	if (error == -ENOMEM)
		return ms_fail_nomem(doctor->ctx);
	return ms_doctor_found(doctor, id, MS_SEVERITY_UNKNOWN,
			       rights ? strdup("sudo modseal doctor") : NULL,
			       "cannot read '%s%s': %s", doctor->root, path,
			       strerror(-error));
}
