/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_ITEMS_H
#define CLI_ITEMS_H

/* What the commands over trees share: reporting what became of the modules. */

#include <modseal/tree.h>

#include "../cli.h"

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

/** How many of a tree's items ended in @outcome. */
size_t cli_count_outcome(const struct ms_tree *tree, enum ms_outcome outcome);

/** A JSON object with the fields that every item has: path, result, error, hint. */
json_object *cli_item_json(const struct ms_item *item);

/** Adds the fields of all of an item's signatures, as "signatures". */
json_object *cli_signature_json(const struct ms_signature_fields *signature);

/** The payload's digest in hex, null where it is not known. */
json_object *cli_payload_json(const struct ms_item *item);

/** "none", "gzip", "xz", "zstd"; null for a file that could not be read. */
json_object *cli_compression_json(const struct ms_item *item);

#endif
