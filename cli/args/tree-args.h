/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_TREE_ARGS_H
#define CLI_TREE_ARGS_H

/* The modules that the command line names, and how they are to be worked on. */

#include <modseal/tree.h>

#include "../cli.h"
#include "../parse/parse.h"

/**
 * Turns the arguments into tree options. Returns CLI_YES, or CLI_TROUBLE after
 * reporting a value that is none.
 */
int cli_tree_options(struct cli *cli, const struct cli_args *args,
		     struct ms_tree_options *ret);

/**
 * Opens the tree and lets progress be shown. What was left out is added to "skipped".
 * CLI_YES or CLI_TROUBLE.
 */
int cli_tree_open(struct cli *cli, const char *const *paths, size_t n_paths,
		  const struct ms_tree_options *options, struct ms_tree **ret);

/**
 * For commands that say of a tree that all is well with it: CLI_NO, after saying so,
 * where a link was left out under any of the trees that were opened that depmod would
 * follow to a module, unless --ignore-links is given.
 */
int cli_links_check(struct cli *cli, const struct cli_args *args);

#endif
