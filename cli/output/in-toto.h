/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_IN_TOTO_H
#define CLI_IN_TOTO_H

/* A manifest as an in-toto statement. */

#include <modseal/manifest.h>

#include "../cli.h"

/** What the user knows of the build; NULL: it is not said. */
struct cli_provenance {
	const char *build_type; /* URI */
	const char *builder_id; /* URI */
};

/**
 * The statement as text, one line: https://in-toto.io/Statement/v1 with the modules as its
 * subjects and a predicate https://slsa.dev/provenance/v1. To free().
 */
char *cli_in_toto(const struct ms_manifest *manifest,
		  const struct cli_provenance *provenance);

#endif
