/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_JOURNAL_H
#define MS_TREE_JOURNAL_H

/*
 * The journal's text, and nothing of what is done by it.
 *
 *	modseal-journal 1 TXID
 *	file NUMBER SIZE OLD PATH
 *	...
 *	commit DIGEST
 *
 * TXID: 16 hex digits; the transaction's files are named .modseal-TXID-NUMBER and stand
 * beside their targets. SIZE: of the new file. OLD: what is replaced, as
 * SIZE:SECONDS.NANOSECONDS (mtime), or "-" where nothing is. PATH: the target, relative
 * to the directory that the journal is in, percent-encoded. DIGEST: SHA-256 of all that
 * stands before this line; with it the transaction is decided, and its renames may have
 * begun. A journal without a whole, right commit line is one that was never decided.
 */

#include <modseal/base.h>

#include "../base/buffer.h"

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

struct ms_journal {
	char txid[17];
	bool committed;
	struct ms_journal_entry *entries; /* only where committed */
	size_t n_entries;
};

/** The name of the file that waits for its rename. */
void ms_staged_name(const char *txid, size_t number, char ret[MS_STAGED_NAME_SIZE]);

/** True where @name is one of the transaction's waiting files. */
bool ms_is_staged_name(const char *name, const char *txid);

/** Begins a journal. 0 or -ENOMEM, as the following two; they append to @text. */
int ms_journal_begin(struct ms_buf *text, const char *txid);
int ms_journal_add(struct ms_buf *text, const struct ms_journal_entry *entry);
/** Adds the commit line. Also errors of the hash. */
int ms_journal_commit(struct ms_ctx *ctx, struct ms_buf *text);

/**
 * Reads a journal. Bytes may be anybody's: every path it gives out is relative, without
 * empty components, "." and "..".
 *
 * -EBADMSG: no journal, or a committed one with an entry that is none; @shown is its
 * name for the message.
 */
int ms_journal_parse(struct ms_ctx *ctx, const char *text, size_t len, const char *shown,
		     struct ms_journal *ret);
void ms_journal_done(struct ms_journal *journal);

#endif
