/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Making new files beside their targets. No name of a waiting file matches *.ko*, so that
 * neither depmod nor a packager takes one for a module.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../files/attributes.h"
#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../files/mark.h"
#include "journal.h"
#include "metadata.h"
#include "transaction.h"

static size_t index_of(const struct ms_tree *tree, const struct ms_entry *entry)
{
	return (size_t)(entry - tree->entries);
}

int ms_transaction_check_links(struct ms_ctx *ctx, const struct ms_tree *tree,
			       const struct ms_entry *entry, const struct stat *st)
{
	int r;

	if (tree->options.output || tree->options.break_links ||
	    st->st_nlink <= entry->names)
		return 0;
	r = ms_fail(ctx, -EMLINK,
		    "'%s' has hard links outside of the given paths (%ju of %ju)",
		    entry->path, (uintmax_t)(st->st_nlink - entry->names),
		    (uintmax_t)st->st_nlink);
	return ms_hint(ctx, r, "give all of them, or --break-links");
}

/* Can something be put in the place of @entry's target, in directory @dirfd? */
static int check_replaceable(struct ms_ctx *ctx, const struct ms_tree *tree,
			     const struct ms_entry *entry, int dirfd)
{
	const struct ms_directory *dir = &tree->dirs[entry->target_dir];
	const char *root = tree->output ? tree->output : tree->roots[dir->root].real;
	_cleanup_free_ char *path = ms_directory_path(tree, entry->target_dir);
	_cleanup_free_ char *dir_shown = path ? ms_path_join(root, path) : NULL;
	_cleanup_free_ char *shown =
		tree->output ? ms_path_join(tree->output, entry->item.relpath) :
			       strdup(entry->path);
	int r;

	if (!dir_shown || !shown)
		return ms_fail_nomem(ctx);
	r = ms_check_removable_from(ctx, dirfd, dir_shown);
	return r < 0 ? r
		     : ms_check_replaceable(ctx, dirfd, entry->target_name, shown);
}

/* Notes what the new file will replace, which the commit compares. */
static int note_target(struct ms_ctx *ctx, const struct ms_tree *tree,
		       struct ms_entry *entry, int dirfd, const struct stat *st)
{
	struct stat target;
	int r = check_replaceable(ctx, tree, entry, dirfd);

	entry->staged = (struct ms_staged){ 0 };
	if (r < 0)
		return r;
	if (!tree->output) {
		entry->staged.had_old = true;
		entry->staged.old = ms_identity_of(st);
		return 0;
	}
	if (fstatat(dirfd, entry->target_name, &target, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : ms_fail_errno(ctx, -errno, "cannot stat '%s/%s'",
						       tree->output, entry->item.relpath);
	if (!S_ISREG(target.st_mode))
		return ms_fail(ctx, -EEXIST, "'%s/%s' is there and is no regular file",
			       tree->output, entry->item.relpath);
	entry->staged.had_old = true;
	entry->staged.old = ms_identity_of(&target);
	return 0;
}

/* Opens the file that was read, once more, for what else belongs to it. */
static int open_source(struct ms_ctx *ctx, const struct ms_tree *tree,
		       const struct ms_entry *entry, const struct stat *st, int *ret)
{
	struct ms_dirfd dir = MS_DIRFD_INIT;
	_cleanup_fd_ int fd = -1;
	struct ms_identity then = ms_identity_of(st), now;
	struct stat st_now;
	int r = ms_directory_open(ctx, tree, entry->dir, &dir);

	if (r < 0)
		return r;
	fd = openat(dir.fd, entry->name,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	r = -errno;
	ms_directory_close(&dir);
	if (fd < 0)
		return ms_fail_errno(ctx, r, "cannot open '%s'", entry->path);
	if (fstat(fd, &st_now) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat '%s'", entry->path);
	now = ms_identity_of(&st_now);
	if (!ms_identity_same(&then, &now))
		return ms_fail(ctx, -EBUSY, "'%s' changed while at work", entry->path);
	*ret = ms_steal_fd(&fd);
	return 0;
}

static void count_dropped(struct ms_tree *tree, const struct ms_entry *entry,
			  const struct ms_metadata_dropped *dropped)
{
	struct ms_dropped *d = &tree->dropped;

	/* which of several threads' paths is kept as "the first" does not matter */
	if (dropped->ima && __atomic_fetch_add(&d->ima, 1, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&d->ima_path, entry->path, __ATOMIC_RELAXED);
	if (dropped->evm && __atomic_fetch_add(&d->evm, 1, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&d->evm_path, entry->path, __ATOMIC_RELAXED);
	if (dropped->other && __atomic_fetch_add(&d->other, 1, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&d->other_path, entry->path, __ATOMIC_RELAXED);
}

/* Fills the new, empty file @fd. */
static int fill(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_entry *entry,
		const struct stat *st, const struct iovec *iov, int n_iov, int fd)
{
	struct ms_metadata_dropped dropped = { 0 };
	_cleanup_fd_ int source = -1;
	int r = open_source(ctx, tree, entry, st, &source);

	if (r < 0)
		return r;
	r = ms_write_all(fd, iov, n_iov);
	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot write the new '%s'", entry->path);
	r = ms_metadata_copy(ctx, source, st, fd,
			     tree->output && !tree->options.output_stands_in, entry->path,
			     &dropped);
	if (r == 0)
		count_dropped(tree, entry, &dropped);
	return r;
}

static int make_file(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_entry *entry,
		     const struct stat *st, const struct iovec *iov, int n_iov, int dirfd)
{
	char name[MS_STAGED_NAME_SIZE];
	_cleanup_fd_ int fd = -1;
	struct statx made;
	int r;

	ms_staged_name(tree->txid, index_of(tree, entry), name);
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot make a file beside '%s'",
				     entry->path);
	entry->staged.there = true;
	r = fill(ctx, tree, entry, st, iov, n_iov, fd);
	if (r < 0)
		return r;
	r = ms_mark_look(fd, "", &made);
	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot stat the new '%s'", entry->path);
	entry->staged.size = made.stx_size;
	entry->staged.inode = made.stx_ino;
	entry->staged.birth = ms_mark_birth(&made);
	return 0;
}

/* Another name of the inode gets another name of the new file. */
static int link_name(struct ms_ctx *ctx, struct ms_tree *tree,
		     const struct ms_entry *leader, int leader_dir,
		     struct ms_entry *entry, const struct stat *st)
{
	char from[MS_STAGED_NAME_SIZE], to[MS_STAGED_NAME_SIZE];
	struct ms_dirfd dir = MS_DIRFD_INIT;
	int r = ms_directory_open(ctx, tree, entry->target_dir, &dir);

	if (r == 0)
		r = note_target(ctx, tree, entry, dir.fd, st);
	if (r == 0) {
		ms_staged_name(tree->txid, index_of(tree, leader), from);
		ms_staged_name(tree->txid, index_of(tree, entry), to);
		if (linkat(leader_dir, from, dir.fd, to, 0) < 0)
			r = ms_fail_errno(ctx, -errno, "cannot keep the hard link '%s'",
					  entry->path);
	}
	if (r == 0) {
		entry->staged.there = true;
		entry->staged.size = leader->staged.size;
		entry->staged.inode = leader->staged.inode;
		entry->staged.birth = leader->staged.birth;
	}
	ms_directory_close(&dir);
	return r;
}

static void remove_one(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_entry *entry)
{
	struct ms_dirfd dir = MS_DIRFD_INIT;
	char name[MS_STAGED_NAME_SIZE];

	if (!entry->staged.there)
		return;
	ms_staged_name(tree->txid, index_of(tree, entry), name);
	if (ms_directory_open(ctx, tree, entry->target_dir, &dir) < 0 ||
	    (unlinkat(dir.fd, name, 0) < 0 && errno != ENOENT))
		__atomic_store_n(&tree->roots[tree->dirs[entry->target_dir].root].stays,
				 true, __ATOMIC_RELAXED);
	ms_directory_close(&dir);
	entry->staged.there = false;
}

void ms_stage_remove(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_entry *leader)
{
	for (size_t i = index_of(tree, leader); i != SIZE_MAX;
	     i = tree->entries[i].next_name)
		remove_one(ctx, tree, &tree->entries[i]);
}

int ms_transaction_stage(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_entry *entry,
			 const struct stat *st, const struct iovec *iov, int n_iov)
{
	struct ms_dirfd dir = MS_DIRFD_INIT;
	int r = ms_transaction_check_links(ctx, tree, entry, st);

	if (r == 0 && (st->st_dev != entry->device || st->st_ino != entry->inode))
		r = ms_fail(ctx, -EBUSY, "'%s' changed while at work", entry->path);
	if (r == 0)
		r = ms_directory_open(ctx, tree, entry->target_dir, &dir);
	if (r == 0)
		r = note_target(ctx, tree, entry, dir.fd, st);
	if (r == 0)
		r = make_file(ctx, tree, entry, st, iov, n_iov, dir.fd);
	for (size_t i = entry->next_name; r == 0 && i != SIZE_MAX;
	     i = tree->entries[i].next_name)
		r = link_name(ctx, tree, entry, dir.fd, &tree->entries[i], st);
	if (r < 0) {
		struct ms_ctx *quiet =
			ms_ctx_fork(ctx); /* keeps the message of the failure */

		ms_stage_remove(quiet ? quiet : ctx, tree, entry);
		ms_ctx_free(quiet);
	}
	ms_directory_close(&dir);
	if (r == 0)
		ms_transaction_step("staged");
	return r;
}
