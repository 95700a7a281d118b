/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_TEMPORARY_H
#define MS_FILES_TEMPORARY_H

/*
 * Names of what a run makes beside its targets, and whose they are.
 *
 *	.modseal-TAG0001.new	  a file that waits to take its name, or has changed
 *				  it with the one that it replaces
 *	.modseal-TAG0001.old	  the second name of a file that is being replaced
 *	.modseal-TAG0000.begun	  a set of several files: the directories it touches
 *	.modseal-TAG0000.journal  the same, decided: what is renamed to what
 *	.modseal-TAG0000.at	  in the other directories: where that journal is
 *	.modseal-TAG0000.work	  a directory to work in
 *
 *	.modseal-key-TAG	  in a key store: a directory or link that waits for its
 *				  name, or has lost it (lib/keystore/write.h)
 *
 * TAG is 12 hexadecimal digits, random, one for a set; the next four number its names.
 * The process that made them has locked them (flock) for as long as it is at work: all
 * but the .old, and those .new that are a second name of somebody's file. Of these there
 * is none without a name of the same tag that is locked. So whoever gets the locks knows
 * that the process is gone, and may clear away what it left (leftovers.c). What is in a
 * key store is under the store's lock (lib/keystore/lock.h).
 */

#include <stdbool.h>
#include <stddef.h>

#include <modseal/base.h>

#define MS_TEMPORARY_PREFIX ".modseal-"
#define MS_TEMPORARY_STORE  ".modseal-key-"

enum { MS_TAG_SIZE = 13, MS_NAMES_MAX = 0x10000, MS_TEMPORARY_NAME_SIZE = 48 };

enum ms_temporary_kind {
	MS_TEMPORARY_NONE = 0, /* no name of these */
	MS_TEMPORARY_NEW,
	MS_TEMPORARY_OLD,
	MS_TEMPORARY_BEGUN,
	MS_TEMPORARY_JOURNAL,
	MS_TEMPORARY_AT,
	MS_TEMPORARY_WORK,
};

/** A new tag. 0, or the error of getting random bytes. */
int ms_tag_new(struct ms_ctx *ctx, char ret[MS_TAG_SIZE]);

/** The name of that kind; @number, below MS_NAMES_MAX, is 0 but of .new and .old. */
void ms_temporary_name(const char *tag, enum ms_temporary_kind kind, size_t number,
		       char ret[MS_TEMPORARY_NAME_SIZE]);

/** Which kind of name it is, and its tag. */
enum ms_temporary_kind ms_temporary_parse(const char *name, char ret_tag[MS_TAG_SIZE]);

/**
 * Makes the file @name in @dirfd, mode 0600, and locks it. It did not exist; links are
 * not followed. Returns the descriptor, or a negative errno.
 */
int ms_temporary_create(int dirfd, const char *name);

/**
 * Makes a file that has no name yet, mode 0600, and locks it. -EOPNOTSUPP and others: not
 * on every file system. ms_temporary_link() gives it a name.
 */
int ms_temporary_nameless(int dirfd);

/** Gives it its name, which was free. 0 or a negative errno. */
int ms_temporary_link(int fd, int dirfd, const char *name);

/**
 * Has the file @from of @from_dir get the name @name in @dirfd, and locks it: one that this
 * process has made where nobody clears away, and nobody else can write. Returns the
 * descriptor, or a negative errno.
 */
int ms_temporary_take(int from_dir, const char *from, int dirfd, const char *name);

/** Makes a directory, mode 0700, and locks it; as ms_temporary_create(). */
int ms_temporary_mkdir(int dirfd, const char *name);

#endif
