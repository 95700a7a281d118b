/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CONFIG_CHECK_H
#define MS_CONFIG_CHECK_H

/* Inside lib/config: one examination of a configuration, topic by topic. */

#include <modseal/config.h>

#include "../judge/key-type.h"
#include "../kconfig/kconfig-edit.h"
#include "findings.h"

struct ms_check {
	struct ms_ctx *ctx;
	const struct ms_config_edit *edit;
	struct ms_findings *findings;
	char *word;	    /* the configuration's path as a word for the shell */
	unsigned version;   /* of Linux, major << 8 | minor; 0: not known */
	bool installed;	    /* of a kernel that is built: the files it names are gone */
	char **values;	    /* that were asked for, freed at the end */
	size_t n_values;
};

#define MS_CHECK_LINUX(major, minor) ((unsigned)(major) << 8 | (unsigned)(minor))

/** The topics. 0 or -ENOMEM and the like: what is wrong is a finding, no error. */
int ms_check_requirements(struct ms_check *check);
int ms_check_hash(struct ms_check *check);
int ms_check_key(struct ms_check *check);
int ms_check_certificates(struct ms_check *check);
int ms_check_compression(struct ms_check *check);
int ms_check_lockdown(struct ms_check *check);

/**
 * The value of a symbol, NULL where no line names it. What is there twice is a finding,
 * and counts as not there. Borrowed from @check.
 */
const char *ms_check_value(struct ms_check *check, const char *name);

/** True where a symbol is y. */
bool ms_check_yes(struct ms_check *check, const char *name);

/** A string symbol's content, NULL where it is not there or empty. */
const char *ms_check_text(struct ms_check *check, const char *name);

/** `modseal config set SETTINGS FILE`, to free(); NULL where there is no memory. */
__attribute__((format(printf, 2, 3))) char *
ms_check_set(const struct ms_check *check, const char *format, ...);

/** ms_findings_add() without having to name list and context. */
#define ms_check_found(check, id, severity, mend, ...)                            \
	ms_findings_add((check)->ctx, (check)->findings, id, severity, mend, __VA_ARGS__)

/** Is the algorithm there for a key of this type ("p384"); a finding @id if not. */
int ms_check_key_algorithm(struct ms_check *check, const char *id, const char *what,
			   const char *key_type);

#endif
