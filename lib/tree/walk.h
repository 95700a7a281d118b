/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_WALK_H
#define MS_TREE_WALK_H

/* From PATHs to the modules under them. */

#include "tree.h"

/** A PATH as it was given, resolved. */
struct ms_start {
	char *shown;  /* as given, without slashes at its end */
	bool is_file;
	char *real;   /* the directory, or the one the file is in: absolute, no links */
	char *name;   /* of a file: its name in that directory */
	size_t root;  /* index of the root that it lies in */
	char *prefix; /* from that root to real; "" where they are the same */
};

/** A PATH that leads to nothing. It becomes an entry that failed, beside the others. */
struct ms_dead_end {
	char *shown;
	int error;     /* negative errno value */
	char *message;
};

struct ms_starts {
	struct ms_start *list;
	size_t n;
	struct ms_dead_end *dead_ends;
	size_t n_dead_ends;
};

/** Directories in which a journal was met, absolute. */
struct ms_foreign {
	char **dirs;
	size_t n;
};

/**
 * Resolves @paths: a PATH that is a link is followed. Where that fails for all of them it
 * is the error of the first: those of the file system, -EINVAL neither file nor
 * directory. Where it fails for some these become dead ends.
 */
int ms_starts_resolve(struct ms_ctx *ctx, const char *const *paths, size_t n,
		      struct ms_starts *ret);
void ms_starts_done(struct ms_starts *starts);

/**
 * Makes the roots of @tree from the starts: their directories, without those that lie
 * in another. Assigns root and prefix of each start.
 */
int ms_roots_make(struct ms_ctx *ctx, struct ms_tree *tree, struct ms_starts *starts);

/** True where @path is @dir or lies in it; both absolute and without links. */
bool ms_path_is_in(const char *path, const char *dir);

/**
 * Fills the entries and directories of @tree. @foreign takes the directories that are
 * not a locked root of @tree and have a journal in them. -ENODATA: no module under any
 * of the PATHs.
 */
int ms_walk(struct ms_ctx *ctx, struct ms_tree *tree, const struct ms_starts *starts,
	    struct ms_foreign *foreign);
void ms_foreign_done(struct ms_foreign *foreign);

/** Forgets entries and directories. */
void ms_walk_undo(struct ms_tree *tree);

#endif
