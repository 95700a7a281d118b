// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the reader of a transaction's journal. Recovery renames and removes files by what
 * it says, so: no path may leave the directory, whatever the bytes are, and what was read
 * must be what a writer would write for it. Each input is read as it stands, and once more
 * with the commit line behind it that a fuzzer cannot guess.
 */
#include <stdbool.h>
#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/tree/transaction/journal.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ms_ctx *ctx;

static bool same_entry(const struct ms_journal_entry *a, const struct ms_journal_entry *b)
{
	return a->number == b->number && a->size == b->size && a->inode == b->inode &&
	       a->birth == b->birth && a->had_old == b->had_old &&
	       a->old_size == b->old_size && a->old_seconds == b->old_seconds &&
	       a->old_nanoseconds == b->old_nanoseconds && !strcmp(a->path, b->path);
}

/* What was read, written and read again, is the same. */
static void check_written(const struct ms_journal *journal)
{
	_cleanup_(ms_journal_done) struct ms_journal again = { 0 };
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };

	require(ms_journal_begin(&text, journal->txid, &journal->root) == 0);
	require(!journal->lead.path || ms_journal_lead(&text, &journal->lead) == 0);
	for (size_t i = 0; i < journal->n_members; i++)
		require(ms_journal_member(&text, &journal->members[i]) == 0);
	for (size_t i = 0; i < journal->n_below; i++)
		require(ms_journal_below(&text, &journal->below[i]) == 0);
	for (size_t i = 0; i < journal->n_made_roots; i++)
		require(ms_journal_made_root(&text, &journal->made_roots[i]) == 0);
	for (size_t i = 0; i < journal->n_made; i++)
		require(ms_journal_made(&text, &journal->made[i]) == 0);
	require(!journal->keep_going || ms_journal_keep_going(&text) == 0);
	for (size_t i = 0; i < journal->n_entries; i++)
		require(ms_journal_add(&text, &journal->entries[i]) == 0);
	require(ms_journal_commit(ctx, &text) == 0);
	require(ms_journal_parse(ctx, (char *)text.data, text.len, "again", &again) == 0);
	require(again.committed && !strcmp(again.txid, journal->txid));
	require(again.n_entries == journal->n_entries);
	for (size_t i = 0; i < journal->n_entries; i++)
		require(same_entry(&journal->entries[i], &again.entries[i]));
	require(!journal->lead.path == !again.lead.path);
	require(journal->n_members == again.n_members && journal->n_made == again.n_made);
	require(journal->n_below == again.n_below &&
		journal->n_made_roots == again.n_made_roots &&
		journal->keep_going == again.keep_going);
}

/* Absolute, and without a component that leads elsewhere. */
static bool names_a_root(const struct ms_journal_root *root)
{
	return root->path[0] == '/' && (!root->path[1] || stays_below(root->path + 1));
}

static void check(const void *data, size_t len)
{
	_cleanup_(ms_journal_done) struct ms_journal journal = { 0 };

	if (ms_journal_parse(ctx, data, len, "journal", &journal) < 0)
		return;
	require(strlen(journal.txid) == 16);
	require(journal.committed || journal.n_entries == 0);
	for (size_t i = 0; i < journal.n_entries; i++)
		require(stays_below(journal.entries[i].path));
	require(!journal.lead.path || names_a_root(&journal.lead));
	require(!journal.lead.path || journal.n_members == 0);
	for (size_t i = 0; i < journal.n_members; i++)
		require(names_a_root(&journal.members[i]));
	require(!journal.committed || names_a_root(&journal.root));
	for (size_t i = 0; i < journal.n_made_roots; i++)
		require(names_a_root(&journal.made_roots[i]));
	for (size_t i = 0; i < journal.n_below; i++)
		require(stays_below(journal.below[i].path));
	for (size_t i = 0; i < journal.n_made; i++)
		require(stays_below(journal.made[i].path));
	if (journal.committed)
		check_written(&journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(ms_buf_done) struct ms_buf committed = { 0 };

	if (!ctx)
		ctx = ms_ctx_new();
	require(ctx != NULL);
	check(data, size);
	if (ms_buf_append(&committed, data, size) == 0 &&
	    ms_journal_commit(ctx, &committed) == 0)
		check(committed.data, committed.len);
	return 0;
}
