/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Finishing a set whose run was killed, or failed, behind the decision: by its journal,
 * and as often as needed. What has its name already is passed over; what is no longer as
 * it was when the set was made has been changed by somebody since, and stays.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "context.h"
#include "file-set-inside.h"

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* What the target was: size and time. The kernel may have cut nanoseconds. */
static bool is_old(int fd, const struct ms_set_line *line)
{
	struct stat st;

	if (fstatat(fd, line->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && !line->existed;
	return line->existed && !S_ISDIR(st.st_mode) &&
	       (uint64_t)st.st_size == line->old_size &&
	       st.st_mtim.tv_sec == line->old_seconds &&
	       (st.st_mtim.tv_nsec == line->old_nanoseconds || st.st_mtim.tv_nsec == 0);
}

/* Have they changed their names already? Then the old one is what waits. */
static bool is_exchanged(const struct ms_set_line *line, const struct stat *st)
{
	return line->existed && line->kind != MS_SET_DIRECTORY &&
	       (uint64_t)st->st_ino != line->inode &&
	       (uint64_t)st->st_size == line->old_size &&
	       st->st_mtim.tv_sec == line->old_seconds;
}

static bool is_waiting(const struct ms_set_line *line, const struct stat *st)
{
	switch (line->kind) {
	case MS_SET_DIRECTORY:
		return S_ISDIR(st->st_mode);
	case MS_SET_LINK:
		return S_ISLNK(st->st_mode) && (uint64_t)st->st_size == line->size;
	case MS_SET_FILE:
		return S_ISREG(st->st_mode) && (uint64_t)st->st_size == line->size;
	}
	return false;
}

static bool same_inode(int fd, const char *name, const struct stat *other)
{
	struct stat st;

	return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == other->st_dev && st.st_ino == other->st_ino;
}

/* Somebody's newer file stays, and ours, which is too late, goes. */
static int give_way(struct ms_ctx *ctx, const struct ms_set_journal *journal, int fd,
		    const struct ms_set_line *line)
{
	char tag[MS_TAG_SIZE];

	ms_warn(ctx, "'%s/%s' changed since the interrupted run and is left as it is",
		journal->dirs[line->dir], line->base);
	if (ms_temporary_parse(line->temp, tag) == MS_TEMPORARY_NEW)
		unlinkat(fd, line->temp, 0);
	return 0;
}

static int finish_line(struct ms_ctx *ctx, const struct ms_set_journal *journal, int fd,
		       const struct ms_set_line *line)
{
	struct stat st;

	if (fstatat(fd, line->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno; /* it has its name already */
	if (is_exchanged(line, &st))
		return unlinkat(fd, line->temp, 0) < 0 ? -errno : 0;
	if (!is_waiting(line, &st))
		return -EBADMSG;
	if (line->kind != MS_SET_DIRECTORY && same_inode(fd, line->base, &st))
		return unlinkat(fd, line->temp, 0) < 0 ? -errno : 0;
	if (!is_old(fd, line))
		return give_way(ctx, journal, fd, line);
	return ms_set_rename(fd, line->temp, line->base, line->existed, line->kind);
}

/* The directories of a journal, open. */
struct places {
	int *fds;
	size_t n;
};

static void places_done(struct places *places)
{
	for (size_t i = 0; i < places->n; i++)
		if (places->fds[i] >= 0)
			close(places->fds[i]);
	free(places->fds);
}

static int open_places(struct ms_ctx *ctx, const struct ms_set_journal *journal,
		       int first, struct places *ret)
{
	ret->fds = calloc(journal->n_dirs, sizeof(*ret->fds));
	if (!ret->fds)
		return ms_fail_nomem(ctx);
	for (; ret->n < journal->n_dirs; ret->n++) {
		int fd = ret->n == 0 ? fcntl(first, F_DUPFD_CLOEXEC, 0)
				     : open(journal->dirs[ret->n], DIRECTORY);

		if (fd < 0)
			return ms_fail_errno(ctx, -errno,
					     "cannot finish the interrupted run on '%s'",
					     journal->dirs[ret->n]);
		ret->fds[ret->n] = fd;
	}
	return 0;
}

/* All is in its place and on the disk: second names and notes go, at last the journal. */
static int forget(struct ms_ctx *ctx, const struct ms_set_journal *journal,
		  const struct places *places, const char *name, const char *tag)
{
	char other[MS_TEMPORARY_NAME_SIZE];

	for (size_t i = 0; i < places->n; i++)
		if (fsync(places->fds[i]) < 0)
			return ms_fail_errno(ctx, -errno, "cannot sync '%s'",
					     journal->dirs[i]);
	for (size_t i = 0; i < journal->n_lines; i++) {
		ms_temporary_name(tag, MS_TEMPORARY_OLD, i, other);
		unlinkat(places->fds[journal->lines[i].dir], other, 0);
	}
	ms_temporary_name(tag, MS_TEMPORARY_AT, 0, other);
	for (size_t i = 1; i < places->n; i++)
		unlinkat(places->fds[i], other, 0);
	if (unlinkat(places->fds[0], name, 0) < 0)
		return ms_fail_errno(ctx, -errno, "cannot remove '%s/%s'",
				     journal->dirs[0], name);
	return 0;
}

int ms_set_finish(struct ms_ctx *ctx, const struct ms_set_journal *journal, int fd,
		  const char *shown, const char *name, const char *tag)
{
	_cleanup_(places_done) struct places places = {0};
	int r = open_places(ctx, journal, fd, &places);

	for (size_t i = 0; i < journal->n_lines && r == 0; i++) {
		const struct ms_set_line *line = &journal->lines[i];

		r = finish_line(ctx, journal, places.fds[line->dir], line);
		if (r < 0)
			r = ms_fail_errno(ctx, r,
					  "cannot finish the interrupted run on '%s/%s'",
					  journal->dirs[line->dir], line->base);
	}
	r = r < 0 ? r : forget(ctx, journal, &places, name, tag);
	if (r == 0)
		ms_warn(ctx, "finished an interrupted run on '%s'", shown);
	return r;
}
