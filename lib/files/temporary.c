/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/context.h"

enum { TAG_LEN = MS_TAG_SIZE - 1, NUMBER_LEN = 4, TRIES = 100 };

static const char *const suffixes[] = {
	[MS_TEMPORARY_NEW] = ".new",	     [MS_TEMPORARY_OLD] = ".old",
	[MS_TEMPORARY_BEGUN] = ".begun",     [MS_TEMPORARY_AT] = ".at",
	[MS_TEMPORARY_JOURNAL] = ".journal", [MS_TEMPORARY_WORK] = ".work",
};

int ms_tag_new(struct ms_ctx *ctx, char ret[MS_TAG_SIZE])
{
	uint64_t tag;

	if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
		return ms_fail(ctx, -EIO, "cannot get random bytes");
	snprintf(ret, MS_TAG_SIZE, "%012llx", (unsigned long long)(tag >> 16));
	return 0;
}

void ms_temporary_name(const char *tag, enum ms_temporary_kind kind, size_t number,
		       char ret[MS_TEMPORARY_NAME_SIZE])
{
	snprintf(ret, MS_TEMPORARY_NAME_SIZE, MS_TEMPORARY_PREFIX "%.12s%04x%s", tag,
		 (unsigned)(number % MS_NAMES_MAX), suffixes[kind]);
}

enum ms_temporary_kind ms_temporary_parse(const char *name, char ret_tag[MS_TAG_SIZE])
{
	const char *tag = name + strlen(MS_TEMPORARY_PREFIX);

	if (strncmp(name, MS_TEMPORARY_PREFIX, strlen(MS_TEMPORARY_PREFIX)) != 0 ||
	    strspn(tag, "0123456789abcdef") != TAG_LEN + NUMBER_LEN)
		return MS_TEMPORARY_NONE;
	memcpy(ret_tag, tag, TAG_LEN);
	ret_tag[TAG_LEN] = '\0';
	for (size_t kind = 1; kind < MS_ARRAY_SIZE(suffixes); kind++)
		if (strcmp(tag + TAG_LEN + NUMBER_LEN, suffixes[kind]) == 0)
			return (enum ms_temporary_kind)kind;
	return MS_TEMPORARY_NONE;
}

/*
 * Locks what was just made. False where somebody who clears away leftovers was faster and
 * has removed it. A file system without locks is one on which nobody clears away.
 */
static bool lock_new(int fd)
{
	struct stat st;

	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return fstat(fd, &st) < 0 || st.st_nlink > 0;
}

int ms_temporary_create(int dirfd, const char *name)
{
	for (int i = 0; i < TRIES; i++) {
		int fd = openat(dirfd, name,
				O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return -errno;
		if (lock_new(fd))
			return fd;
		close(fd);
	}
	return -EBUSY;
}

int ms_temporary_take(int from_dir, const char *from, int dirfd, const char *name)
{
	int fd = openat(from_dir, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	if (renameat(from_dir, from, dirfd, name) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int ms_temporary_nameless(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
	return fd;
}

int ms_temporary_link(int fd, int dirfd, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dirfd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int remove_new(int dirfd, const char *name, int error)
{
	unlinkat(dirfd, name, AT_REMOVEDIR);
	return error;
}

int ms_temporary_mkdir(int dirfd, const char *name)
{
	for (int i = 0; i < TRIES; i++) {
		int fd;

		if (mkdirat(dirfd, name, 0700) < 0)
			return -errno;
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && lock_new(fd))
			return fd;
		if (fd < 0 && errno != ENOENT)
			return remove_new(dirfd, name, -errno);
		if (fd >= 0)
			close(fd);
	}
	return -EBUSY;
}
