/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

/* What an examination found, for people and for programs. */

#include <modseal/finding.h>

#include "../cli.h"
#include "words.h"

/**
 * Prints findings: what is wrong or not known; with -v all; with -q what is wrong only.
 * @subject: what the lines begin with; NULL: each finding's own id.
 */
void cli_findings_print(const struct cli *cli, const char *subject,
			const struct ms_findings *findings);

/** Adds the findings to an array of the document. @path: what was looked at, or NULL. */
void cli_findings_json(json_object *array, const char *path,
		       const struct ms_findings *findings);

/** Counts by severity, added up over several lists. */
struct cli_findings_count {
	size_t counts[CLI_SEVERITIES];
};

void cli_findings_add(struct cli_findings_count *count,
		      const struct ms_findings *findings);

/**
 * Reports the counts, as "summary" and as a line, and returns the status: 1 where
 * something is wrong, else 2 where something could not be looked at, else 0.
 */
int cli_findings_end(struct cli *cli, const struct cli_findings_count *count);

static inline void cli_free_findings(struct ms_findings **findings)
{
	ms_findings_free(*findings);
}

#endif
