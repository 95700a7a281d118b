/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_JOURNAL_H
#define MS_TREE_JOURNAL_H

/*
 * The journal's text, and nothing of what is done by it.
 *
 *	modseal-journal 2 TXID
 *	lead INODE:FILE-SYSTEM:BIRTH PATH
 *	member INODE:FILE-SYSTEM:BIRTH PATH
 *	...
 *	made-root COUNT
 *	made PATH
 *	...
 *	file NUMBER SIZE OLD PATH
 *	...
 *	commit DIGEST
 *
 * TXID: 16 hex digits; the transaction's files are named .modseal-TXID-NUMBER and stand
 * beside their targets. SIZE: of the new file. OLD: what is replaced, as
 * SIZE:SECONDS.NANOSECONDS (mtime), or "-" where nothing is. PATH: the target, relative
 * to the directory that the journal is in, percent-encoded. DIGEST: SHA-256 of all that
 * stands before this line; a journal without a whole, right commit line was never
 * decided.
 *
 * A run over several roots has a journal in each, and one of them decides for all: the
 * lead. Its journal names the others as members; each of theirs names it in its lead
 * line, with the absolute path of the directory and what it is known by: its inode number,
 * and the rest of its mark (lib/base/mark.h), which is not there where a run of before
 * noted it.
 *
 * A member's commit line says that its own part is ready, and stands for a decision only
 * together with the commit line of the lead under the same TXID. So there is one write
 * that decides, and it comes after the commit lines of all members, also of those that
 * have nothing to do. A member without one knows by that alone that nothing was decided.
 *
 * made: a directory that the run makes under -o, parents first, relative. made-root: of
 * the components of the root's own path the run made so many, the last ones.
 *
 * Version 1 has neither lead, member nor made lines, and is read as well: it may be lying
 * about since before.
 */

#include <modseal/base.h>

#include "../base/buffer.h"
#include "../base/mark.h"

#define MS_JOURNAL_NAME     ".modseal-journal"
#define MS_JOURNAL_MAX_SIZE (64u << 20) /* more is no journal of ours */
#define MS_STAGED_NAME_SIZE 64

struct ms_journal_entry {
	unsigned long long number;
	uint64_t size;
	bool had_old;
	uint64_t old_size;
	int64_t old_seconds;
	uint32_t old_nanoseconds;
	char *path;
};

/** Another root of the same run: a directory. */
struct ms_journal_root {
	struct ms_mark mark;
	char *path; /* absolute */
};

struct ms_journal {
	char txid[17];
	bool committed;			/* in a member: its part is ready */
	struct ms_journal_root lead;	/* of a member; else the path is NULL */
	struct ms_journal_root *members; /* of a lead */
	size_t n_members;
	uint64_t made_root;
	char **made;
	size_t n_made;
	struct ms_journal_entry *entries; /* only where committed */
	size_t n_entries;
};

/** The name of the file that waits for its rename. */
void ms_staged_name(const char *txid, size_t number, char ret[MS_STAGED_NAME_SIZE]);

/** True where @name is one of the transaction's waiting files. */
bool ms_is_staged_name(const char *name, const char *txid);

/** Begins a journal. 0 or -ENOMEM, as the following; they append to @text in this order. */
int ms_journal_begin(struct ms_buf *text, const char *txid);
int ms_journal_lead(struct ms_buf *text, const struct ms_journal_root *root);
int ms_journal_member(struct ms_buf *text, const struct ms_journal_root *root);
int ms_journal_made_root(struct ms_buf *text, uint64_t count);
int ms_journal_made(struct ms_buf *text, const char *path);
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
