/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CONFIG_FINDINGS_H
#define MS_CONFIG_FINDINGS_H

/* Making findings. */

#include <modseal/finding.h>

/** Findings while they are made. A zeroed list is empty. */
struct ms_findings {
	struct ms_finding *list;
	size_t count;
};

/** Frees what is in @findings; it is empty then. */
void ms_findings_done(struct ms_findings *findings);

/** Hands what is in @findings over to a list of its own, *@ret. -ENOMEM, with a message.
 */
int ms_findings_give(struct ms_ctx *ctx, struct ms_findings *findings,
		     struct ms_findings **ret);

/**
 * Adds a finding. @id: a constant. @mend_consumed: the command that mends it, to free(),
 * or NULL; it is the list's from now on, also where this fails. -ENOMEM, with a message.
 */
__attribute__((format(printf, 6, 7))) int
ms_findings_add(struct ms_ctx *ctx, struct ms_findings *findings, const char *id,
		enum ms_severity severity, char *mend_consumed, const char *format, ...);

#endif
