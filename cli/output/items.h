/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_RUN_H
#define CLI_RUN_H

/*
 * What the commands over trees share: opening the tree with the options that were
 * given, and reporting what became of its items.
 */

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

/** The higher of two statuses. */
static inline int cli_worse(int a, int b)
{
	return a > b ? a : b;
}

/** Adds what is special to a command to an item's JSON object. */
typedef void (*cli_item_json_fn)(json_object *object, const struct ms_item *item);

/**
 * Reports every item of a command that changes or copies: lines, messages, "modules"
 * and "summary". @run: what the operation returned; negative adds the library's error.
 * @extra may be NULL. Returns the highest status.
 */
int cli_report(struct cli *cli, const struct ms_tree *tree, int run,
	       cli_item_json_fn extra);

/** As cli_report(), with nothing on standard output but the document. */
int cli_report_failures(struct cli *cli, const struct ms_tree *tree, int run);

/** Reports an item's error or remark on standard error. */
void cli_item_message(const struct ms_item *item);

/** Reports a run that failed as a whole. Returns CLI_TROUBLE. */
int cli_run_failed(struct cli *cli);

/** How many of a tree's items ended in @outcome. */
size_t cli_count_outcome(const struct ms_tree *tree, enum ms_outcome outcome);

/** A JSON object with the fields that every item has: path, result, error, hint. */
json_object *cli_item_json(const struct ms_item *item);

/** Adds a member to @object. Takes @value; NULL becomes null. */
void cli_json_add(json_object *object, const char *key, json_object *value);

/** Adds the fields of all of an item's signatures, as "signatures". */
json_object *cli_signature_json(const struct ms_signature_fields *signature);

/** @len bytes as lower case hex. */
json_object *cli_json_hex(const uint8_t *data, size_t len);

/** The payload's digest in hex, null where it is not known. */
json_object *cli_payload_json(const struct ms_item *item);

/** "none", "gzip", "xz", "zstd"; null for a file that could not be read. */
json_object *cli_compression_json(const struct ms_item *item);

/** Counts to be reported, each with a name. */
struct cli_count {
	const char *name;
	size_t count;
};

/** Reports `N modules: 3 trusted, 1 unsigned` and "summary": the counts above zero. */
void cli_summary(struct cli *cli, const char *what, size_t total,
		 const struct cli_count *counts, size_t n_counts);

#endif
