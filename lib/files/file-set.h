/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_FILE_SET_H
#define MS_FILES_FILE_SET_H

/*
 * Several names that get something new together: all of them or none, whatever fails and
 * whenever the run is killed.
 *
 *	file-set.c          what is to be put in place waits beside its target
 *	file-set-commit.c   the renames, and taking them back
 *	file-set-journal.c  the journal, by which a killed run is ended
 *	file-set-read.c     reading it
 *	file-set-finish.c   doing what it says
 *	leftovers.c         who does it: the next run in that directory, or recover
 *	files.c             one file by itself, and what programs get of all this
 */

#include "file.h"

struct ms_file_set;

/** Whose mode and owner a file gets that takes the place of another. */
enum ms_keep {
	MS_KEEP_ALL = 0, /* mode and owner of the one that is there */
	MS_KEEP_MODE,	 /* its mode, if it is this user's; the owner is this user */
	MS_KEEP_NOTHING, /* a mode that neither it nor the umask changes: for keys */
};

/** A file that is to be written. Set path, data and len; the rest may be zero. */
struct ms_new_file {
	const char *path;
	const void *data; /* not needed after the call */
	size_t len;
	/* Or NULL. Instead of data, mode and keep: the file of this name in @from_dir, on
	 * the same file system, made by this process, which is taken as it is. */
	const char *from;
	int from_dir;
	mode_t mode; /* of a new one, less the umask where something is kept */
	enum ms_keep keep;
	/*
	 * Nobody has named this path, it is made from another one: a link that somebody
	 * put there is not followed but replaced. So is one in the place of a key, with
	 * MS_KEEP_NOTHING. Else what a link leads to is replaced.
	 */
	bool beside;
	bool fresh;		       /* -EEXIST where something is there */
	const struct ms_identity *was; /* as it was read: it is to be still the same */
};

/** An empty set; NULL where there is no memory. */
struct ms_file_set *ms_file_set_new(void);

/** Frees the set, which may be NULL, and removes what was staged and not committed. */
struct ms_file_set *ms_file_set_free(struct ms_file_set *set);

/** Does not wait for the disk. For build roots. */
void ms_file_set_no_sync(struct ms_file_set *set);

/**
 * Has everything that is added below the path @dir be put into the directory @fd, which
 * the caller holds and has looked into, wherever that path leads by then. The journal is
 * in the first directory, by this or by what is added; whoever clears up there ends the
 * whole set. -ESTALE: @dir is not the path of @fd any more.
 */
int ms_file_set_hold(struct ms_ctx *ctx, struct ms_file_set *set, int fd,
		     const char *dir);

/**
 * Writes the file beside its path, and syncs it.
 *
 * Errors: those of opening and writing; -EPERM the owner cannot be kept; -EBUSY the path
 * is in the set already; -EEXIST; -EINVAL there is something that is no regular file.
 */
int ms_file_set_add(struct ms_ctx *ctx, struct ms_file_set *set,
		    const struct ms_new_file *file);

/**
 * Has @from, which is in directory @dir already, get the name @to: a directory, where
 * nothing has that name yet, or a link, which takes the place of another one. @from stays
 * the caller's: see ms_file_set_is_pending().
 */
int ms_file_set_rename(struct ms_ctx *ctx, struct ms_file_set *set, const char *dir,
		       const char *from, const char *to);

/**
 * Has the file @path be known by the name @as, too, which another one may have now. For a
 * path that has been added: what waits for @as is not locked itself, and would be taken
 * for what a killed run left while nothing else of the set is. -EINVAL: nothing is.
 */
int ms_file_set_keep_as(struct ms_ctx *ctx, struct ms_file_set *set, const char *path,
			const char *as);

/**
 * Puts everything in its place, in the order in which it was added.
 *
 * Where it fails before or in the midst of the renames, all is as it was. Where it fails
 * behind them, at putting them on the disk, all is in its new place and stays there: what
 * has been renamed is never taken back then, since nobody could tell what the disk has.
 * The message says so. Where it could neither go on nor back, the journal stays, and the
 * hint says how to go on.
 *
 * Errors: -EBUSY a file has changed since it was read; those of renaming and syncing.
 */
int ms_file_set_commit(struct ms_ctx *ctx, struct ms_file_set *set);

/** True where all is in its new place, though a commit may have failed behind that. */
bool ms_file_set_is_done(const struct ms_file_set *set);

/** True where a journal was left: nothing that was staged may be removed then. */
bool ms_file_set_is_pending(const struct ms_file_set *set);

/**
 * Writes one file as ms_file_set_add() and ms_file_set_commit() do, which takes its place
 * by one rename.
 */
int ms_file_put(struct ms_ctx *ctx, const struct ms_new_file *file, bool sync);

#endif
