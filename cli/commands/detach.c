/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal detach: copies signatures into a bundle.
 *
 * A module without a signature, or with several, leaves the others' in the bundle and
 * the status at 1. Trouble with a module leaves no bundle at all, unless --keep-going:
 * nobody should take half a tree's signatures for the whole.
 */

#include "commands.h"
#include "../args/tree-args.h"
#include "../cleanup.h"
#include "../output/items.h"
#include "../output/json.h"

static int save(struct cli *cli, struct ms_bundle *bundle, const char *path, bool sync)
{
	if (!ms_bundle_count(bundle)) {
		cli_warn(cli, "no signature was found: '%s' is not written", path);
		return CLI_NO;
	}
	if (ms_bundle_save(cli->ctx, bundle, path, sync) < 0)
		return cli_error_ctx(cli);
	return CLI_YES;
}

static void item_json(json_object *object, const struct ms_item *item)
{
	cli_json_add(object, "payload_sha256", cli_payload_json(item));
}

int cmd_detach(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = cli_check(ms_bundle_new());
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const char *path = cli_args_value(args, CLI_OPT_OUTPUT_BUNDLE);
	struct ms_tree_options options;
	int status, saved = CLI_YES;

	if (!path)
		return cli_usage(cli, "--output is missing: the bundle to write");
	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	if (cli_tree_open(cli, args->operands, args->n_operands, &options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	status = cli_report(cli, tree, ms_tree_detach(cli->ctx, tree, bundle), item_json);
	if (status != CLI_TROUBLE || options.keep_going)
		saved = save(cli, bundle, path, !options.no_sync);
	else
		cli_warn(cli, "'%s' is not written", path);
	cli_doc_add(cli, "bundle", cli_json_text(path));
	return saved > status ? saved : status;
}
