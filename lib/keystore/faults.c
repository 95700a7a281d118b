/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists of what is wrong. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store.h"

/* Makes room for one more. */
static int grow(struct ms_faults *faults)
{
	char **list = reallocarray(faults->texts, faults->n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	faults->texts = list;
	list = reallocarray(faults->hints, faults->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	faults->hints = list;
	return 0;
}

int ms_faults_add(struct ms_faults *faults, char *hint_consumed, const char *format, ...)
{
	_cleanup_free_ char *hint = hint_consumed;
	va_list args;
	char *text;
	int len;

	if (grow(faults) < 0)
		return -ENOMEM;
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	faults->texts[faults->n] = text;
	faults->hints[faults->n++] = ms_steal(&hint);
	return 0;
}

void ms_faults_done(struct ms_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++) {
		free(faults->texts[i]);
		free(faults->hints[i]);
	}
	free(faults->texts);
	free(faults->hints);
	*faults = (struct ms_faults){ 0 };
}
