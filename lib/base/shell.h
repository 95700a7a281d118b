/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_SHELL_H
#define MS_BASE_SHELL_H

/* Commands that a person is told to run, for pasting into a shell. */

#include <stdarg.h>

/*
 * Arguments are paths, or cannot begin with '-': what does is written with "./" before
 * it, since no quotes keep it from being an option.
 */

/**
 * A command in new memory, to free(), NULL where there is none: @format with each %s
 * quoted as one argument: '...', or $'...' where it has what ms_text_escape() would
 * escape, which leaves the result as it is. Besides it knows %% only; another conversion
 * is NULL.
 */
__attribute__((format(printf, 1, 2))) char *ms_shell_format(const char *format, ...);

char *ms_shell_vformat(const char *format, va_list args);

/** One argument, bare where it needs no quotes; to free(), NULL where there is no memory.
 */
char *ms_shell_word(const char *text);

#endif
