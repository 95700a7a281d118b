/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_FINDING_H
#define MODSEAL_FINDING_H

/* What an examination finds: one sentence each, and the command that mends it. */

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ms_severity {
	MS_SEVERITY_UNKNOWN = 0, /* it could not be looked at; this is never "good" */
	MS_SEVERITY_INFO,	 /* how things are */
	MS_SEVERITY_WARNING,	 /* nothing fails, but somebody should know */
	MS_SEVERITY_ERROR,	 /* something is wrong: it fails, or is not safe */
};

struct ms_finding {
	const char *id; /* "hash-not-built-in": a constant, the same in all versions */
	enum ms_severity severity;
	char *message;	/* for a person; may hold bytes from a file */
	char *mend;	/* the command that mends it; NULL: there is none */
};

/** Findings in the order in which they were made. A zeroed list is empty. */
struct ms_findings {
	struct ms_finding *list;
	size_t count;
};

/** The number of findings of that severity. */
MS_PUBLIC size_t ms_findings_count(const struct ms_findings *findings,
				   enum ms_severity severity);

/** Frees what is in @findings; it is empty then. */
MS_PUBLIC void ms_findings_done(struct ms_findings *findings);

#ifdef __cplusplus
}
#endif
#endif
