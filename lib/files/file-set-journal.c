/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writing the journal of a set of several files, in the directory of the first.
 *
 *	modseal-files 3
 *	self MARK
 *	dir MARK /etc/keys
 *	dir MARK /usr/src/linux
 *	rename d 0 MARK - .modseal-key-4a01 0 20260131-0930
 *	rename f 812 MARK 790:1769850000.123456789 .modseal-4a020001.new 1 .config
 *	end
 *
 * MARK: as mark.h writes it. self: of this very file. A journal that was copied or came
 * out of an archive, where anybody may have written it, is not followed.
 *
 * dir: a directory's, and its path. The first is the journal's own, number 0. The mark is
 * there to tell it from another one that is found at its path later.
 *
 * rename: the kind (file, directory, link), size and mark of what is new; size and time of
 * what it replaces, or "-"; the name under which it waits; the number of the directory; the
 * name that it gets.
 *
 * The other directories have a note, .at: the line of the first without "dir".
 *
 * As long as it is called .begun it has only directories, and says where to clear away.
 * It is decided by being called .journal: a rename, after everything that it names is on
 * the disk. The same rename back, or its removal, takes that back. Of one directory there
 * is nothing to be said before: that journal is made without a name, and gets it when it
 * is decided, where the file system can do that.
 *
 * Bytes of names are percent-encoded. file-set-read.c reads it.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "file-set-inside.h"
#include "../base/text.h"

static int fail(struct ms_ctx *ctx, const struct ms_file_set *set, int error)
{
	return ms_fail_errno(ctx, error, "cannot write a journal in '%s'",
			     set->dirs[0].path);
}

static void name_of(const struct ms_file_set *set, enum ms_temporary_kind kind,
		    char ret[MS_TEMPORARY_NAME_SIZE])
{
	ms_temporary_name(set->tag, kind, 0, ret);
}

static int write_text(struct ms_ctx *ctx, const struct ms_file_set *set, int fd,
		      const struct ms_buf *text)
{
	struct iovec iov = {.iov_base = text->data, .iov_len = text->len};
	int r = ms_write_all(fd, &iov, 1);

	return r < 0 ? fail(ctx, set, r) : 0;
}

static int open_journal(struct ms_ctx *ctx, struct ms_file_set *set)
{
	char name[MS_TEMPORARY_NAME_SIZE];

	if (set->n_dirs == 1 && access("/proc/self/fd", X_OK) == 0) {
		set->journal = ms_temporary_nameless(set->dirs[0].fd);
		set->nameless = set->journal >= 0;
		if (set->nameless)
			return 0;
	}
	name_of(set, MS_TEMPORARY_BEGUN, name);
	set->journal = ms_temporary_create(set->dirs[0].fd, name);
	return set->journal < 0 ? fail(ctx, set, set->journal) : 0;
}

/* Which directory it is, and where. */
static int append_directory(struct ms_buf *text, const struct ms_set_dir *dir)
{
	int r = ms_mark_append(text, &dir->mark);

	r = r < 0 ? r : ms_buf_append_str(text, " ");
	r = r < 0 ? r : ms_percent_append(text, dir->path);
	return r < 0 ? r : ms_buf_append_str(text, "\n");
}

static int append_header(struct ms_buf *text, int journal)
{
	const struct ms_mark self = ms_mark_of(journal);
	int r = ms_buf_append_str(text, MS_SET_HEADER "self ");

	r = r < 0 ? r : ms_mark_append(text, &self);
	return r < 0 ? r : ms_buf_append_str(text, "\n");
}

/* The journal is begun, or goes on with the directories that it does not have yet. */
static int add_directories(struct ms_ctx *ctx, struct ms_file_set *set)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	int r = set->tag[0] ? 0 : ms_tag_new(ctx, set->tag);

	if (r < 0)
		return r;
	if (set->journal < 0) {
		r = open_journal(ctx, set);
		if (r < 0)
			return r;
		r = append_header(&text, set->journal);
	}
	for (size_t i = set->announced; r == 0 && i < set->n_dirs; i++)
		if (ms_buf_append_str(&text, "dir ") < 0 ||
		    append_directory(&text, &set->dirs[i]) < 0)
			r = -ENOMEM;
	if (r < 0)
		return ms_fail_nomem(ctx);
	set->announced = set->n_dirs;
	return write_text(ctx, set, set->journal, &text);
}

/* Lets a directory know where the journal is. */
static int add_note(struct ms_ctx *ctx, struct ms_file_set *set, struct ms_set_dir *dir)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	char name[MS_TEMPORARY_NAME_SIZE];

	name_of(set, MS_TEMPORARY_AT, name);
	dir->note = ms_temporary_create(dir->fd, name);
	if (dir->note < 0)
		return ms_fail_errno(ctx, dir->note, "cannot create a file in '%s'",
				     dir->path);
	if (append_directory(&text, &set->dirs[0]) < 0)
		return ms_fail_nomem(ctx);
	return write_text(ctx, set, dir->note, &text);
}

int ms_set_announce(struct ms_ctx *ctx, struct ms_file_set *set)
{
	int r = add_directories(ctx, set);

	for (size_t i = 1; r == 0 && i < set->n_dirs; i++)
		if (set->dirs[i].note < 0)
			r = add_note(ctx, set, &set->dirs[i]);
	return r;
}

static int append_entry(struct ms_buf *text, const struct ms_set_entry *entry)
{
	const struct ms_identity *old = &entry->old;
	int r = ms_buf_printf(text, "rename %c %jd ", entry->kind, (intmax_t)entry->size);

	r = r < 0 ? r : ms_mark_append(text, &entry->mark);
	if (r == 0 && entry->existed)
		r = ms_buf_printf(text, " %jd:%jd.%09ld ", (intmax_t)old->size,
				  (intmax_t)old->mtime.tv_sec, old->mtime.tv_nsec);
	else if (r == 0)
		r = ms_buf_append_str(text, " - ");
	r = r < 0 ? r : ms_percent_append(text, entry->temp);
	r = r < 0 ? r : ms_buf_printf(text, " %zu ", entry->dir);
	r = r < 0 ? r : ms_percent_append(text, entry->base);
	return r < 0 ? r : ms_buf_append_str(text, "\n");
}

/* With their notes: one that is torn says that nothing was decided. */
static int sync_directories(struct ms_ctx *ctx, const struct ms_file_set *set)
{
	for (size_t i = 0; i < set->n_dirs && !set->no_sync; i++)
		if ((set->dirs[i].note >= 0 && fsync(set->dirs[i].note) < 0) ||
		    fsync(set->dirs[i].fd) < 0)
			return ms_fail_errno(ctx, -errno, "cannot sync '%s'",
					     set->dirs[i].path);
	return 0;
}

static int write_entries(struct ms_ctx *ctx, struct ms_file_set *set)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0};
	int r = 0;

	for (size_t i = 0; i < set->n && r == 0; i++)
		r = append_entry(&text, &set->entries[i]);
	if (r < 0 || ms_buf_append_str(&text, MS_SET_END) < 0)
		return ms_fail_nomem(ctx);
	r = write_text(ctx, set, set->journal, &text);
	if (r == 0 && !set->no_sync && fsync(set->journal) < 0)
		r = fail(ctx, set, -errno);
	return r < 0 ? r : sync_directories(ctx, set);
}

int ms_set_decide(struct ms_ctx *ctx, struct ms_file_set *set)
{
	char begun[MS_TEMPORARY_NAME_SIZE], decided[MS_TEMPORARY_NAME_SIZE];
	int fd = set->dirs[0].fd, r;

	r = set->announced < set->n_dirs ? add_directories(ctx, set) : 0;
	r = r < 0 ? r : write_entries(ctx, set);
	if (r < 0)
		return r;
	name_of(set, MS_TEMPORARY_BEGUN, begun);
	name_of(set, MS_TEMPORARY_JOURNAL, decided);
	r = set->nameless ? ms_temporary_link(set->journal, fd, decided)
	    : renameat(fd, begun, fd, decided) < 0 ? -errno
						   : 0;
	if (r < 0)
		return fail(ctx, set, r);
	set->nameless = false;
	if (set->no_sync || fsync(fd) == 0)
		return 0;
	r = fail(ctx, set, -errno);
	set->pending = ms_set_withdraw(set) < 0;
	return r;
}

int ms_set_withdraw(struct ms_file_set *set)
{
	char begun[MS_TEMPORARY_NAME_SIZE], decided[MS_TEMPORARY_NAME_SIZE];
	int fd = set->dirs[0].fd;

	name_of(set, MS_TEMPORARY_BEGUN, begun);
	name_of(set, MS_TEMPORARY_JOURNAL, decided);
	if (renameat(fd, decided, fd, begun) < 0)
		return -errno;
	return set->no_sync || fsync(fd) == 0 ? 0 : -errno;
}

int ms_set_forget(struct ms_file_set *set)
{
	static const enum ms_temporary_kind kinds[] = {MS_TEMPORARY_JOURNAL,
						       MS_TEMPORARY_BEGUN};
	char name[MS_TEMPORARY_NAME_SIZE];

	for (size_t i = 0; i < 2 && set->journal >= 0; i++) {
		name_of(set, kinds[i], name);
		if (unlinkat(set->dirs[0].fd, name, 0) < 0 && errno != ENOENT)
			return -errno;
	}
	name_of(set, MS_TEMPORARY_AT, name);
	for (size_t i = 1; i < set->n_dirs; i++)
		if (set->dirs[i].note >= 0) {
			unlinkat(set->dirs[i].fd, name, 0);
			close(ms_steal_fd(&set->dirs[i].note));
		}
	if (set->journal >= 0)
		close(ms_steal_fd(&set->journal));
	return 0;
}
