/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CONFIG_FINDINGS_H
#define MS_CONFIG_FINDINGS_H

/* Making findings. */

#include <modseal/finding.h>

/**
 * Adds a finding. @id: a constant. @mend_consumed: the command that mends it, to free(),
 * or NULL; it is the list's from now on, also where this fails. -ENOMEM, with a message.
 */
__attribute__((format(printf, 6, 7))) int
ms_findings_add(struct ms_ctx *ctx, struct ms_findings *findings, const char *id,
		enum ms_severity severity, char *mend_consumed, const char *format, ...);

#endif
