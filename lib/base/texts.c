/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list of texts that grows. */

#include "texts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void ms_texts_drop(struct ms_texts *texts, size_t n)
{
	while (texts->n > n)
		free(texts->texts[--texts->n]);
}

void ms_texts_done(struct ms_texts *texts)
{
	ms_texts_drop(texts, 0);
	free(texts->texts);
	*texts = (struct ms_texts){ 0 };
}

int ms_texts_vprintf(struct ms_texts *texts, const char *format, va_list args)
{
	char **more = reallocarray(texts->texts, texts->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	texts->texts = more;
	if (vasprintf(&more[texts->n], format, args) < 0)
		return -ENOMEM;
	texts->n++;
	return 0;
}

int ms_texts_printf(struct ms_texts *texts, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = ms_texts_vprintf(texts, format, args);
	va_end(args);
	return r;
}
