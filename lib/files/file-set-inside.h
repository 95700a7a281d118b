/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FILES_FILE_SET_INSIDE_H
#define MS_FILES_FILE_SET_INSIDE_H

/* What the files of the set share, and nobody else. */

#include "../base/buffer.h"
#include "file-set.h"
#include "mark.h"
#include "temporary.h"

enum ms_set_kind {
	MS_SET_FILE = 'f',
	MS_SET_DIRECTORY = 'd',
	MS_SET_LINK = 'l',
};

/** One name that gets something new. */
struct ms_set_entry {
	enum ms_set_kind kind;
	char *shown; /* the path that was given */
	char *base;  /* the name, in its directory */
	size_t dir;
	char temp[MS_TEMPORARY_NAME_SIZE]; /* what waits; "" once it has its name */
	char kept[MS_TEMPORARY_NAME_SIZE]; /* the old one's second name; "": none */
	bool borrowed;			   /* what waits is not the set's to remove */
	int fd;				   /* of the new file, locked; or -1 */
	off_t size;			   /* of the new one */
	bool existed, check, exchanged;
	struct ms_mark mark;	/* of the new one */
	struct ms_identity old; /* where it existed: what is to be replaced */
	struct ms_identity was; /* as it was read, where that is to be checked */
};

struct ms_set_dir {
	char *given; /* the path by which it was named, without a slash at its end */
	char *path;  /* absolute, without links */
	int fd;
	struct ms_mark mark;
	int note; /* its .at file, locked; -1: none */
};

struct ms_file_set {
	char tag[MS_TAG_SIZE];	 /* "": none yet */
	struct ms_set_dir *dirs; /* the first one has the journal */
	size_t n_dirs;
	struct ms_set_entry *entries;
	size_t n;
	size_t names;	  /* given so far */
	int journal;	  /* its file, locked; -1: none */
	size_t announced; /* directories that are in it */
	bool nameless;	  /* it has no name yet */
	bool no_sync, done, pending;
};

/**
 * Notes in the first directory which others there are, and in those where it is. Of one
 * directory there is nothing to be noted.
 */
int ms_set_announce(struct ms_ctx *ctx, struct ms_file_set *set);

/** What has a name: its state, and its mark. */
struct ms_set_seen {
	struct stat st;
	struct ms_mark mark;
};

/** Looks at @name in directory @fd, without following a link. 0 or a negative errno. */
int ms_set_look(int fd, const char *name, struct ms_set_seen *ret);

/** Decides: from now on a killed run is finished. On failure nothing is decided. */
int ms_set_decide(struct ms_ctx *ctx, struct ms_file_set *set);

/** Takes the decision back; -EIO and others: it stands, or who knows. */
int ms_set_withdraw(struct ms_file_set *set);

/** Removes what announce and decide made. A negative errno where the journal stays. */
int ms_set_forget(struct ms_file_set *set);

/** The rename: over what is there where it @existed, else over nothing. */
int ms_set_rename(int fd, const char *from, const char *to, bool existed,
		  enum ms_set_kind kind);

#define MS_SET_HEADER "modseal-files 3\n"
#define MS_SET_END    "end\n"

/** A directory of a journal, and which one it was when that was written. */
struct ms_set_place {
	char *path; /* absolute */
	struct ms_mark mark;
};

/** One line of a journal. */
struct ms_set_line {
	enum ms_set_kind kind;
	char *temp, *base;
	size_t dir;
	uint64_t size;
	struct ms_mark mark; /* of what is new */
	bool existed;
	uint64_t old_size;
	int64_t old_seconds;
	uint32_t old_nanoseconds;
};

struct ms_set_journal {
	struct ms_mark self; /* of the file that it was written into */
	struct ms_set_place *dirs;
	size_t n_dirs;
	struct ms_set_line *lines;
	size_t n_lines;
	bool decided;
};

/** Reads a journal. -EBADMSG: it is none; -ENOMEM. */
int ms_set_journal_parse(const char *text, size_t len, struct ms_set_journal *ret);
void ms_set_journal_done(struct ms_set_journal *journal);

/** Reads a note: where the journal is. @ret's path is to free(). -EBADMSG, -ENOMEM. */
int ms_set_note_parse(const char *text, size_t len, struct ms_set_place *ret);

/**
 * Opens the directory. -ESTALE: what is at its path is not certainly that one; errors of
 * open, none of which is fit for a message by itself.
 */
int ms_set_place_open(const struct ms_set_place *place);

/**
 * Does what a decided journal says that is not done yet, and removes it: the file @name
 * of a set with @tag in directory @fd, which is @shown in messages. *@ret_partly: a target
 * that somebody has changed since was left as it is.
 *
 * -EBADMSG: it names what no set of that tag has; -ESTALE: one of its directories is
 * another one by now, or what waited there has gone. Nothing is removed then.
 */
int ms_set_finish(struct ms_ctx *ctx, const struct ms_set_journal *journal, int fd,
		  const char *shown, const char *name, const char *tag,
		  bool *ret_partly);

#endif
