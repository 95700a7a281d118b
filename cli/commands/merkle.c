/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal merkle: the Merkle tree over a kernel's modules. root and check read, prove
 * writes as sign does, verify judges as verify does.
 */

#include <string.h>

#include "commands.h"
#include "../args/hashes-args.h"
#include "../args/tree-args.h"
#include "../output/items.h"
#include "../output/json.h"
#include "../output/verdicts.h"

int cmd_merkle_root(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_order) struct ms_order *order = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const char *output = cli_args_value(args, CLI_OPT_OUTPUT_FILE);
	char text[MS_MERKLE_ROOT_TEXT + 1];
	struct ms_tree_options options;
	struct ms_merkle_root root;
	bool known = false;
	int status, run;
	size_t len;

	if (cli_tree_options(cli, args, &options) != CLI_YES ||
	    cli_order_open(cli, args, args->operands[0], true, &order) != CLI_YES ||
	    cli_ordered_tree_open(cli, args->operands[0], order, &options, &tree) !=
		    CLI_YES)
		return CLI_TROUBLE;
	run = ms_tree_merkle_root(cli->ctx, tree, order, &root, &known);
	status = cli_report_failures(cli, tree, run);
	if (status != CLI_YES)
		return status;
	if (!known)
		return cli_error(cli, "the tree has no root");
	if (!output) {
		cli_root_report(cli, "", &root);
		return CLI_YES;
	}
	ms_merkle_root_text(&root, text);
	cli_doc_add(cli, "root", cli_json_text(text));
	len = strlen(text);
	text[len++] = '\n';
	return cli_text_write(cli, output, text, len, true);
}

static void proof_json(json_object *object, const struct ms_item *item)
{
	cli_json_add(object, "compression", cli_compression_json(item));
}

static int prove(struct cli *cli, const struct cli_args *args,
		 const struct ms_order *order, const struct ms_merkle_root *expected)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_tree_options options;
	struct ms_merkle_root root;
	bool known = false;
	int status, run;

	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	options.writes = true;
	cli_doc_add(cli, "dry_run", cli_json_bool(true, options.dry_run));
	if (cli_tree_open(cli, args->operands, 1, &options, &tree) != CLI_YES)
		return CLI_TROUBLE;
	run = ms_tree_merkle_prove(cli->ctx, tree, order, expected, &root, &known);
	status = cli_report(cli, tree, run, proof_json);
	if (run == 0 && known)
		cli_root_report(cli, cli->quiet ? NULL : "root: ", &root);
	return run == 0 && !known && status == CLI_YES
		       ? cli_error(cli, "the tree has no root")
		       : status;
}

int cmd_merkle_prove(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_order) struct ms_order *order = NULL;
	const char *source = cli_args_value(args, CLI_OPT_MERKLE_ROOT);
	struct ms_merkle_root expected;

	if (source && cli_root_open(cli, source, &expected) != CLI_YES)
		return CLI_TROUBLE;
	if (cli_order_open(cli, args, args->operands[0], true, &order) != CLI_YES)
		return CLI_TROUBLE;
	return prove(cli, args, order, source ? &expected : NULL);
}

int cmd_merkle_verify(struct cli *cli, const struct cli_args *args)
{
	static const struct cli_question question;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const char *source = cli_args_value(args, CLI_OPT_MERKLE_ROOT);
	char text[MS_MERKLE_ROOT_TEXT];
	struct ms_tree_options options;
	struct ms_merkle_root root;

	if (!source)
		return cli_usage(cli, "--root is missing: what the proofs have to lead to");
	if (cli_tree_options(cli, args, &options) != CLI_YES ||
	    cli_root_open(cli, source, &root) != CLI_YES)
		return CLI_TROUBLE;
	ms_merkle_root_text(&root, text);
	cli_doc_add(cli, "root", cli_json_text(text));
	if (cli_tree_open(cli, args->operands, args->n_operands, &options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	return cli_verdicts(cli, args, tree, ms_tree_merkle_verify(cli->ctx, tree, &root),
			    &question);
}

int cmd_merkle_check(struct cli *cli, const struct cli_args *args)
{
	static const struct cli_question question;
	_cleanup_(cli_free_hashes) struct ms_kernel_hashes *hashes = NULL;
	_cleanup_(cli_free_order) struct ms_order *order = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_tree_options options;
	int run;

	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_kernel_hashes_read(cli->ctx, args->operands[0], &hashes) < 0)
		return cli_error_ctx(cli);
	cli_hashes_add(cli->doc, hashes);
	if (cli_order_open(cli, args, args->operands[1], true, &order) != CLI_YES ||
	    cli_tree_open(cli, args->operands + 1, 1, &options, &tree) != CLI_YES)
		return CLI_TROUBLE;
	run = ms_tree_hashes_check(cli->ctx, tree, order, hashes);
	return cli_verdicts(cli, args, tree, run, &question);
}
