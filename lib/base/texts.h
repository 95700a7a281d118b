/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_TEXTS_H
#define MS_BASE_TEXTS_H

/* Sentences for a person, collected while something is found out. */

#include <stdarg.h>
#include <stddef.h>

/** A list of texts. A zeroed one is empty. */
struct ms_texts {
	char **texts;
	size_t n;
};

/** Frees the texts; the list is empty then. */
void ms_texts_done(struct ms_texts *texts);

/** Drops all texts but the first @n. */
void ms_texts_drop(struct ms_texts *texts, size_t n);

/** Adds a text. 0 or -ENOMEM. */
__attribute__((format(printf, 2, 0))) int
ms_texts_vprintf(struct ms_texts *texts, const char *format, va_list args);
__attribute__((format(printf, 2, 3))) int ms_texts_printf(struct ms_texts *texts,
							  const char *format, ...);

#endif
