/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_WORDS_H
#define MS_BASE_WORDS_H

/*
 * The words of which journals are made (lib/files/file-set-journal.c, lib/tree/transaction/journal.h).
 * A journal may be torn or anybody's, so each word has one spelling and nothing else is
 * taken; and what can be written can be read, up to the largest number.
 */

#include <stdbool.h>
#include <stdint.h>

/** The text that is still to be read; it has no NUL at its end. */
struct ms_words {
	const char *at;
	const char *end;
};

/** Passes over @text, if it is what comes next. */
bool ms_take(struct ms_words *words, const char *text);

/** A decimal number, at most @max, in its one spelling: no sign, no leading zero. */
bool ms_take_number(struct ms_words *words, uint64_t max, uint64_t *ret);

/** ":" and a number as 16 hex digits. */
bool ms_take_hex(struct ms_words *words, uint64_t *ret);

/** The size of a file and the time of its last change: SIZE:SECONDS.NANOSECONDS. */
bool ms_take_state(struct ms_words *words, uint64_t *ret_size, int64_t *ret_seconds,
		   uint32_t *ret_nanoseconds);

#endif
