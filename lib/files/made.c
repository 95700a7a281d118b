/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Linux removes directories by name only, so another one may get the name between the
 * look and the removal. Whoever can do that can remove an empty directory there himself.
 */

#include "made.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "directory.h"
#include "../base/room.h"

enum { LOOK = O_PATH | O_DIRECTORY | O_CLOEXEC };

static int open_child(int parent, const char *name)
{
	int fd = openat(parent, name, LOOK | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

struct ms_mark ms_made_mark(int parent, const char *name)
{
	_cleanup_fd_ int fd = open_child(parent, name);
	struct ms_mark mark = { 0 };

	if (fd >= 0)
		mark = ms_mark_of(fd);
	return mark;
}

int ms_made_remove_one(int parent, const char *name, const struct ms_mark *mark)
{
	_cleanup_fd_ int fd = open_child(parent, name);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0; /* it was never made, or is none of ours */
	if (fd < 0)
		return fd;
	if (mark && !ms_mark_fits(fd, mark))
		return 0;
	/* what is not empty stays: it was put to use */
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT &&
	    errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
		return -errno;
	return 0;
}

/* Notes that @name in @parent was made. */
static int note(struct ms_ctx *ctx, struct ms_made_directories *made, int parent,
		const char *name)
{
	struct ms_made_directory *list =
		ms_room(made->list, made->n, &made->capacity, sizeof(*list));
	struct ms_made_directory one = { .name = strdup(name) };

	if (list)
		made->list = list;
	if (!list || !one.name) {
		free(one.name);
		unlinkat(parent, name, AT_REMOVEDIR);
		return ms_fail_nomem(ctx);
	}
	one.parent = fcntl(parent, F_DUPFD_CLOEXEC, 0);
	one.mark = ms_made_mark(parent, name);
	list[made->n++] = one;
	return 0;
}

/*
 * Opens @name below *@fd, which becomes it, and makes it where it is not there. A link is
 * followed that the user's path has; one that has come since then is none of those.
 */
static int enter(struct ms_ctx *ctx, const char *path, const char *name, mode_t mode,
		 struct ms_made_directories *made, int *fd)
{
	int next = openat(*fd, name, LOOK), r = 0;

	if (next < 0 && errno == ENOENT) {
		if (mkdirat(*fd, name, mode) == 0)
			r = note(ctx, made, *fd, name);
		else if (errno != EEXIST)
			r = ms_fail_errno(ctx, -errno, "cannot make directory '%s'", path);
		if (r < 0)
			return r;
		next = openat(*fd, name, LOOK | O_NOFOLLOW);
	}
	if (next < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", path);
	close(*fd);
	*fd = next;
	return 0;
}

/* The next component of a path, and whether others follow; NULL at its end. */
static char *next_name(char **rest, bool *ret_is_last)
{
	char *name;

	*rest += strspn(*rest, "/");
	if (!**rest)
		return NULL;
	name = *rest;
	*rest += strcspn(*rest, "/");
	*ret_is_last = !(*rest)[strspn(*rest, "/")];
	if (**rest)
		*(*rest)++ = '\0';
	return name;
}

int ms_make_directories(struct ms_ctx *ctx, const char *path, mode_t mode_above,
			mode_t mode, struct ms_made_directories *made)
{
	_cleanup_free_ char *copy = strdup(path);
	_cleanup_fd_ int fd = open(*path == '/' ? "/" : ".", LOOK);
	char *rest = copy, *name;
	bool is_last = false;
	int r = 0;

	if (!copy)
		return ms_fail_nomem(ctx);
	if (fd < 0 || !*path)
		return ms_fail_errno(ctx, fd < 0 ? -errno : -ENOENT,
				     "cannot make directory '%s'", path);
	while (r == 0 && (name = next_name(&rest, &is_last)))
		r = enter(ctx, path, name, is_last ? mode : mode_above, made, &fd);
	return r < 0 ? r : ms_steal_fd(&fd);
}

int ms_made_sync(struct ms_ctx *ctx, const struct ms_made_directories *made,
		 const char *path)
{
	for (size_t i = 0; i < made->n; i++) {
		_cleanup_fd_ int fd = ms_open_directory(made->list[i].parent, ".");
		int r = fd < 0 ? fd : fsync(fd) < 0 ? -errno : 0;

		if (r < 0)
			return ms_fail_errno(ctx, r, "cannot sync the directory of '%s'",
					     path);
	}
	return 0;
}

void ms_made_remove(const struct ms_made_directories *made)
{
	for (size_t i = made->n; i-- > 0;) {
		const struct ms_made_directory *one = &made->list[i];

		if (one->parent >= 0)
			ms_made_remove_one(one->parent, one->name, &one->mark);
	}
}

void ms_made_done(struct ms_made_directories *made)
{
	for (size_t i = 0; i < made->n; i++) {
		if (made->list[i].parent >= 0)
			close(made->list[i].parent);
		free(made->list[i].name);
	}
	free(made->list);
	*made = (struct ms_made_directories){ 0 };
}
