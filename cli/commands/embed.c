/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal embed: gives a vmlinux the hashes of its modules. Which form is wanted, a root or
 * a list, the section itself tells.
 */

#include "commands.h"
#include "../args/hashes-args.h"
#include "../args/tree-args.h"
#include "../output/items.h"
#include "../output/json.h"

static void report(struct cli *cli, const struct ms_kernel_hashes *hashes,
		   const char *path)
{
	size_t count = ms_kernel_hashes_count(hashes);
	char text[MS_MERKLE_ROOT_TEXT];
	struct ms_merkle_root root;
	bool is_root = ms_kernel_hashes_root(hashes, &root);

	cli_hashes_add(cli->doc, hashes);
	if (cli->quiet)
		return;
	ms_merkle_root_text(&root, text);
	if (is_root)
		cli_path_line(cli, path, "root %s", text);
	else
		cli_path_line(cli, path, "%zu hash%s", count, count == 1 ? "" : "es");
}

static int write_hashes(struct cli *cli, const struct cli_args *args,
			const struct ms_kernel_hashes *hashes)
{
	const char *output = cli_args_value(args, CLI_OPT_OUTPUT_VMLINUX);
	const char *path = args->operands[0];

	if (ms_vmlinux_hashes_write(cli->ctx, path, output, hashes) < 0)
		return cli_error_ctx(cli);
	report(cli, hashes, output ? output : path);
	return CLI_YES;
}

int cmd_embed(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_hashes) struct ms_kernel_hashes *there = NULL, *hashes = NULL;
	_cleanup_(cli_free_order) struct ms_order *order = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const char *modules = cli_args_value(args, CLI_OPT_MODULES);
	struct ms_tree_options options;
	int run, status;

	if (!modules)
		return cli_usage(cli, "--modules is missing: the tree of the modules");
	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_vmlinux_hashes_read(cli->ctx, args->operands[0], &there) < 0)
		return cli_error_ctx(cli);
	cli_doc_add(cli, "form",
		    cli_json_text(ms_kernel_hashes_form(there) == MS_HASHES_LIST
					  ? "list"
					  : "root"));
	if (cli_order_open(cli, args, modules, true, &order) != CLI_YES ||
	    cli_ordered_tree_open(cli, modules, order, &options, &tree) != CLI_YES)
		return CLI_TROUBLE;
	run = ms_tree_hashes_make(cli->ctx, tree, order, there, &hashes);
	status = cli_report_failures(cli, tree, run);
	if (status != CLI_YES)
		return status;
	return hashes ? write_hashes(cli, args, hashes)
		      : cli_error(cli, "not every module has a hash");
}
