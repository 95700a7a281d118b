/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TREE_H
#define MS_TREE_TREE_H

/*
 * What the files of this area share: a tree is a list of entries (names of modules),
 * the directories they stand in, and the roots that are locked and journalled.
 *
 * A root that will be written is held by a descriptor from before it is locked to the end.
 * What lies below is reached from there, without following a link, and is known by its
 * device and inode as it was walked: if a component was exchanged for a link meanwhile,
 * that shows, and nothing outside of what was walked is ever touched.
 */

#include <sys/types.h>

#include <modseal/tree.h>

#include "../base/buffer.h"
#include "../files/file.h"
#include "../files/made.h"
#include "../module/module.h"
#include "depmod.h"
#include "transaction/journal.h"

/**
 * A directory with modules in it, one that copies go to, or one on the way to such. It is
 * noted by its path from the next one above that was noted before, so that memory is held
 * for each name on the way once, however deep the tree is.
 */
struct ms_directory {
	size_t root;   /* index of the root it lies in */
	size_t base;   /* index of a directory above, SIZE_MAX: the root */
	char *path;    /* relative to that; "" for the root itself */
	dev_t device;
	ino_t inode;
	uint64_t mount; /* its number, or 0: one device may be mounted twice */
	int fd;        /* kept open as long as there are descriptors to spare, or -1 */
};

/** A directory that is locked, and that journals are relative to. */
struct ms_root {
	char *real;    /* absolute, without links */
	int dir;       /* the directory, held where it may be written; or -1 */
	dev_t device;
	ino_t inode;
	uint64_t mount; /* as that of a directory */
	bool is_output; /* of -o: copies go there, nothing is read from it */
	int lock;      /* descriptor of the journal, locked; or -1 */
	bool stays;    /* the journal must outlive us: not all was cleared up */
};

/** A new file that waits beside its target. */
struct ms_staged {
	bool there;           /* it has to be renamed or removed */
	uint64_t size;        /* of the new file, as the following */
	uint64_t inode, birth; /* what it is known by */
	bool had_old;         /* there is a target that will be replaced */
	struct ms_identity old;
};

struct ms_entry {
	struct ms_item item;
	char *path;           /* item.path */
	size_t start;         /* index of the PATH it was found under */
	size_t dir;           /* index of its directory */
	char *name;           /* in that directory; NULL: no module, but a PATH that
				 failed, as item.error and item.message say */
	size_t target_dir;    /* where its new file goes: dir itself, or one under -o */
	const char *target_name;
	dev_t device;
	ino_t inode;
	nlink_t links;        /* names that the inode has */
	size_t leader;        /* the first entry of its inode, or its own index */
	size_t next_name;     /* next entry of the same inode, SIZE_MAX at the end */
	size_t names;         /* of a leader: entries of its inode */
	bool wanted;          /* a new file was wanted for it */
	struct ms_staged staged;
};

/** A directory that a run with -o makes below the output's root. */
struct ms_made {
	struct ms_journal_root as; /* its path is relative to the root */
	bool there;		   /* this run made it */
};

/** xattrs that were not taken over, for one warning instead of thousands. */
struct ms_dropped {
	size_t ima, evm, other;
	const char *ima_path, *evm_path, *other_path; /* one each, borrowed */
};

struct ms_tree {
	struct ms_tree_options options;
	char *output;              /* options.output, ours */
	struct ms_entry *entries;  /* sorted by path */
	size_t n_entries;
	struct ms_directory *dirs;
	size_t n_dirs;
	struct ms_skipped *skipped; /* that the walk left out, sorted by path */
	size_t n_skipped;
	struct ms_depmod depmod;   /* what was found out about links to directories */
	struct ms_root *roots;     /* sorted by real path */
	size_t n_roots;
	size_t fd_budget;          /* directories that may still be kept open */
	size_t long_paths;	   /* bytes of the paths that no system call takes */
	bool only_journals;	   /* modules are not what the walk looks for */
	bool locked;               /* roots are locked: the tree may be written */
	bool used;                 /* an operation ran: there is one for one tree */

	char txid[17];             /* of the transaction, "" before it begins */
	struct ms_made *made;      /* directories for -o, in the order of making */
	size_t n_made, made_capacity;
	struct ms_made_directories made_roots; /* on the way to the output, and itself */
	struct ms_journal_root *made_paths; /* of those that lead to it, from it on up */
	size_t n_made_paths;
	struct ms_dropped dropped;
};

/** An open directory. */
struct ms_dirfd {
	int fd;
	bool borrowed;
};

/**
 * Looks which directory @root's path leads to, and holds it where @held is set. -EBUSY: it
 * is not the one that options.work says.
 */
int ms_root_find(struct ms_ctx *ctx, const struct ms_tree *tree, struct ms_root *root,
		 bool held);

/** Opens @root, which is the one that was found when the tree was opened: else -EBUSY. */
int ms_root_open(struct ms_ctx *ctx, const struct ms_root *root, struct ms_dirfd *ret);

/**
 * Opens directory @i of @tree: -EBUSY where it is not the one that was walked, and
 * errors of open. Close it with ms_directory_close().
 */
int ms_directory_open(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		      struct ms_dirfd *ret);
void ms_directory_close(struct ms_dirfd *dir);
#define MS_DIRFD_INIT { .fd = -1 }

/**
 * Directories, one after the other: the last one stays open, since entries of one
 * directory mostly come together.
 */
struct ms_dirs {
	struct ms_dirfd dir;
	size_t at;
	bool open;
};

#define MS_DIRS_INIT { .dir = MS_DIRFD_INIT }

/** ms_directory_open() for directory @i, in @dirs->dir. */
int ms_dirs_open(struct ms_ctx *ctx, const struct ms_tree *tree, size_t i,
		 struct ms_dirs *dirs);
void ms_dirs_done(struct ms_dirs *dirs);

/**
 * Adds the directory @path of a root, which takes @fd if there is budget, and closes it
 * otherwise. Directories are best added in the order of their paths.
 */
int ms_directory_add(struct ms_ctx *ctx, struct ms_tree *tree, size_t root,
		     const char *path, int fd, size_t *ret);

/** The path of directory @i from its root, to free(); NULL where there is no memory. */
char *ms_directory_path(const struct ms_tree *tree, size_t i);

/**
 * May a path of @len bytes be noted of the tree? Paths that are too long for any system
 * call are taken only as long as all of them together take no more than
 * MS_LONG_PATHS_MAX: with a module in each of many nested directories their length is the
 * square of the tree's. -ENAMETOOLONG, with a message that speaks of @shown.
 */
int ms_tree_allow_path(struct ms_ctx *ctx, struct ms_tree *tree, size_t len,
		       const char *shown);
#define MS_LONG_PATHS_MAX (32u << 20)

/** How much of the paths @a and @b is the same, in whole components. */
size_t ms_path_common(const char *a, const char *b);

/** "@dir/@name", or "@name" where @dir is ""; NULL where there is no memory. */
char *ms_path_join(const char *dir, const char *name);

#endif
