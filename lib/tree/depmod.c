/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * depmod's own walk (depmod_modules_search_dir() of kmod's tools/depmod.c, the same since
 * kmod 30 at least): it follows every link, to files and to directories, passes over
 * whatever is called "build" or "source", over links that lead nowhere and over what is
 * neither file nor directory, and takes each file whose name has more than a module's
 * suffix.
 *
 * It has no protection against links that lead in circles; here each directory is looked
 * into once. The walk is bounded, since a link may lead to all of a file system: past the
 * bound, and where a directory cannot be read, depmod is taken to find a module. That a
 * directory has none is known only once all that it leads to has none.
 */

#include "depmod.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/text.h"

enum { MOST_NAMES = 200000, MOST_DIRECTORIES = 4096, DEEPEST = 64 };

struct search {
	struct ms_ctx *ctx;
	struct ms_depmod *depmod;
	unsigned depth;
	bool found;
};

void ms_depmod_done(struct ms_depmod *depmod)
{
	free(depmod->dirs);
	*depmod = (struct ms_depmod){ 0 };
}

bool ms_depmod_excludes(const char *name)
{
	return !strcmp(name, "build") || !strcmp(name, "source");
}

bool ms_depmod_takes(const char *name)
{
	static const char *const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(suffixes); i++)
		if (ms_ends_with(name, suffixes[i]) && strcmp(name, suffixes[i]) != 0)
			return true;
	return false;
}

static struct ms_seen *find_seen(const struct ms_depmod *depmod, const struct stat *st)
{
	for (size_t i = 0; i < depmod->n; i++)
		if (depmod->dirs[i].inode == st->st_ino &&
		    depmod->dirs[i].device == st->st_dev)
			return &depmod->dirs[i];
	return NULL;
}

static int add_seen(struct search *s, const struct stat *st)
{
	struct ms_depmod *depmod = s->depmod;
	struct ms_seen *grown =
		reallocarray(depmod->dirs, depmod->n + 1, sizeof(*depmod->dirs));

	if (!grown)
		return ms_fail_nomem(s->ctx);
	depmod->dirs = grown;
	grown[depmod->n++] = (struct ms_seen){ st->st_dev, st->st_ino, false };
	return 0;
}

static int look_into(struct search *s, int fd, const char *name);

static int look_at(struct search *s, DIR *dir, const struct dirent *d)
{
	const char *name = d->d_name;
	struct stat st;

	if (!strcmp(name, ".") || !strcmp(name, "..") || ms_depmod_excludes(name))
		return 0;
	if (++s->depmod->looked_at > MOST_NAMES)
		s->found = true;
	if (d->d_type == DT_REG && !ms_depmod_takes(name))
		return 0;
	if (fstatat(dirfd(dir), name, &st, 0) < 0)
		s->found = s->found || (errno != ENOENT && errno != ELOOP);
	else if (S_ISREG(st.st_mode))
		s->found = s->found || ms_depmod_takes(name);
	else if (S_ISDIR(st.st_mode) && !s->found)
		return look_into(s, dirfd(dir), name);
	return 0;
}

static int read_names(struct search *s, DIR *dir)
{
	struct dirent *d;
	int r = ms_check_cancelled(s->ctx);

	while (r == 0 && !s->found && (errno = 0, d = readdir(dir)))
		r = look_at(s, dir, d);
	if (r == 0 && !s->found && errno)
		s->found = true;
	return r;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Looks into a directory that was not looked into yet. */
static int look_into_new(struct search *s, int fd)
{
	_cleanup_(close_dir) DIR *dir = fdopendir(fd);
	size_t place = s->depmod->n - 1;
	int r;

	if (!dir) {
		close(fd);
		s->found = true;
		return 0;
	}
	s->depth++;
	r = read_names(s, dir);
	s->depth--;
	s->depmod->dirs[place].has_modules = s->found;
	return r;
}

static int look_into(struct search *s, int fd, const char *name)
{
	_cleanup_fd_ int dir = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct ms_seen *seen;
	struct stat st;
	int r;

	if (dir < 0 || fstat(dir, &st) < 0) {
		s->found = errno != ENOENT && errno != ELOOP && errno != ENOTDIR;
		return 0;
	}
	seen = find_seen(s->depmod, &st);
	if (seen) {
		s->found = seen->has_modules;
		return 0;
	}
	if (s->depmod->n >= MOST_DIRECTORIES || s->depth >= DEEPEST) {
		s->found = true;
		return 0;
	}
	r = add_seen(s, &st);
	return r < 0 ? r : look_into_new(s, ms_steal_fd(&dir));
}

/* Of a search that found something, only what led there is known. */
static void forget_unknown(struct ms_depmod *depmod, size_t before)
{
	size_t kept = before;

	for (size_t i = before; i < depmod->n; i++)
		if (depmod->dirs[i].has_modules)
			depmod->dirs[kept++] = depmod->dirs[i];
	depmod->n = kept;
}

int ms_depmod_finds(struct ms_ctx *ctx, struct ms_depmod *depmod, int fd,
		    const char *name, bool *ret)
{
	struct search s = { .ctx = ctx, .depmod = depmod };
	size_t before = depmod->n;
	int r = look_into(&s, fd, name);

	if (r < 0)
		return r;
	if (s.found)
		forget_unknown(depmod, before);
	*ret = s.found;
	return 0;
}
