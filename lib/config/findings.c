/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists of findings. */

#include "findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"

/* Bytes of a message, or of the command that mends it: a path, and some words. */
enum { MESSAGE_MAX = 5120 };

size_t ms_findings_count(const struct ms_findings *findings)
{
	return findings ? findings->count : 0;
}

const struct ms_finding *ms_findings_at(const struct ms_findings *findings, size_t i)
{
	return i < ms_findings_count(findings) ? &findings->list[i] : NULL;
}

struct ms_findings *ms_findings_free(struct ms_findings *findings)
{
	if (findings)
		ms_findings_done(findings);
	free(findings);
	return NULL;
}

int ms_findings_give(struct ms_ctx *ctx, struct ms_findings *findings,
		     struct ms_findings **ret)
{
	struct ms_findings *given = malloc(sizeof(*given));

	if (!given)
		return ms_fail_nomem(ctx);
	*given = *findings;
	*findings = (struct ms_findings){0};
	*ret = given;
	return 0;
}

void ms_findings_done(struct ms_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].message);
		free(findings->list[i].mend);
	}
	free(findings->list);
	*findings = (struct ms_findings){ 0 };
}

int ms_findings_add(struct ms_ctx *ctx, struct ms_findings *findings, const char *id,
		    enum ms_severity severity, char *mend_consumed, const char *format,
		    ...)
{
	_cleanup_free_ char *mend = mend_consumed;
	struct ms_finding *list = reallocarray(findings->list, findings->count + 1,
					       sizeof(*list));
	char *message;
	va_list args;
	int len;

	if (!list)
		return ms_fail_nomem(ctx);
	findings->list = list;
	va_start(args, format);
	len = vasprintf(&message, format, args);
	va_end(args);
	if (len < 0)
		return ms_fail_nomem(ctx);
	/* what is quoted in it may be all of a hostile file */
	message[ms_text_cut(message, (size_t)len, MESSAGE_MAX)] = '\0';
	if (mend && strlen(mend) > MESSAGE_MAX) {
		free(mend);
		mend = NULL;
	}
	list[findings->count++] = (struct ms_finding){
		.id = id,
		.severity = severity,
		.message = message,
		.mend = ms_steal(&mend),
	};
	return 0;
}
