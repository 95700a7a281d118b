/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_HASHES_ARGS_H
#define CLI_HASHES_ARGS_H

/* What the commands about hashes share. */

#include <modseal/tree-hashes.h>

#include "../cleanup.h"
#include "../cli.h"
#include "../parse/parse.h"

static inline void cli_free_order(struct ms_order **order)
{
	ms_order_free(*order);
}

static inline void cli_free_hashes(struct ms_kernel_hashes **hashes)
{
	ms_kernel_hashes_free(*hashes);
}

static inline void cli_free_manifest(struct ms_manifest **manifest)
{
	ms_manifest_free(*manifest);
}

/**
 * Reads --modules-order. Without it, where @look: modules.order in the directory @tree,
 * if there is one. @ret: NULL where there is none. Reports the path as "modules_order".
 * CLI_YES, or CLI_TROUBLE after reporting.
 */
int cli_order_open(struct cli *cli, const struct cli_args *args, const char *tree,
		   bool look, struct ms_order **ret);

/**
 * As cli_tree_open() of one TREE. It may be without modules where @order says that there
 * are none; a directory that merely has none is trouble.
 */
int cli_ordered_tree_open(struct cli *cli, const char *path, const struct ms_order *order,
			  const struct ms_tree_options *options, struct ms_tree **ret);

/** Reports the root: "root", and where @before is not NULL a line with that and it. */
void cli_root_report(struct cli *cli, const char *before,
		     const struct ms_merkle_root *root);

/** The SOURCE of --root as a root. CLI_YES, or CLI_TROUBLE after reporting. */
int cli_root_open(struct cli *cli, const char *source, struct ms_merkle_root *ret);

/** Adds what a kernel's hashes are to @object: form, root, digests. */
void cli_hashes_add(json_object *object, const struct ms_kernel_hashes *hashes);

#endif
