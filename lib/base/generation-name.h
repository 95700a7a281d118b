/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_GENERATION_NAME_H
#define MS_BASE_GENERATION_NAME_H

/*
 * The names of the generations of a key store, "20260131-0930" and "20260131-0930-2". Here
 * since a journal that has others in it is none (file-set-finish.c).
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** The link to the one that is to be used. */
#define MS_STORE_LINK "current"

enum { MS_STAMP_LEN = 13, MS_GENERATION_NAME_SIZE = 32 };

struct ms_generation_name {
	char stamp[MS_STAMP_LEN + 1];
	unsigned number; /* 1: no suffix */
};

/** Reads a name. False: no generation is called so. */
bool ms_generation_name_parse(const char *text, struct ms_generation_name *ret);

/** Below zero where @a is the older one, above where it is the newer one. */
int ms_generation_name_compare(const struct ms_generation_name *a,
			       const struct ms_generation_name *b);

/**
 * The name for a generation made @now. @newest: the newest name there is, or NULL. What
 * is made later sorts later, even where the clock was set back. False: there is none.
 */
bool ms_generation_name_next(const struct ms_generation_name *newest, time_t now,
			     char ret[MS_GENERATION_NAME_SIZE]);

/** The time that the name says, by this machine's local time as kernel-sign writes it. */
time_t ms_generation_name_time(const struct ms_generation_name *name);

#endif
