/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is to be put in place, as it waits beside its targets.
 *
 * Everything that can fail for want of space or rights happens while it is added: a file
 * is written whole and synced, a target that cannot be replaced is refused. What is left
 * for the commit is a rename for each.
 *
 * The directory of the first entry gets the journal. Before a second directory is touched
 * the first one has a note of it, and it a note of the first: a kill at whatever point
 * leaves nothing of which no directory tells.
 */

#include "file-set.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attributes.h"
#include "beneath.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "file-set-inside.h"
#include "leftovers.h"

struct ms_file_set *ms_file_set_new(void)
{
	struct ms_file_set *set = calloc(1, sizeof(*set));

	if (set)
		set->journal = -1;
	return set;
}

void ms_file_set_no_sync(struct ms_file_set *set)
{
	set->no_sync = true;
}

bool ms_file_set_is_done(const struct ms_file_set *set)
{
	return set->done;
}

bool ms_file_set_is_pending(const struct ms_file_set *set)
{
	return set->pending;
}

static void drop_name(const struct ms_file_set *set, const struct ms_set_entry *entry,
		      char *name)
{
	if (name[0] && !set->pending)
		unlinkat(set->dirs[entry->dir].fd, name, 0);
	name[0] = '\0';
}

static void entry_done(struct ms_set_entry *entry)
{
	if (entry->fd >= 0)
		close(entry->fd);
	free(entry->shown);
	free(entry->base);
}

static void drop_entry(const struct ms_file_set *set, struct ms_set_entry *entry)
{
	if (!entry->borrowed)
		drop_name(set, entry, entry->temp);
	drop_name(set, entry, entry->kept);
	entry_done(entry);
}

struct ms_file_set *ms_file_set_free(struct ms_file_set *set)
{
	if (!set)
		return NULL;
	for (size_t i = 0; i < set->n; i++)
		drop_entry(set, &set->entries[i]);
	if (!set->pending)
		ms_set_forget(set);
	if (set->journal >= 0)
		close(set->journal);
	for (size_t i = 0; i < set->n_dirs; i++) {
		if (set->dirs[i].note >= 0)
			close(set->dirs[i].note);
		close(set->dirs[i].fd);
		free(set->dirs[i].given);
		free(set->dirs[i].path);
	}
	free(set->dirs);
	free(set->entries);
	free(set);
	return NULL;
}

/* The file that @path leads to; a file that is not there yet is itself. */
static int resolve(struct ms_ctx *ctx, const char *path, char **ret)
{
	struct stat st;

	*ret = realpath(path, NULL);
	if (*ret)
		return 0;
	if (errno == ENOENT && lstat(path, &st) < 0 && errno == ENOENT)
		*ret = strdup(path);
	else
		return ms_fail_errno(ctx, -errno, "cannot write '%s'", path);
	return *ret ? 0 : ms_fail_nomem(ctx);
}

static void drop_slashes(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
}

/*
 * Clears away what killed runs left there, once for a set. What @dir owns is taken over
 * where it goes well.
 */
static int add_directory(struct ms_ctx *ctx, struct ms_file_set *set,
			 const struct ms_set_dir *dir)
{
	struct ms_set_dir *dirs = reallocarray(set->dirs, set->n_dirs + 1, sizeof(*dirs));
	enum ms_recovery how;
	int r;

	if (!dirs)
		return ms_fail_nomem(ctx);
	set->dirs = dirs;
	r = ms_check_removable_from(ctx, dir->fd, dir->given);
	r = r < 0 ? r : ms_leftovers_clear(ctx, dir->fd, dir->given, &how);
	if (r < 0)
		return r;
	dirs[set->n_dirs++] = *dir;
	return 0;
}

/*
 * The directory by the name @path, opened once for a set. @held: the caller's descriptor of
 * it; or -1.
 */
static int use_directory(struct ms_ctx *ctx, struct ms_file_set *set, const char *path,
			 int held, size_t *ret)
{
	_cleanup_free_ char *given = strdup(path), *real = NULL;
	_cleanup_fd_ int fd = -1;
	struct ms_set_dir dir;
	int r;

	if (!given)
		return ms_fail_nomem(ctx);
	drop_slashes(given);
	for (*ret = 0; *ret < set->n_dirs; (*ret)++)
		if (!strcmp(set->dirs[*ret].given, given))
			return 0;
	real = realpath(given, NULL);
	fd = real ? ms_open_resolved(real, O_RDONLY) : -errno;
	if (fd < 0)
		return ms_fail_errno(ctx, fd, "cannot open directory '%s'", given);
	if (held >= 0 && !ms_same_file(fd, held))
		return ms_fail(ctx, -ESTALE, "'%s' was exchanged for another directory",
			       given);
	for (*ret = 0; *ret < set->n_dirs; (*ret)++)
		if (ms_same_file(fd, set->dirs[*ret].fd))
			return 0;
	ms_mark_settle(fd);
	dir = (struct ms_set_dir){
		.given = given,
		.path = real,
		.fd = fd,
		.mark = ms_mark_of(fd),
		.note = -1,
	};
	r = add_directory(ctx, set, &dir);
	if (r < 0)
		return r;
	given = real = NULL;
	fd = -1;
	return set->n_dirs > 1 ? ms_set_announce(ctx, set) : 0;
}

int ms_file_set_hold(struct ms_ctx *ctx, struct ms_file_set *set, int fd, const char *dir)
{
	size_t at;

	return use_directory(ctx, set, dir, fd, &at);
}

static int refuse_twice(struct ms_ctx *ctx, const struct ms_file_set *set,
			const struct ms_set_entry *entry)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->entries[i].dir == entry->dir &&
		    strcmp(set->entries[i].base, entry->base) == 0)
			return ms_fail(ctx, -EBUSY, "'%s' and '%s' are the same file",
				       set->entries[i].shown, entry->shown);
	return 0;
}

/* What will be replaced. Only files and links give way: a device would be gone. */
static int note_target(struct ms_ctx *ctx, const struct ms_file_set *set,
		       struct ms_set_entry *entry, bool link_gives_way, bool fresh)
{
	struct stat st;
	bool good;

	if (fstatat(set->dirs[entry->dir].fd, entry->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : ms_fail_errno(ctx, -errno, "cannot stat '%s'",
						       entry->shown);
	if (fresh)
		return ms_fail_errno(ctx, -EEXIST, "cannot create '%s'", entry->shown);
	good = S_ISLNK(st.st_mode) ? link_gives_way : S_ISREG(st.st_mode);
	if (!good)
		return ms_fail(ctx, -EINVAL, "'%s' is no regular file", entry->shown);
	entry->existed = true;
	entry->old = ms_identity_of(&st);
	return ms_check_replaceable(ctx, set->dirs[entry->dir].fd, entry->base,
				    entry->shown);
}

static int place(struct ms_ctx *ctx, struct ms_file_set *set, struct ms_set_entry *entry,
		 const char *real)
{
	const char *slash = strrchr(real, '/');
	_cleanup_free_ char *dir =
		slash ? strndup(real, (size_t)(slash - real) + 1) : strdup(".");
	int r;

	entry->base = strdup(slash ? slash + 1 : real);
	if (!dir || !entry->base)
		return ms_fail_nomem(ctx);
	r = use_directory(ctx, set, dir, -1, &entry->dir);
	return r < 0 ? r : refuse_twice(ctx, set, entry);
}

static int next_name(struct ms_ctx *ctx, struct ms_file_set *set, char *ret)
{
	int r = set->tag[0] ? 0 : ms_tag_new(ctx, set->tag);

	if (set->names >= MS_NAMES_MAX)
		return ms_fail_errno(ctx, -E2BIG, "too many files at once");
	if (r == 0)
		ms_temporary_name(set->tag, MS_TEMPORARY_NEW, set->names++, ret);
	return r;
}

static int keep_owner(struct ms_ctx *ctx, int fd, const struct stat *st,
		      const char *shown)
{
	struct stat now;
	int r;

	if (fstat(fd, &now) < 0)
		return ms_fail_errno(ctx, -errno, "cannot write '%s'", shown);
	if ((now.st_uid == st->st_uid && now.st_gid == st->st_gid) ||
	    fchown(fd, st->st_uid, st->st_gid) == 0)
		return 0;
	r = ms_fail_errno(ctx, -errno, "cannot keep the owner of '%s'", shown);
	return ms_hint(ctx, r, "run as its owner or as root");
}

static int fail_write(struct ms_ctx *ctx, const struct ms_set_entry *entry, int r)
{
	return ms_fail_errno(ctx, r, "cannot write '%s'", entry->shown);
}

/* Owner first: changing it takes mode bits away. */
static int set_metadata(struct ms_ctx *ctx, const struct ms_file_set *set,
			const struct ms_set_entry *entry, const struct ms_new_file *file)
{
	mode_t mode = file->mode;
	struct stat st = {0};
	bool there = fstatat(set->dirs[entry->dir].fd, entry->base, &st,
			     AT_SYMLINK_NOFOLLOW) == 0 &&
		     S_ISREG(st.st_mode);
	int r = 0;

	if (file->keep == MS_KEEP_ALL && there)
		r = keep_owner(ctx, entry->fd, &st, entry->shown);
	if (r < 0)
		return r;
	if (file->keep != MS_KEEP_NOTHING)
		mode = there && (file->keep == MS_KEEP_ALL || st.st_uid == geteuid())
			       ? st.st_mode & 07777
			       : ms_mode_less_umask(mode);
	return fchmod(entry->fd, mode) < 0 ? fail_write(ctx, entry, -errno) : 0;
}

int ms_set_look(int fd, const char *name, struct ms_set_seen *ret)
{
	_cleanup_fd_ int it = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (it < 0 || fstat(it, &ret->st) < 0)
		return -errno;
	return ms_mark_get(it, &ret->mark);
}

/* By what it is known again. */
static int note_waiting(struct ms_ctx *ctx, const struct ms_file_set *set,
			struct ms_set_entry *entry, const char *from)
{
	struct ms_set_seen seen = { 0 };
	int r = ms_set_look(set->dirs[entry->dir].fd, from, &seen);
	mode_t mode;

	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot stat '%s'", from);
	mode = seen.st.st_mode;
	entry->kind = S_ISDIR(mode)   ? MS_SET_DIRECTORY
		      : S_ISLNK(mode) ? MS_SET_LINK
				      : MS_SET_FILE;
	entry->size = S_ISDIR(mode) ? 0 : seen.st.st_size;
	entry->mark = seen.mark;
	return 0;
}

static int write_new(struct ms_ctx *ctx, struct ms_file_set *set,
		     struct ms_set_entry *entry, const struct ms_new_file *file,
		     const char *name)
{
	struct iovec iov = {.iov_base = (void *)file->data, .iov_len = file->len};
	int r;

	entry->fd = ms_temporary_create(set->dirs[entry->dir].fd, name);
	if (entry->fd < 0)
		return ms_fail_errno(ctx, entry->fd, "cannot create a file beside '%s'",
				     entry->shown);
	memcpy(entry->temp, name, strlen(name) + 1);
	r = ms_write_all(entry->fd, &iov, 1);
	return r < 0 ? fail_write(ctx, entry, r) : set_metadata(ctx, set, entry, file);
}

/* Locked before anybody could take it for what a killed run left. */
static int move_new(struct ms_ctx *ctx, struct ms_file_set *set,
		    struct ms_set_entry *entry, const struct ms_new_file *file,
		    const char *name)
{
	entry->fd = ms_temporary_take(file->from_dir, file->from,
				      set->dirs[entry->dir].fd, name);
	if (entry->fd < 0)
		return fail_write(ctx, entry, entry->fd);
	memcpy(entry->temp, name, strlen(name) + 1);
	return 0;
}

static int stage(struct ms_ctx *ctx, struct ms_file_set *set, struct ms_set_entry *entry,
		 const struct ms_new_file *file)
{
	char name[MS_TEMPORARY_NAME_SIZE];
	int r = next_name(ctx, set, name);

	if (r == 0)
		r = file->from ? move_new(ctx, set, entry, file, name)
			       : write_new(ctx, set, entry, file, name);
	if (r == 0 && !set->no_sync && fsync(entry->fd) < 0)
		r = fail_write(ctx, entry, -errno);
	return r < 0 ? r : note_waiting(ctx, set, entry, name);
}

/* Takes the entry into the set; @r, an error: it goes again. */
static int take(struct ms_ctx *ctx, struct ms_file_set *set, struct ms_set_entry *entry,
		int r)
{
	struct ms_set_entry *entries =
		reallocarray(set->entries, set->n + 1, sizeof(*entries));

	if (r == 0 && !entries)
		r = ms_fail_nomem(ctx);
	if (entries)
		set->entries = entries;
	if (r == 0 && entries)
		entries[set->n++] = *entry;
	else
		drop_entry(set, entry);
	return r;
}

int ms_file_set_add(struct ms_ctx *ctx, struct ms_file_set *set,
		    const struct ms_new_file *file)
{
	struct ms_set_entry entry = {.kind = MS_SET_FILE, .fd = -1};
	_cleanup_free_ char *real = NULL;
	int r = 0;

	entry.shown = strdup(file->path);
	if (!entry.shown)
		return ms_fail_nomem(ctx);
	if (file->beside || file->keep == MS_KEEP_NOTHING)
		real = strdup(file->path);
	else
		r = resolve(ctx, file->path, &real);
	if (r == 0 && !real)
		r = ms_fail_nomem(ctx);
	if (r == 0 && real)
		r = place(ctx, set, &entry, real);
	r = r < 0 ? r : note_target(ctx, set, &entry, true, file->fresh);
	r = r < 0 ? r : stage(ctx, set, &entry, file);
	if (r == 0 && file->was) {
		entry.check = true;
		entry.was = *file->was;
	}
	return take(ctx, set, &entry, r);
}

int ms_file_set_rename(struct ms_ctx *ctx, struct ms_file_set *set, const char *dir,
		       const char *from, const char *to)
{
	struct ms_set_entry entry = {.fd = -1, .borrowed = true};
	_cleanup_free_ char *path = NULL;
	int r = 0;

	if (asprintf(&path, "%s/%s", dir, to) < 0 || !(entry.shown = strdup(path))) {
		path = NULL;
		return ms_fail_nomem(ctx);
	}
	if (strlen(from) >= sizeof(entry.temp))
		r = ms_fail_errno(ctx, -ENAMETOOLONG, "cannot rename '%s'", from);
	r = r < 0 ? r : place(ctx, set, &entry, path);
	r = r < 0 ? r : note_waiting(ctx, set, &entry, from);
	r = r < 0 ? r
		  : note_target(ctx, set, &entry, true, entry.kind == MS_SET_DIRECTORY);
	if (r == 0)
		memcpy(entry.temp, from, strlen(from) + 1);
	return take(ctx, set, &entry, r);
}

/* A second name of somebody's file is not for us to lock: something else has to be. */
static bool has_lock(const struct ms_file_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->entries[i].fd >= 0)
			return true;
	return false;
}

int ms_file_set_keep_as(struct ms_ctx *ctx, struct ms_file_set *set, const char *path,
			const char *as)
{
	struct ms_set_entry entry = {.fd = -1, .shown = strdup(as)};
	const char *slash = strrchr(path, '/');
	char name[MS_TEMPORARY_NAME_SIZE];
	int fd, r = entry.shown ? 0 : ms_fail_nomem(ctx);

	if (r == 0 && !has_lock(set))
		r = ms_fail(ctx, -EINVAL, "'%s' has nothing in its place yet", path);
	r = r < 0 ? r : place(ctx, set, &entry, as);
	r = r < 0 ? r : note_target(ctx, set, &entry, true, false);
	r = r < 0 ? r : next_name(ctx, set, name);
	if (r < 0)
		return take(ctx, set, &entry, r);
	fd = set->dirs[entry.dir].fd;
	if (linkat(fd, slash ? slash + 1 : path, fd, name, 0) < 0)
		r = ms_fail_errno(ctx, -errno, "cannot keep '%s' as '%s'", path, as);
	else
		memcpy(entry.temp, name, sizeof(name));
	r = r < 0 ? r : note_waiting(ctx, set, &entry, name);
	return take(ctx, set, &entry, r);
}
