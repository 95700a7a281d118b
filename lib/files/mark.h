/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_MARK_H
#define MS_FILES_MARK_H

/*
 * What tells a directory or a file from all others, as a journal can note it. Inode numbers
 * alone say little, since every root directory of a kind of file system has the same.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "../base/buffer.h"
#include "../base/words.h"

struct ms_mark {
	uint64_t inode;	      /* 0 where it may change */
	uint64_t file_system; /* 0: it has no id of its own */
	uint64_t birth;	      /* nanoseconds since 1970; 0: it is not told */
};

/**
 * Makes the mark of the directory @fd, open to read, one that stays. To be called before it
 * is taken where nothing has been made in the directory yet.
 */
void ms_mark_settle(int fd);

/** Does it say more than an inode number? */
bool ms_mark_is_known(const struct ms_mark *mark);

/** The mark of what is open as @fd. 0 or a negative errno, and @ret is all 0 then. */
int ms_mark_get(int fd, struct ms_mark *ret);

/** The same; all 0 where nothing can be said of it. */
struct ms_mark ms_mark_of(int fd);

/**
 * Is @fd certainly what was noted as @mark, as far as anybody but what is in it can tell?
 * Never where no more than an inode number was noted.
 */
bool ms_mark_fits(int fd, const struct ms_mark *mark);

/**
 * Is the directory @fd the one that was noted as @mark in a journal that lies in it, or
 * that journal itself? A journal can be moved only within its file system, on which the
 * inode number and the birth tell; so here, where ms_mark_fits() would say no, a device
 * may have got another number.
 */
bool ms_mark_is_home(int fd, const struct ms_mark *mark);

/** The same of what lies beside such a journal. */
bool ms_mark_same_there(const struct ms_mark *a, const struct ms_mark *b);

/**
 * What is @name in directory @fd, or @fd itself where that is ""? 0 or the negative errno
 * value of stat. Links are not followed. Where statx is not to be had there is no birth, no
 * time but that of the last change, and nothing that only statx has.
 */
int ms_mark_look(int fd, const char *name, struct statx *ret);

/** When that was born, in nanoseconds since 1970; 0 where it is not told. */
uint64_t ms_mark_birth(const struct statx *stx);

/** A number of the mount that @fd was opened on; 0 where the kernel does not tell. */
uint64_t ms_mark_mount(int fd);

/** Appends INODE:FILE-SYSTEM:BIRTH, the latter two as 16 hex digits. 0 or -ENOMEM. */
int ms_mark_append(struct ms_buf *text, const struct ms_mark *mark);

/** Reads what that appends, or the inode number alone. */
bool ms_mark_take(struct ms_words *words, struct ms_mark *ret);

#endif
