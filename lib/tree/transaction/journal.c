/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writing and reading the journal (journal.h draws it). The reader is strict: after a
 * crash of the machine a journal may be torn, and in a directory that others may write it
 * may be anything. What is not exactly as written here is refused or, where only the
 * commit line is not right, counts as undecided.
 */

#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../../base/room.h"
#include "../../base/text.h"
#include "../../base/words.h"
#include "../../hash/payload.h"

#define HEADER	   "modseal-journal 3 "
#define COMMIT	   "commit "
#define COMMIT_LEN (sizeof(COMMIT) - 1 + 64 + 1)
#define KEEP_GOING "keep-going\n"
#define STAGED	   ".modseal-"

void ms_staged_name(const char *txid, size_t number, char ret[MS_STAGED_NAME_SIZE])
{
	snprintf(ret, MS_STAGED_NAME_SIZE, STAGED "%s-%zu", txid, number);
}

bool ms_is_staged_name(const char *name, const char *txid)
{
	size_t fixed = strlen(STAGED) + 16;
	const char *digits;

	if (strncmp(name, STAGED, strlen(STAGED)) ||
	    strncmp(name + strlen(STAGED), txid, 16) || name[fixed] != '-')
		return false;
	digits = name + fixed + 1;
	return *digits && strspn(digits, "0123456789") == strlen(digits);
}

static int add_root(struct ms_buf *text, const char *word,
		    const struct ms_journal_root *root)
{
	int r = ms_buf_printf(text, "%s ", word);

	if (r == 0)
		r = ms_mark_append(text, &root->mark);
	if (r == 0)
		r = ms_buf_append_str(text, " ");
	if (r == 0)
		r = ms_percent_append(text, root->path);
	return r < 0 ? r : ms_buf_append_str(text, "\n");
}

int ms_journal_begin(struct ms_buf *text, const char *txid,
		     const struct ms_journal_root *root)
{
	int r = ms_buf_printf(text, HEADER "%s\n", txid);

	return r < 0 ? r : add_root(text, "root", root);
}

int ms_journal_lead(struct ms_buf *text, const struct ms_journal_root *root)
{
	return add_root(text, "lead", root);
}

int ms_journal_member(struct ms_buf *text, const struct ms_journal_root *root)
{
	return add_root(text, "member", root);
}

int ms_journal_below(struct ms_buf *text, const struct ms_journal_root *below)
{
	return add_root(text, "below", below);
}

int ms_journal_made_root(struct ms_buf *text, const struct ms_journal_root *made)
{
	return add_root(text, "made-root", made);
}

int ms_journal_made(struct ms_buf *text, const struct ms_journal_root *made)
{
	return add_root(text, "made", made);
}

int ms_journal_keep_going(struct ms_buf *text)
{
	return ms_buf_append_str(text, KEEP_GOING);
}

int ms_journal_add(struct ms_buf *text, const struct ms_journal_entry *entry)
{
	int r = ms_buf_printf(text,
			      "file %llu %" PRIu64 ":%016" PRIx64 ":%016" PRIx64 " ",
			      entry->number, entry->size, entry->inode, entry->birth);

	if (r == 0 && entry->had_old)
		r = ms_buf_printf(text, "%" PRIu64 ":%" PRId64 ".%09" PRIu32 " ",
				  entry->old_size, entry->old_seconds,
				  entry->old_nanoseconds);
	else if (r == 0)
		r = ms_buf_append_str(text, "- ");
	if (r == 0)
		r = ms_percent_append(text, entry->path);
	return r < 0 ? r : ms_buf_append_str(text, "\n");
}

int ms_journal_commit(struct ms_ctx *ctx, struct ms_buf *text)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	int r = ms_hash_bytes(ctx, MS_HASH_SHA256, text->data, text->len, digest);

	if (r < 0)
		return r;
	if (ms_buf_append_str(text, COMMIT) < 0 || ms_hex_append(text, digest, 32) < 0 ||
	    ms_buf_append_str(text, "\n") < 0)
		return ms_fail_nomem(ctx);
	return 0;
}

static void roots_done(struct ms_journal_root *roots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(roots[i].path);
	free(roots);
}

void ms_journal_done(struct ms_journal *journal)
{
	for (size_t i = 0; i < journal->n_entries; i++)
		free(journal->entries[i].path);
	free(journal->entries);
	free(journal->root.path);
	free(journal->lead.path);
	roots_done(journal->members, journal->n_members);
	roots_done(journal->below, journal->n_below);
	roots_done(journal->made_roots, journal->n_made_roots);
	roots_done(journal->made, journal->n_made);
	*journal = (struct ms_journal){ 0 };
}

static bool take_old(struct ms_words *reader, struct ms_journal_entry *ret)
{
	if (ms_take(reader, "- "))
		return true;
	ret->had_old = true;
	return ms_take_state(reader, &ret->old_size, &ret->old_seconds,
			     &ret->old_nanoseconds) &&
	       ms_take(reader, " ");
}

/* A path that stays below where it starts, whatever is in it. */
static bool is_contained(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* The path at the end of a line; @absolute: it begins with a slash, which may be all. */
static int take_path(struct ms_words *reader, bool absolute, char **ret)
{
	_cleanup_free_ char *path = NULL;
	const char *line_end =
		memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	int r;

	if (!line_end)
		return -EBADMSG;
	r = ms_percent_decode(reader->at, (size_t)(line_end - reader->at), &path);
	if (r < 0)
		return r;
	if (absolute ? path[0] != '/' || (path[1] && !is_contained(path + 1))
		     : !is_contained(path))
		return -EBADMSG;
	reader->at = line_end + 1;
	*ret = ms_steal(&path);
	return 0;
}

static int take_root(struct ms_words *reader, bool absolute, struct ms_journal_root *ret)
{
	*ret = (struct ms_journal_root){ 0 };
	if (!ms_mark_take(reader, &ret->mark) || !ms_take(reader, " "))
		return -EBADMSG;
	return take_path(reader, absolute, &ret->path);
}

/* All lines that begin with @word, each with a directory. */
static int take_roots(struct ms_words *reader, const char *word, bool absolute,
		      struct ms_journal_root **list, size_t *n)
{
	size_t capacity = 0;
	int r = 0;

	while (r == 0 && ms_take(reader, word)) {
		struct ms_journal_root *grown =
			ms_room(*list, *n, &capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*list = grown;
		r = take_root(reader, absolute, &grown[*n]);
		*n += r == 0;
	}
	return r;
}

/* What stands between the header and the files. */
static int take_preamble(struct ms_words *reader, struct ms_journal *journal)
{
	int r = ms_take(reader, "root ") ? take_root(reader, true, &journal->root)
					 : -EBADMSG;

	if (r == 0 && ms_take(reader, "lead "))
		r = take_root(reader, true, &journal->lead);
	if (r == 0 && !journal->lead.path) /* which alone has members */
		r = take_roots(reader, "member ", true, &journal->members,
			       &journal->n_members);
	if (r == 0)
		r = take_roots(reader, "below ", false, &journal->below,
			       &journal->n_below);
	if (r == 0)
		r = take_roots(reader, "made-root ", true, &journal->made_roots,
			       &journal->n_made_roots);
	if (r == 0)
		r = take_roots(reader, "made ", false, &journal->made, &journal->n_made);
	journal->keep_going = r == 0 && ms_take(reader, KEEP_GOING);
	return r;
}

static int take_entry(struct ms_words *reader, struct ms_journal_entry *ret)
{
	struct ms_journal_entry entry = { 0 };
	uint64_t number;
	int r;

	if (!ms_take(reader, "file ") || !ms_take_number(reader, SIZE_MAX, &number) ||
	    !ms_take(reader, " ") || !ms_take_number(reader, INT64_MAX, &entry.size) ||
	    !ms_take_hex(reader, &entry.inode) || !ms_take_hex(reader, &entry.birth) ||
	    !ms_take(reader, " ") || !take_old(reader, &entry))
		return -EBADMSG;
	r = take_path(reader, false, &entry.path);
	if (r < 0)
		return r;
	entry.number = number;
	*ret = entry;
	return 0;
}

static int take_entries(struct ms_words *reader, struct ms_journal *journal)
{
	size_t capacity = 0;

	while (reader->at < reader->end) {
		struct ms_journal_entry *grown =
			ms_room(journal->entries, journal->n_entries, &capacity,
				sizeof(*grown));
		int r;

		if (!grown)
			return -ENOMEM;
		journal->entries = grown;
		r = take_entry(reader, &grown[journal->n_entries]);
		if (r < 0)
			return r;
		journal->n_entries++;
	}
	return 0;
}

static bool take_header(struct ms_words *reader, char txid[17])
{
	uint8_t unused[8];

	if (!ms_take(reader, HEADER) || reader->end - reader->at < 17 ||
	    ms_hex_decode(reader->at, 16, unused, 8) < 0 || reader->at[16] != '\n')
		return false;
	memcpy(txid, reader->at, 16);
	txid[16] = '\0';
	reader->at += 17;
	return true;
}

/* Does the text end in a commit line with the right digest? Cuts it off then. */
static int take_commit(struct ms_ctx *ctx, const char *text, struct ms_words *reader,
		       bool *ret)
{
	uint8_t made[MS_HASH_MAX_SIZE], said[32];
	struct ms_words line;
	int r;

	*ret = false;
	if ((size_t)(reader->end - reader->at) < COMMIT_LEN || reader->end[-1] != '\n')
		return 0;
	line = (struct ms_words){reader->end - COMMIT_LEN, reader->end};
	if (!ms_take(&line, COMMIT) || ms_hex_decode(line.at, 64, said, 32) < 0)
		return 0;
	reader->end -= COMMIT_LEN;
	r = ms_hash_bytes(ctx, MS_HASH_SHA256, text, (size_t)(reader->end - text), made);
	if (r < 0)
		return r;
	*ret = !memcmp(made, said, 32);
	return 0;
}

int ms_journal_parse(struct ms_ctx *ctx, const char *text, size_t len, const char *shown,
		     struct ms_journal *ret)
{
	_cleanup_(ms_journal_done) struct ms_journal journal = { 0 };
	struct ms_words reader = {text, text + len};
	int r;

	if (!take_header(&reader, journal.txid))
		return ms_fail(ctx, -EBADMSG, "'%s' is no journal of this modseal",
			       shown);
	r = take_commit(ctx, text, &reader, &journal.committed);
	if (r == 0)
		r = take_preamble(&reader, &journal);
	if (r == -EBADMSG && !journal.committed)
		r = 0; /* torn */
	if (r == 0 && journal.committed)
		r = take_entries(&reader, &journal);
	if (r == -ENOMEM)
		return ms_fail_nomem(ctx);
	if (r == -EBADMSG)
		return ms_fail(ctx, r, "'%s' has a line that is none, at offset %zu",
			       shown, (size_t)(reader.at - text));
	if (r < 0)
		return r;
	*ret = journal;
	journal = (struct ms_journal){ 0 };
	return 0;
}
