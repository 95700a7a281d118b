/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Over the set: one file, files of a program, clearing up, directories to work in. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/sized.h"
#include "directory.h"
#include "file-set.h"
#include "leftovers.h"
#include "temporary.h"

enum { DEPTH = 8 }; /* of directories in one to work in */

MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

int ms_file_put(struct ms_ctx *ctx, const struct ms_new_file *file, bool sync)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	int r;

	if (!set)
		return ms_fail_nomem(ctx);
	if (!sync)
		ms_file_set_no_sync(set);
	r = ms_file_set_add(ctx, set, file);
	return r < 0 ? r : ms_file_set_commit(ctx, set);
}

struct ms_workdir {
	int parent;
	int fd; /* locked */
	char name[MS_TEMPORARY_NAME_SIZE];
	char *path;
	bool has_file; /* that it was made beside */
	struct ms_identity file;
};

static int save(struct ms_ctx *ctx, struct ms_file_set *set,
		const struct ms_saved_file *saved)
{
	const struct ms_new_file file = {
		.path = saved->path,
		.data = saved->data,
		.len = saved->len,
		.from = saved->from,
		.from_dir = saved->from ? saved->work->fd : -1,
		.mode = saved->mode,
		.keep = saved->exact ? MS_KEEP_NOTHING : MS_KEEP_MODE,
		.beside = true,
		.was = saved->as_it_was ? &saved->work->file : NULL,
	};
	int r;

	if (saved->as_it_was && !saved->work->has_file)
		return ms_fail(ctx, -EBUSY, "'%s' was not there before", saved->path);
	/* first, since what waits for the second name is not locked itself */
	r = ms_file_set_add(ctx, set, &file);
	if (r == 0 && saved->keep_as)
		r = ms_file_set_keep_as(ctx, set, saved->path, saved->keep_as);
	return r;
}

int ms_files_save(struct ms_ctx *ctx, const struct ms_saved_file *files, size_t n,
		  bool sync)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	int r = set ? 0 : ms_fail_nomem(ctx);

	if (r == 0 && !sync)
		ms_file_set_no_sync(set);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct ms_saved_file file;

		r = ms_sized_at(ctx, &file, sizeof(file), files, i);
		if (r == 0)
			r = save(ctx, set, &file);
	}
	return r < 0 ? r : ms_file_set_commit(ctx, set);
}

/* The directory that @path lies in, to free(); NULL: no memory. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

int ms_files_recover(struct ms_ctx *ctx, const char *path, enum ms_recovery *ret)
{
	_cleanup_free_ char *real = realpath(path, NULL); /* where the file itself is */
	_cleanup_free_ char *parent = parent_of(real ? real : path);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *dir = path;

	if (!parent)
		return ms_fail_nomem(ctx);
	if (fd < 0 && (errno == ENOTDIR || errno == ENOENT)) {
		dir = parent;
		fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", dir);
	return ms_leftovers_recover(ctx, fd, dir, ret);
}

MS_DEFINE_CLEANUP(cleanup_workdir, struct ms_workdir *, ms_workdir_free)

struct ms_workdir *ms_workdir_free(struct ms_workdir *dir)
{
	if (!dir)
		return NULL;
	if (dir->fd >= 0) {
		ms_directory_remove(dir->parent, dir->name, dir->fd, DEPTH);
		close(dir->fd);
	}
	if (dir->parent >= 0)
		close(dir->parent);
	free(dir->path);
	free(dir);
	return NULL;
}

const char *ms_workdir_path(const struct ms_workdir *dir)
{
	return dir->path;
}

int ms_workdir_fd(const struct ms_workdir *dir)
{
	return dir->fd;
}

static int make_workdir(struct ms_ctx *ctx, const char *parent, struct ms_workdir *dir)
{
	enum ms_recovery how;
	char tag[MS_TAG_SIZE];
	int r;

	dir->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->parent < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", parent);
	r = ms_leftovers_clear(ctx, dir->parent, parent, &how);
	r = r < 0 ? r : ms_tag_new(ctx, tag);
	if (r < 0)
		return r;
	ms_temporary_name(tag, MS_TEMPORARY_WORK, 0, dir->name);
	if (asprintf(&dir->path, "%s/%s", parent, dir->name) < 0) {
		dir->path = NULL;
		return ms_fail_nomem(ctx);
	}
	dir->fd = ms_temporary_mkdir(dir->parent, dir->name);
	return dir->fd < 0 ? ms_fail_errno(ctx, dir->fd,
					   "cannot make a directory in '%s'", parent)
			   : 0;
}

int ms_workdir_new(struct ms_ctx *ctx, const char *path, struct ms_workdir **ret)
{
	_cleanup_(cleanup_workdir) struct ms_workdir *dir = calloc(1, sizeof(*dir));
	_cleanup_free_ char *parent = parent_of(path);
	struct stat st;
	int r;

	if (!dir || !parent)
		return ms_fail_nomem(ctx);
	dir->parent = dir->fd = -1;
	dir->has_file = lstat(path, &st) == 0;
	if (dir->has_file)
		dir->file = ms_identity_of(&st);
	r = make_workdir(ctx, parent, dir);
	if (r < 0)
		return r;
	*ret = ms_steal(&dir);
	return 0;
}
