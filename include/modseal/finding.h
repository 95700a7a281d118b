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

/** One finding. Later versions may add members at the end. */
struct ms_finding {
	const char *id; /* "hash-not-built-in": a constant, the same in all versions */
	enum ms_severity severity;
	char *message;	/* for a person; may hold bytes from a file */
	char *mend;	/* the command that mends it; NULL: there is none */
};

/** Findings in the order in which they were made. */
struct ms_findings;

/** How many there are; 0 for NULL. */
MS_PUBLIC size_t ms_findings_count(const struct ms_findings *findings);

/** The @i-th, owned by @findings; NULL past the last. */
MS_PUBLIC const struct ms_finding *ms_findings_at(const struct ms_findings *findings,
						  size_t i);

/** Frees @findings, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_findings *ms_findings_free(struct ms_findings *findings);

#ifdef __cplusplus
}
#endif
#endif
