/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_JOURNAL_H
#define MS_TREE_TRANSACTION_JOURNAL_H

/*
 * The journal's text, and nothing of what is done by it.
 *
 *	modseal-journal 3 TXID
 *	root INODE:FILE-SYSTEM:BIRTH PATH
 *	lead INODE:FILE-SYSTEM:BIRTH PATH
 *	member INODE:FILE-SYSTEM:BIRTH PATH
 *	...
 *	below INODE:FILE-SYSTEM:BIRTH PATH
 *	...
 *	made-root INODE:FILE-SYSTEM:BIRTH PATH
 *	...
 *	made INODE:FILE-SYSTEM:BIRTH PATH
 *	...
 *	keep-going
 *	file NUMBER SIZE:INODE:BIRTH OLD PATH
 *	...
 *	commit DIGEST
 *
 * TXID: 16 hex digits; the transaction's files are named .modseal-TXID-NUMBER and stand
 * beside their targets. SIZE, INODE, BIRTH: of the new file, by which it is known again,
 * waiting or in its place (16 hex digits for the latter two). OLD: what is replaced, as
 * SIZE:SECONDS.NANOSECONDS (mtime), or "-" where nothing is. PATH: the target, relative
 * to the directory that the journal is in, percent-encoded. DIGEST: SHA-256 of all that
 * stands before this line; a journal without a whole, right commit line was never
 * decided.
 *
 * A directory is noted with its path and its mark (lib/files/mark.h), by which it is known
 * again; the inode number is 0 and all there is of it where nothing could be told.
 * root: the directory that the journal was written in. In another one, to which somebody
 * has moved it, it says nothing.
 *
 * A run over several roots has a journal in each, and one of them decides for all: the
 * lead. Its journal names the others as members; each of theirs names it in its lead
 * line, all with absolute paths.
 *
 * A member's commit line says that its own part is ready, and stands for a decision only
 * together with the commit line of the lead under the same TXID. So there is one write
 * that decides, and it comes after the commit lines of all members, also of those that
 * have nothing to do. A member without one knows by that alone that nothing was decided.
 *
 * below: a directory below the root, relative, on another mount than it: without that one
 * nobody can say that the run is ended.
 *
 * made-root: the root itself and directories that lead to it, absolute, the innermost
 * first, as far as the run made them. made: one that the run makes under -o, relative,
 * parents first; inode 0 and no mark, as long as it is only meant to.
 *
 * keep-going: what could not be renamed was let go by the run, which goes on without it.
 *
 * Journals of versions before are refused: they do not say which directory they are of.
 */

#include <modseal/base.h>

#include "../../base/buffer.h"
#include "../../files/mark.h"

#define MS_JOURNAL_NAME     ".modseal-journal"
#define MS_JOURNAL_MAX_SIZE (64u << 20) /* more is no journal of ours */
#define MS_STAGED_NAME_SIZE 64

struct ms_journal_entry {
	unsigned long long number;
	uint64_t size, inode, birth; /* of the new file; birth 0: unknown */
	bool had_old;
	uint64_t old_size;
	int64_t old_seconds;
	uint32_t old_nanoseconds;
	char *path;
};

/** A directory, and what it is known by. */
struct ms_journal_root {
	struct ms_mark mark; /* all 0: unknown */
	char *path;
};

struct ms_journal {
	char txid[17];
	bool committed;			/* in a member: its part is ready */
	bool keep_going;
	struct ms_journal_root root;	/* its path is NULL where a crash tore it */
	struct ms_journal_root lead;	/* of a member; else the path is NULL */
	struct ms_journal_root *members; /* of a lead */
	size_t n_members;
	struct ms_journal_root *below, *made_roots, *made;
	size_t n_below, n_made_roots, n_made;
	struct ms_journal_entry *entries; /* only where committed */
	size_t n_entries;
};

/** The name of the file that waits for its rename. */
void ms_staged_name(const char *txid, size_t number, char ret[MS_STAGED_NAME_SIZE]);

/** True where @name is one of the transaction's waiting files. */
bool ms_is_staged_name(const char *name, const char *txid);

/** Begins a journal. 0 or -ENOMEM, as the following; they append to @text in this order. */
int ms_journal_begin(struct ms_buf *text, const char *txid,
		     const struct ms_journal_root *root);
int ms_journal_lead(struct ms_buf *text, const struct ms_journal_root *root);
int ms_journal_member(struct ms_buf *text, const struct ms_journal_root *root);
int ms_journal_below(struct ms_buf *text, const struct ms_journal_root *below);
int ms_journal_made_root(struct ms_buf *text, const struct ms_journal_root *made);
int ms_journal_made(struct ms_buf *text, const struct ms_journal_root *made);
int ms_journal_keep_going(struct ms_buf *text);
int ms_journal_add(struct ms_buf *text, const struct ms_journal_entry *entry);
/** Adds the commit line. Also errors of the hash. */
int ms_journal_commit(struct ms_ctx *ctx, struct ms_buf *text);

/**
 * Reads a journal. Bytes may be anybody's: every path it gives out is relative, without
 * empty components, "." and ".."; those of other roots are so behind their first slash.
 * One that is not committed may be torn: what is whole of its beginning is given out, and
 * no files.
 *
 * -EBADMSG: no journal, or a committed one with a line that is none; @shown is its name
 * for the message.
 */
int ms_journal_parse(struct ms_ctx *ctx, const char *text, size_t len, const char *shown,
		     struct ms_journal *ret);
void ms_journal_done(struct ms_journal *journal);

#endif
