/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_MADE_H
#define MS_FILES_MADE_H

/*
 * Directories made as mkdir -p does, over whatever links the user's path has. Each that is
 * made is known by its parent's descriptor: what was made is removed again where it was
 * made, and not wherever the path leads by then.
 */

#include <sys/types.h>

#include <modseal/base.h>

#include "mark.h"

/** A directory that this process has made. */
struct ms_made_directory {
	int parent; /* held; -1: it could not be */
	char *name; /* in that */
	struct ms_mark mark;
};

/** Those that it has made, the topmost first. A zeroed one is empty. */
struct ms_made_directories {
	struct ms_made_directory *list;
	size_t n, capacity;
};

/**
 * Makes the directory @path with @mode, and those above it that are not there with
 * @mode_above, less the umask; notes in @made those that it made, also where it fails.
 *
 * Returns a descriptor of @path, of O_PATH, or a negative errno.
 */
int ms_make_directories(struct ms_ctx *ctx, const char *path, mode_t mode_above,
			mode_t mode, struct ms_made_directories *made);

/** Puts their names on the disk. @path: for messages. */
int ms_made_sync(struct ms_ctx *ctx, const struct ms_made_directories *made,
		 const char *path);

/** The mark of the directory @name in @parent; all 0 where nothing can be said of it. */
struct ms_mark ms_made_mark(int parent, const char *name);

/**
 * Removes the directory @name in @parent where it is empty and the one of @mark, which is
 * NULL for any. 0, also where it stays for one of these reasons, or a negative errno.
 */
int ms_made_remove_one(int parent, const char *name, const struct ms_mark *mark);

/** Removes those that are empty. */
void ms_made_remove(const struct ms_made_directories *made);

/** Forgets them; they stay. */
void ms_made_done(struct ms_made_directories *made);

#endif
