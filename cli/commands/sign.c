/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal sign.
 *
 * Everything that can be wrong with the arguments is found before the key is opened,
 * and the key is opened before the tree is locked: nobody types a passphrase while
 * another run waits for the tree.
 */

#include "commands.h"
#include "../args/signer-args.h"
#include "../args/tree-args.h"
#include "../cleanup.h"
#include "../output/items.h"
#include "../output/json.h"

static enum ms_signed choose_signed(const struct cli_args *args)
{
	const char *what = cli_args_value(args, CLI_OPT_SIGNED);

	return what ? (enum ms_signed)cli_parse_choice(cli_options[CLI_OPT_SIGNED].values,
						       what)
		    : MS_SIGNED_REPLACE;
}

static void item_json(json_object *object, const struct ms_item *item)
{
	cli_json_add(object, "compression", cli_compression_json(item));
}

static int save_bundle(struct cli *cli, const struct cli_args *args,
		       struct ms_bundle *bundle, const struct ms_tree_options *options,
		       int status)
{
	const char *path = cli_args_value(args, CLI_OPT_BUNDLE);

	if (!path)
		return CLI_YES;
	cli_doc_add(cli, "bundle", cli_json_text(path));
	if (options->dry_run || !ms_bundle_count(bundle))
		return CLI_YES;
	if (status == CLI_TROUBLE && !options->keep_going) {
		cli_warn(cli, "'%s' is not written", path);
		return CLI_YES;
	}
	if (ms_bundle_save(cli->ctx, bundle, path, !options->no_sync) < 0)
		return cli_error_ctx(cli);
	return CLI_YES;
}

static int sign_tree(struct cli *cli, const struct cli_args *args,
		     const struct ms_tree_options *options,
		     const struct ms_signer *signer)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_sign_options sign = {.size = sizeof(sign),
				       .is_signed = choose_signed(args)};
	int status, saved;

	cli_doc_add(cli, "dry_run", cli_json_bool(true, options->dry_run));
	if (cli_args_has(args, CLI_OPT_BUNDLE))
		sign.bundle = bundle = cli_check(ms_bundle_new());
	if (cli_tree_open(cli, args->operands, args->n_operands, options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	status = cli_report(cli, tree, ms_tree_sign(cli->ctx, tree, signer, &sign),
			    item_json);
	saved = save_bundle(cli, args, bundle, options, status);
	if (saved > status)
		status = saved;
	if (status == CLI_YES &&
	    cli_count_outcome(tree, MS_OUTCOME_SKIPPED) == ms_tree_count(tree)) {
		cli_warn(cli, "nothing was signed: every module is signed already");
		return CLI_NO;
	}
	return status;
}

int cmd_sign(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	struct ms_tree_options options;

	if (cli_signer_check(cli, args) != CLI_YES)
		return CLI_TROUBLE;
	if (cli_args_has(args, CLI_OPT_BUNDLE) && cli_args_has(args, CLI_OPT_OUTPUT_DIR))
		return cli_usage(cli, "--bundle and --output exclude each other");
	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	/* for a bundle the tree is only read, and may be read-only */
	options.writes = !cli_args_has(args, CLI_OPT_BUNDLE);
	if (cli_signer_open(cli, args, &signer) != CLI_YES)
		return CLI_TROUBLE;
	cli_signer_report(cli, signer);
	return sign_tree(cli, args, &options, signer);
}
