/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Several small files replaced together, such as the configurations that get the same key.
 *
 * Everything that can fail for want of space or rights happens while files are added: each
 * is written whole beside its target and synced. What is left for the commit is a rename
 * for each. Should one of these fail, the others are taken back: a second name of every
 * file that was there has been kept until then. Where a file system has no second names
 * (FAT), nothing can be taken back, and such a failure leaves some files old and some new.
 *
 * This is not the transaction over trees of modules (lib/tree), which survives a kill in
 * the midst of its renames: here a kill there leaves each file whole, and the command that
 * was killed can be given again.
 */

#include "file-set.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cleanup.h"
#include "context.h"

struct entry {
	char *shown;   /* the path that was given */
	char *real;    /* the file itself, links followed */
	const char *base; /* its name in its directory; within @real */
	int dirfd;
	char temp[48]; /* the new file's name; "" once it is in its place */
	char kept[48]; /* the old file's second name, "" where it has none */
	bool existed;
	bool check;
	struct ms_identity was;
};

struct ms_file_set {
	struct entry *entries;
	size_t n;
};

struct ms_file_set *ms_file_set_new(void)
{
	return calloc(1, sizeof(struct ms_file_set));
}

static void drop_name(const struct entry *entry, char *name)
{
	if (name[0])
		unlinkat(entry->dirfd, name, 0);
	name[0] = '\0';
}

static void entry_done(struct entry *entry)
{
	if (entry->dirfd >= 0) {
		drop_name(entry, entry->temp);
		drop_name(entry, entry->kept);
		close(entry->dirfd);
	}
	free(entry->shown);
	free(entry->real);
}

struct ms_file_set *ms_file_set_free(struct ms_file_set *set)
{
	for (size_t i = 0; set && i < set->n; i++)
		entry_done(&set->entries[i]);
	if (set)
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

static int open_directory(struct ms_ctx *ctx, struct entry *entry)
{
	const char *slash = strrchr(entry->real, '/');
	_cleanup_free_ char *dir =
		slash ? strndup(entry->real, (size_t)(slash - entry->real) + 1)
		      : strdup(".");

	if (!dir)
		return ms_fail_nomem(ctx);
	entry->base = slash ? slash + 1 : entry->real;
	entry->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (entry->dirfd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open directory '%s'", dir);
	return 0;
}

static int new_name(struct ms_ctx *ctx, const char *suffix, char ret[48])
{
	uint64_t tag;

	if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
		return ms_fail_errno(ctx, -errno, "cannot get random bytes");
	snprintf(ret, 48, ".modseal-%016llx.%s", (unsigned long long)tag, suffix);
	return 0;
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

/* Owner first: changing it takes mode bits away. */
static int set_metadata(struct ms_ctx *ctx, struct entry *entry, int fd, mode_t mode)
{
	struct stat st;
	mode_t mask;
	int r;

	if (fstatat(entry->dirfd, entry->base, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return ms_fail_errno(ctx, -errno, "cannot stat '%s'",
					     entry->shown);
		mask = umask(0);
		umask(mask);
		mode &= ~mask;
	} else {
		if (!S_ISREG(st.st_mode))
			return ms_fail(ctx, -EINVAL, "'%s' is no regular file",
				       entry->shown);
		r = keep_owner(ctx, fd, &st, entry->shown);
		if (r < 0)
			return r;
		entry->existed = true;
		mode = st.st_mode & 07777;
	}
	if (fchmod(fd, mode) < 0)
		return ms_fail_errno(ctx, -errno, "cannot write '%s'", entry->shown);
	return 0;
}

static int write_temporary(struct ms_ctx *ctx, struct entry *entry, const void *data,
			   size_t len, mode_t mode)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	_cleanup_fd_ int fd = -1;
	char name[48];
	int r = new_name(ctx, "new", name);

	if (r < 0)
		return r;
	fd = openat(entry->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot create a file beside '%s'",
				     entry->shown);
	memcpy(entry->temp, name, sizeof(name));
	r = ms_write_all(fd, &iov, 1);
	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot write '%s'", entry->shown);
	r = set_metadata(ctx, entry, fd, mode);
	if (r == 0 && fsync(fd) < 0)
		r = ms_fail_errno(ctx, -errno, "cannot write '%s'", entry->shown);
	return r;
}

static int refuse_twice(struct ms_ctx *ctx, const struct ms_file_set *set,
			const struct entry *entry)
{
	struct stat here, there;

	if (fstat(entry->dirfd, &here) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat the directory of '%s'",
				     entry->shown);
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->entries[i].base, entry->base) == 0 &&
		    fstat(set->entries[i].dirfd, &there) == 0 &&
		    here.st_dev == there.st_dev && here.st_ino == there.st_ino)
			return ms_fail(ctx, -EBUSY, "'%s' and '%s' are the same file",
				       set->entries[i].shown, entry->shown);
	return 0;
}

static int fill_entry(struct ms_ctx *ctx, const struct ms_file_set *set,
		      struct entry *entry, const char *path,
		      const struct ms_identity *was)
{
	int r;

	entry->shown = strdup(path);
	if (!entry->shown)
		return ms_fail_nomem(ctx);
	r = resolve(ctx, path, &entry->real);
	r = r < 0 ? r : open_directory(ctx, entry);
	r = r < 0 ? r : refuse_twice(ctx, set, entry);
	if (r == 0 && was) {
		entry->check = true;
		entry->was = *was;
	}
	return r;
}

int ms_file_set_add(struct ms_ctx *ctx, struct ms_file_set *set, const char *path,
		    const void *data, size_t len, mode_t mode,
		    const struct ms_identity *was)
{
	struct entry *entries = reallocarray(set->entries, set->n + 1, sizeof(*entries));
	_cleanup_(entry_done) struct entry entry = { .dirfd = -1 };
	int r;

	if (!entries)
		return ms_fail_nomem(ctx);
	set->entries = entries;
	r = fill_entry(ctx, set, &entry, path, was);
	r = r < 0 ? r : write_temporary(ctx, &entry, data, len, mode);
	if (r < 0)
		return r;
	entries[set->n++] = entry;
	entry = (struct entry){ .dirfd = -1 };
	return 0;
}

static int check_unchanged(struct ms_ctx *ctx, const struct entry *entry)
{
	struct ms_identity now;
	struct stat st;

	if (!entry->check)
		return 0;
	if (fstatat(entry->dirfd, entry->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", entry->shown);
	now = ms_identity_of(&st);
	if (!ms_identity_same(&now, &entry->was))
		return ms_fail(ctx, -EBUSY, "'%s' has changed since it was read",
			       entry->shown);
	return 0;
}

/* A second name for the old file, where the file system has such. */
static int keep_old(struct ms_ctx *ctx, struct entry *entry)
{
	char name[48];
	int r;

	if (!entry->existed)
		return 0;
	r = new_name(ctx, "old", name);
	if (r == 0 && linkat(entry->dirfd, entry->base, entry->dirfd, name, 0) == 0)
		memcpy(entry->kept, name, sizeof(name));
	return r;
}

static void take_back(struct entry *entry)
{
	if (!entry->existed)
		unlinkat(entry->dirfd, entry->base, 0);
	else if (entry->kept[0] && renameat(entry->dirfd, entry->kept, entry->dirfd,
					    entry->base) == 0)
		entry->kept[0] = '\0';
}

static int put_in_place(struct ms_ctx *ctx, struct entry *entry)
{
	if (renameat(entry->dirfd, entry->temp, entry->dirfd, entry->base) < 0)
		return ms_fail_errno(ctx, -errno, "cannot replace '%s'", entry->shown);
	entry->temp[0] = '\0';
	return 0;
}

static int prepare(struct ms_ctx *ctx, struct ms_file_set *set)
{
	int r = 0;

	for (size_t i = 0; i < set->n && r == 0; i++)
		r = check_unchanged(ctx, &set->entries[i]);
	for (size_t i = 0; i < set->n && r == 0 && set->n > 1; i++)
		r = keep_old(ctx, &set->entries[i]);
	return r < 0 ? r : ms_check_cancelled(ctx);
}

int ms_file_set_commit(struct ms_ctx *ctx, struct ms_file_set *set)
{
	int r = prepare(ctx, set);
	size_t done = 0;

	while (r == 0 && done < set->n) {
		r = put_in_place(ctx, &set->entries[done]);
		done += r == 0;
	}
	while (r < 0 && done > 0)
		take_back(&set->entries[--done]);
	for (size_t i = 0; i < set->n; i++)
		drop_name(&set->entries[i], set->entries[i].kept);
	for (size_t i = 0; i < set->n && r == 0; i++)
		if (fsync(set->entries[i].dirfd) < 0)
			r = ms_fail_errno(ctx, -errno,
					  "cannot sync the directory of '%s'",
					  set->entries[i].shown);
	return r;
}
