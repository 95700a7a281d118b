/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_LEFTOVERS_INSIDE_H
#define MS_FILES_LEFTOVERS_INSIDE_H

/* What leftovers.c and leftovers-names.c share, and nobody else. */

#include <stdbool.h>
#include <sys/stat.h>

#include "temporary.h"

/** Why something stays, what weighs more behind what weighs less. */
enum ms_stay {
	MS_STAY_NOTHING = 0,
	MS_STAY_ALONE, /* a single file, or somebody's with whom nobody shares anything */
	MS_STAY_BUSY,  /* a set that a run has at work */
	MS_STAY_FOREIGN, /* a set whose journal or note is not believed */
	MS_STAY_UNTOLD,	 /* a set of which nobody can tell whether it is decided */
};

/** One name of a set, and the lock on it. */
struct ms_leftover {
	char *name;
	char tag[MS_TAG_SIZE];
	enum ms_temporary_kind kind;
	int fd;		/* open; or -1 */
	struct stat st; /* st_mode 0: it has gone, or is nothing of ours */
};

/** What is in one directory, by tags and names. */
struct ms_leftovers {
	struct ms_ctx *ctx;
	int fd;
	const char *shown;
	struct ms_leftover *list;
	size_t n;
	enum ms_recovery how;
	enum ms_stay stay;
	char *stay_dir, *stay_name; /* what that is; NULL: no memory */
};

/**
 * Finds what there is, of that tag only where @only_tag is not NULL. 0 or errors of reading
 * the directory.
 */
int ms_leftovers_find(struct ms_leftovers *all, const char *only_tag);
void ms_leftovers_done(struct ms_leftovers *all);

/**
 * Makes sure that nobody is at work on the set @group of @n names. 1: so it is, and its
 * journals and notes are open and believed; 0: it stays, which is noted; a negative
 * errno.
 */
int ms_leftovers_lock(struct ms_leftovers *all, struct ms_leftover *group, size_t n);

/** Closes what that has opened. */
void ms_leftovers_unlock(struct ms_leftover *group, size_t n);

/** Notes that @name in the directory @dir stays, and why. */
void ms_leftovers_stay(struct ms_leftovers *all, enum ms_stay stay, const char *dir,
		       const char *name);

#endif
