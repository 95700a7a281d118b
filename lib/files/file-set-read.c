/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading the journal of a set, as file-set-journal.c draws and writes it. The reader is
 * strict: what is not exactly so is no journal.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "file-set-inside.h"
#include "../base/text.h"
#include "../base/words.h"

/* A percent-encoded word up to @stop. */
static int take_word(struct ms_words *reader, char stop, char **ret)
{
	const char *end = memchr(reader->at, stop, (size_t)(reader->end - reader->at));
	int r;

	if (!end || end == reader->at)
		return -EBADMSG;
	r = ms_percent_decode(reader->at, (size_t)(end - reader->at), ret);
	if (r == 0)
		reader->at = end + 1;
	return r;
}

/* A name in a directory, and nothing that leads out of it. */
static int take_name(struct ms_words *reader, char stop, char **ret)
{
	int r = take_word(reader, stop, ret);

	if (r == 0 &&
	    (!**ret || strchr(*ret, '/') || !strcmp(*ret, ".") || !strcmp(*ret, "..")))
		return -EBADMSG;
	return r;
}

static bool take_old(struct ms_words *reader, struct ms_set_line *line)
{
	if (ms_take(reader, "- "))
		return true;
	line->existed = true;
	return ms_take_state(reader, &line->old_size, &line->old_seconds,
			     &line->old_nanoseconds) &&
	       ms_take(reader, " ");
}

static int take_line(struct ms_words *reader, size_t n_dirs, struct ms_set_line *line)
{
	uint64_t dir;
	int r;

	if (reader->at == reader->end || !memchr("fdl", *reader->at, 3))
		return -EBADMSG;
	line->kind = (enum ms_set_kind) * reader->at++;
	if (!ms_take(reader, " ") || !ms_take_number(reader, INT64_MAX, &line->size) ||
	    !ms_take(reader, " ") || !ms_mark_take(reader, &line->mark) ||
	    !ms_take(reader, " ") || !take_old(reader, line))
		return -EBADMSG;
	r = take_name(reader, ' ', &line->temp);
	if (r == 0 && (!ms_take_number(reader, SIZE_MAX, &dir) || dir >= n_dirs ||
		       !ms_take(reader, " ")))
		r = -EBADMSG;
	if (r == 0) {
		line->dir = (size_t)dir;
		r = take_name(reader, '\n', &line->base);
	}
	return r;
}

/* A directory, which is @ret's to free even where it fails. */
static int take_place(struct ms_words *reader, struct ms_set_place *ret)
{
	int r;

	if (!ms_mark_take(reader, &ret->mark) || !ms_take(reader, " "))
		return -EBADMSG;
	r = take_word(reader, '\n', &ret->path);
	return r < 0 || ret->path[0] == '/' ? r : -EBADMSG;
}

static int take_dirs(struct ms_words *reader, struct ms_set_journal *journal)
{
	while (ms_take(reader, "dir ")) {
		struct ms_set_place *dirs =
			reallocarray(journal->dirs, journal->n_dirs + 1, sizeof(*dirs));
		int r;

		if (!dirs)
			return -ENOMEM;
		journal->dirs = dirs;
		dirs[journal->n_dirs] = (struct ms_set_place){0};
		r = take_place(reader, &dirs[journal->n_dirs++]);
		if (r < 0)
			return r;
	}
	return 0;
}

int ms_set_note_parse(const char *text, size_t len, struct ms_set_place *ret)
{
	struct ms_words reader = {.at = text, .end = text + len};
	struct ms_set_place place = {0};
	int r = take_place(&reader, &place);

	if (r == 0 && reader.at != reader.end)
		r = -EBADMSG;
	if (r == 0)
		*ret = place;
	else
		free(place.path);
	return r;
}

static int take_lines(struct ms_words *reader, struct ms_set_journal *journal)
{
	while (ms_take(reader, "rename ")) {
		struct ms_set_line *lines = reallocarray(
			journal->lines, journal->n_lines + 1, sizeof(*lines));
		int r;

		if (!lines)
			return -ENOMEM;
		journal->lines = lines;
		lines[journal->n_lines] = (struct ms_set_line){0};
		r = take_line(reader, journal->n_dirs, &lines[journal->n_lines++]);
		if (r < 0)
			return r;
	}
	return 0;
}

int ms_set_journal_parse(const char *text, size_t len, struct ms_set_journal *ret)
{
	_cleanup_(ms_set_journal_done) struct ms_set_journal journal = {0};
	struct ms_words reader = {.at = text, .end = text + len};
	int r;

	if (!ms_take(&reader, MS_SET_HEADER) || !ms_take(&reader, "self ") ||
	    !ms_mark_take(&reader, &journal.self) || !ms_take(&reader, "\n"))
		return -EBADMSG;
	r = take_dirs(&reader, &journal);
	r = r < 0 ? r : take_lines(&reader, &journal);
	if (r < 0)
		return r;
	journal.decided = ms_take(&reader, MS_SET_END);
	if (reader.at != reader.end || journal.n_dirs == 0)
		return -EBADMSG;
	*ret = journal;
	journal = (struct ms_set_journal){0};
	return 0;
}

void ms_set_journal_done(struct ms_set_journal *journal)
{
	for (size_t i = 0; i < journal->n_dirs; i++)
		free(journal->dirs[i].path);
	for (size_t i = 0; i < journal->n_lines; i++) {
		free(journal->lines[i].temp);
		free(journal->lines[i].base);
	}
	free(journal->dirs);
	free(journal->lines);
	*journal = (struct ms_set_journal){0};
}
