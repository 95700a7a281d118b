/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Finishing a set whose run was killed, or failed, behind the decision: by its journal,
 * and as often as needed. What has its name already is passed over; a file that is no
 * longer as it was when the set was made has been changed by somebody since, and stays.
 *
 * A name that is not there may stand for a rename that was done, or for something that
 * somebody has taken away. So what has the new name is looked at, too: only the very
 * file, directory or link that waited is the end of it, and all else is an error, behind
 * which nothing is renamed: the rest of the set may name what is missing.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "file-set-inside.h"
#include "../base/generation-name.h"

/* A name under which something waits in a key store; not that of its lock. */
static bool is_of_store(const char *name)
{
	const char *tag = name + strlen(MS_TEMPORARY_STORE);

	return strncmp(name, MS_TEMPORARY_STORE, strlen(MS_TEMPORARY_STORE)) == 0 &&
	       strspn(tag, "0123456789abcdef") == strlen(tag) && *tag;
}

static bool is_of_generation(const char *name)
{
	struct ms_generation_name id;

	return ms_generation_name_parse(name, &id);
}

/*
 * What changes in a key store, the journal's own directory: a link becomes `current`,
 * what has a generation's name loses it, and a new generation gets its own.
 */
static bool is_change_of_store(const struct ms_set_line *line)
{
	if (line->dir != 0)
		return false;
	if (line->kind == MS_SET_LINK && is_of_store(line->temp))
		return strcmp(line->base, MS_STORE_LINK) == 0;
	if (line->existed)
		return false;
	if (is_of_store(line->base))
		return is_of_generation(line->temp);
	return line->kind == MS_SET_DIRECTORY && is_of_store(line->temp) &&
	       is_of_generation(line->base);
}

/* Does a set of that tag have such a line? All else that waits has a name of its tag. */
static bool is_of_set(const struct ms_set_line *line, const char *tag)
{
	char other[MS_TAG_SIZE];

	if (is_change_of_store(line))
		return true;
	return line->kind != MS_SET_DIRECTORY && !is_of_store(line->base) &&
	       ms_temporary_parse(line->base, other) == MS_TEMPORARY_NONE &&
	       ms_temporary_parse(line->temp, other) == MS_TEMPORARY_NEW &&
	       strcmp(other, tag) == 0;
}

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
static bool is_exchanged(const struct ms_set_line *line, const struct ms_set_seen *seen)
{
	return line->existed && line->kind != MS_SET_DIRECTORY &&
	       !ms_mark_same_there(&seen->mark, &line->mark) &&
	       (uint64_t)seen->st.st_size == line->old_size &&
	       seen->st.st_mtim.tv_sec == line->old_seconds;
}

/* Is it what the set made, whatever somebody has written into it since? */
static bool is_new(const struct ms_set_line *line, const struct ms_set_seen *seen)
{
	mode_t type = line->kind == MS_SET_DIRECTORY ? S_IFDIR
		      : line->kind == MS_SET_LINK    ? S_IFLNK
						     : S_IFREG;

	return (seen->st.st_mode & S_IFMT) == type &&
	       ms_mark_same_there(&seen->mark, &line->mark);
}

static bool is_waiting(const struct ms_set_line *line, const struct ms_set_seen *seen)
{
	return is_new(line, seen) && (line->kind == MS_SET_DIRECTORY ||
				      (uint64_t)seen->st.st_size == line->size);
}

static bool is_also(int fd, const char *name, const struct stat *other)
{
	struct stat st;

	return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ms_same_inode(&st, other);
}

/* Somebody's newer file stays, and what waits goes. */
static int give_way(struct ms_ctx *ctx, const struct ms_set_journal *journal, int fd,
		    const struct ms_set_line *line)
{
	char tag[MS_TAG_SIZE];

	ms_warn(ctx, "'%s/%s' changed since the interrupted run and is left as it is",
		journal->dirs[line->dir].path, line->base);
	if (ms_temporary_parse(line->temp, tag) == MS_TEMPORARY_NEW)
		unlinkat(fd, line->temp, 0);
	return 0;
}

/* Nothing waits: has it its name already? What was to be removed then may have gone. */
static int check_done(int fd, const struct ms_set_line *line)
{
	struct ms_set_seen seen = { 0 };
	int r = ms_set_look(fd, line->base, &seen);

	if (r == -ENOENT)
		return is_of_store(line->base) ? 0 : -ESTALE;
	return r < 0 ? r : is_new(line, &seen) ? 0 : -ESTALE;
}

/* The old one goes, unless it is the last that there is. */
static int finish_exchanged(struct ms_ctx *ctx, const struct ms_set_journal *journal,
			    int fd, const struct ms_set_line *line, bool *partly)
{
	struct ms_set_seen seen = { 0 };
	int r = ms_set_look(fd, line->base, &seen);

	if (r < 0)
		return r == -ENOENT ? -ESTALE : r;
	if (is_new(line, &seen))
		return unlinkat(fd, line->temp, 0) < 0 ? -errno : 0;
	*partly = true;
	return give_way(ctx, journal, fd, line);
}

static int finish_line(struct ms_ctx *ctx, const struct ms_set_journal *journal, int fd,
		       const struct ms_set_line *line, bool *partly)
{
	struct ms_set_seen seen = { 0 };
	int r = ms_set_look(fd, line->temp, &seen);

	if (r < 0)
		return r == -ENOENT ? check_done(fd, line) : r;
	if (is_exchanged(line, &seen))
		return finish_exchanged(ctx, journal, fd, line, partly);
	if (!is_waiting(line, &seen))
		return -ESTALE;
	if (line->kind != MS_SET_DIRECTORY && is_also(fd, line->base, &seen.st))
		return unlinkat(fd, line->temp, 0) < 0 ? -errno : 0;
	/* what has a directory's name is not what the rest of the set is to name */
	if (line->kind != MS_SET_DIRECTORY && !is_old(fd, line)) {
		*partly = true;
		return give_way(ctx, journal, fd, line);
	}
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

int ms_set_place_open(const struct ms_set_place *place)
{
	_cleanup_fd_ int fd = ms_open_resolved(place->path, O_RDONLY);

	if (fd < 0)
		return fd;
	return ms_mark_fits(fd, &place->mark) ? ms_steal_fd(&fd) : -ESTALE;
}

/* The one that the journal was found in, which may have been moved there from another. */
static int open_first(int fd, const struct ms_set_place *place)
{
	int copy;

	if (!ms_mark_is_home(fd, &place->mark))
		return -ESTALE;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

static int fail_place(struct ms_ctx *ctx, const struct ms_set_place *place, int error)
{
	return error == -ESTALE
		       ? ms_fail(ctx, error,
				 "cannot finish the interrupted run on '%s': another "
				 "directory is there",
				 place->path)
		       : ms_fail_errno(ctx, error,
				       "cannot finish the interrupted run on '%s'",
				       place->path);
}

static int open_places(struct ms_ctx *ctx, const struct ms_set_journal *journal,
		       int first, struct places *ret)
{
	ret->fds = calloc(journal->n_dirs, sizeof(*ret->fds));
	if (!ret->fds)
		return ms_fail_nomem(ctx);
	for (; ret->n < journal->n_dirs; ret->n++) {
		const struct ms_set_place *place = &journal->dirs[ret->n];
		int fd =
			ret->n == 0 ? open_first(first, place) : ms_set_place_open(place);

		if (fd < 0)
			return fail_place(ctx, place, fd);
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
					     journal->dirs[i].path);
	for (size_t i = 0; i < journal->n_lines; i++) {
		ms_temporary_name(tag, MS_TEMPORARY_OLD, i, other);
		unlinkat(places->fds[journal->lines[i].dir], other, 0);
	}
	ms_temporary_name(tag, MS_TEMPORARY_AT, 0, other);
	for (size_t i = 1; i < places->n; i++)
		unlinkat(places->fds[i], other, 0);
	if (unlinkat(places->fds[0], name, 0) < 0)
		return ms_fail_errno(ctx, -errno, "cannot remove '%s/%s'",
				     journal->dirs[0].path, name);
	return 0;
}

static int fail_line(struct ms_ctx *ctx, const struct ms_set_journal *journal,
		     const struct ms_set_line *line, int error)
{
	const char *dir = journal->dirs[line->dir].path;

	return error == -ESTALE
		       ? ms_fail(ctx, error,
				 "cannot finish the interrupted run on '%s/%s': what it "
				 "made, '%s', has gone",
				 dir, line->base, line->temp)
		       : ms_fail_errno(ctx, error,
				       "cannot finish the interrupted run on '%s/%s'",
				       dir, line->base);
}

/* Nothing is done by a journal of which a line is none. */
static int check_lines(struct ms_ctx *ctx, const struct ms_set_journal *journal,
		       const char *shown, const char *name, const char *tag)
{
	for (size_t i = 0; i < journal->n_lines; i++)
		if (!is_of_set(&journal->lines[i], tag))
			return ms_fail(
				ctx, -EBADMSG,
				"'%s/%s' is no journal: '%s' is nothing of its set",
				shown, name, journal->lines[i].temp);
	return 0;
}

int ms_set_finish(struct ms_ctx *ctx, const struct ms_set_journal *journal, int fd,
		  const char *shown, const char *name, const char *tag,
		  bool *ret_partly)
{
	_cleanup_(places_done) struct places places = {0};
	int r = check_lines(ctx, journal, shown, name, tag);

	*ret_partly = false;
	r = r < 0 ? r : open_places(ctx, journal, fd, &places);
	for (size_t i = 0; i < journal->n_lines && r == 0; i++) {
		const struct ms_set_line *line = &journal->lines[i];

		r = finish_line(ctx, journal, places.fds[line->dir], line, ret_partly);
		if (r < 0)
			r = fail_line(ctx, journal, line, r);
	}
	r = r < 0 ? r : forget(ctx, journal, &places, name, tag);
	if (r == 0)
		ms_warn(ctx, "finished an interrupted run on '%s'%s", shown,
			*ret_partly ? ", but not in all it wanted" : "");
	return r;
}
