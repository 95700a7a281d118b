/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The stack of directories that lead to the one at hand is an array and not the C stack:
 * a tree may be as deep as its maker likes. Only the innermost few are open. An outer one
 * that is come back to is opened again as ".." of the inner one, and is known by device
 * and inode: if the inner one was moved elsewhere meanwhile, that shows.
 */

#include "descend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/room.h"

enum {
	OPEN_MAX_DIRS = 8,
	DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
};

struct level {
	int fd; /* or -1, where too many others are open */
	dev_t device;
	ino_t inode;
	size_t path_len; /* of the path that leads here */
	char **subdirs;
	size_t n_subdirs, capacity;
	size_t next; /* of subdirs */
};

struct descent {
	struct ms_ctx *ctx;
	const char *shown;
	ms_name_fn fn;
	void *userdata;
	struct level *levels;
	size_t depth, capacity;
	size_t visited;
	struct ms_buf path; /* ends in NUL, which is not counted in path_len */
};

static void level_done(struct level *level)
{
	for (size_t i = level->next; i < level->n_subdirs; i++)
		free(level->subdirs[i]);
	free(level->subdirs);
	if (level->fd >= 0)
		close(level->fd);
}

static void descent_done(struct descent *descent)
{
	while (descent->depth)
		level_done(&descent->levels[--descent->depth]);
	free(descent->levels);
	ms_buf_done(&descent->path);
}

static int fail_directory(const struct descent *descent, int error, const char *verb)
{
	const char *path = descent->path.data ? (const char *)descent->path.data : "";

	return ms_fail_errno(descent->ctx, error, "cannot %s directory '%s%s%s'", verb,
			     descent->shown,
			     *path && strcmp(descent->shown, "/") ? "/" : "", path);
}

/* Sets the path to that of @level and, where @name is not NULL, one step further. */
static int set_path(struct descent *descent, size_t len, const char *name)
{
	struct ms_buf *path = &descent->path;

	path->len = len;
	if (name && ((len && ms_buf_append_str(path, "/") < 0) ||
		     ms_buf_append_str(path, name) < 0))
		return ms_fail_nomem(descent->ctx);
	if (ms_buf_append(path, "", 1) < 0)
		return ms_fail_nomem(descent->ctx);
	return 0;
}

static unsigned char type_of(int fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	/* what vanished since is left to whoever opens it */
	if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_REG;
	return (unsigned char)IFTODT(st.st_mode);
}

static int note_subdir(struct descent *descent, struct level *level, const char *name)
{
	char **grown = ms_room(level->subdirs, level->n_subdirs, &level->capacity,
			       sizeof(*grown));

	if (!grown)
		return ms_fail_nomem(descent->ctx);
	level->subdirs = grown;
	grown[level->n_subdirs] = strdup(name);
	if (!grown[level->n_subdirs])
		return ms_fail_nomem(descent->ctx);
	level->n_subdirs++;
	return 0;
}

static int see_one(struct descent *descent, struct level *level, const struct dirent *d)
{
	struct ms_visit visit = {
		.number = descent->visited,
		.fd = level->fd,
		.path = (const char *)descent->path.data,
	};
	unsigned char type;

	if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
		return 0;
	type = type_of(level->fd, d);
	if (type == DT_DIR)
		return note_subdir(descent, level, d->d_name);
	return descent->fn(descent->ctx, &visit, d->d_name, type, descent->userdata);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Everything in the directory of @level. */
static int see_all(struct descent *descent, struct level *level)
{
	int copy = fcntl(level->fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *d;
	int r = 0;

	if (!dir) {
		r = fail_directory(descent, -errno, "read");
		if (copy >= 0)
			close(copy);
		return r;
	}
	rewinddir(dir); /* the copy shares its position with the one before */
	while (r == 0 && (errno = 0, d = readdir(dir)))
		r = see_one(descent, level, d);
	if (r == 0 && errno)
		r = fail_directory(descent, -errno, "read");
	closedir(dir);
	if (level->n_subdirs)
		qsort(level->subdirs, level->n_subdirs, sizeof(char *), compare_strings);
	descent->visited++;
	return r;
}

/* Goes into directory @fd, which is taken over, and whose path is set. */
static int enter(struct descent *descent, int fd)
{
	_cleanup_fd_ int owned = fd;
	struct level *level, *grown;
	struct stat st;
	int r = ms_check_cancelled(descent->ctx);

	if (r < 0)
		return r;
	grown = ms_room(descent->levels, descent->depth, &descent->capacity,
			sizeof(*grown));
	if (!grown)
		return ms_fail_nomem(descent->ctx);
	descent->levels = grown;
	if (fstat(fd, &st) < 0)
		return fail_directory(descent, -errno, "stat");
	level = &grown[descent->depth++];
	*level = (struct level){
		.fd = ms_steal_fd(&owned),
		.device = st.st_dev,
		.inode = st.st_ino,
		.path_len = descent->path.len - 1,
	};
	if (descent->depth > OPEN_MAX_DIRS) {
		struct level *outer = level - OPEN_MAX_DIRS;

		if (outer->fd >= 0)
			close(outer->fd);
		outer->fd = -1;
	}
	return see_all(descent, level);
}

static int go_down(struct descent *descent, struct level *level)
{
	_cleanup_free_ char *name = level->subdirs[level->next++];
	int fd, r = set_path(descent, level->path_len, name);

	if (r < 0)
		return r;
	fd = openat(level->fd, name, DIRECTORY);
	if (fd < 0)
		return fail_directory(descent, -errno, "open");
	return enter(descent, fd);
}

/* Opens @outer, the directory above @inner, again. */
static int reopen(struct descent *descent, struct level *outer, const struct level *inner)
{
	struct stat st;

	outer->fd = openat(inner->fd, "..", DIRECTORY);
	if (outer->fd < 0)
		return fail_directory(descent, -errno, "open");
	if (fstat(outer->fd, &st) < 0)
		return fail_directory(descent, -errno, "stat");
	if (st.st_dev != outer->device || st.st_ino != outer->inode)
		return fail_directory(descent, -EBUSY, "find the way back from");
	return 0;
}

static int go_up(struct descent *descent)
{
	struct level *inner = &descent->levels[descent->depth - 1];
	int r = 0;

	if (descent->depth > 1 && inner[-1].fd < 0)
		r = reopen(descent, inner - 1, inner);
	level_done(inner);
	descent->depth--;
	return r;
}

int ms_descend(struct ms_ctx *ctx, int fd, const char *shown, ms_name_fn fn,
	       void *userdata)
{
	_cleanup_(descent_done) struct descent descent = {
		.ctx = ctx,
		.shown = shown,
		.fn = fn,
		.userdata = userdata,
	};
	int copy, r = set_path(&descent, 0, NULL);

	if (r < 0)
		return r;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return fail_directory(&descent, -errno, "open");
	r = enter(&descent, copy);
	while (r == 0 && descent.depth) {
		struct level *level = &descent.levels[descent.depth - 1];

		r = level->next < level->n_subdirs ? go_down(&descent, level)
						   : go_up(&descent);
	}
	return r;
}
