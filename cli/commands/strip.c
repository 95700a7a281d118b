/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal strip: takes signatures off. */

#include "commands.h"
#include "../args/tree-args.h"
#include "../cleanup.h"
#include "../output/items.h"
#include "../output/json.h"

int cmd_strip(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_tree_options options;
	int run;

	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	options.writes = true;
	cli_doc_add(cli, "dry_run", cli_json_bool(true, options.dry_run));
	if (cli_tree_open(cli, args->operands, args->n_operands, &options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	run = ms_tree_strip(cli->ctx, tree, cli_args_has(args, CLI_OPT_ALL));
	return cli_report(cli, tree, run, NULL);
}
