/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the first versions of modseal left beside DKMS's files when they were killed. */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/directory.h"
#include "plan.h"

/* Six characters, as mkstemp() makes them, and as a person may well write them. */
static bool is_random(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	return strlen(text) == 6 && strspn(text, letters) == 6;
}

static bool begins(const char *text, size_t len, const char *with)
{
	size_t most = strlen(with);

	return memcmp(text, with, len < most ? len : most) == 0;
}

/* Does it end before its sum does? Then nobody can have written or copied anything. */
static bool is_cut_off(const char *text, size_t len)
{
	static const char first[] = "# Written by `modseal dkms setup` for DKMS ";
	const char *line = memchr(text, '\n', len);
	size_t left = line ? len - (size_t)(line + 1 - text) : 0;

	return begins(text, len, first) &&
	       (!line || (begins(line + 1, left, MS_DKMS_SUM_LINE) &&
			  left < strlen(MS_DKMS_SUM_LINE) + MS_DKMS_SUM_DIGITS + 1));
}

/*
 * The first versions of modseal wrote PATH.XXXXXX, and a kill left it. It may go where it
 * is this user's file, and empty or cut off. A whole one stays, for it may as well be a
 * copy that somebody has made.
 */
static void clear_one(int dir, const char *name)
{
	_cleanup_fd_ int fd = openat(
		dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char text[256]; /* the two lines are shorter */
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_nlink != 1 ||
	    st.st_size >= (off_t)sizeof(text))
		return;
	n = read(fd, text, sizeof(text));
	if (n >= 0 && n == st.st_size && is_cut_off(text, (size_t)n))
		unlinkat(dir, name, 0);
}

int ms_dkms_clear_old(struct ms_ctx *ctx, const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	_cleanup_free_ char *parent = strndup(path, (size_t)(base - path));
	_cleanup_(ms_directory_list_done) DIR *dir = parent ? opendir(parent) : NULL;
	size_t len = strlen(base);
	const struct dirent *d;

	if (!parent)
		return ms_fail_nomem(ctx);
	while (dir && (d = readdir(dir)))
		if (strncmp(d->d_name, base, len) == 0 && d->d_name[len] == '.' &&
		    is_random(d->d_name + len + 1))
			clear_one(dirfd(dir), d->d_name);
	return 0;
}
