/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal attach: gives modules the signatures of a bundle, or of a directory of raw
 * signatures. In a directory they are found by path alone, so only --trust tells
 * whether a signature belongs to its module: without it nothing is attached.
 */

#include <sys/stat.h>

#include "commands.h"
#include "../args/tree-args.h"
#include "../args/trust-args.h"
#include "../cleanup.h"
#include "../output/items.h"
#include "../output/json.h"

static int load(struct cli *cli, const char *path, struct ms_bundle **ret)
{
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		r = ms_bundle_load_dir(cli->ctx, path, ret);
	else
		r = ms_bundle_load(cli->ctx, path, ret);
	return r < 0 ? cli_error_ctx(cli) : CLI_YES;
}

static void item_json(json_object *object, const struct ms_item *item)
{
	cli_json_add(object, "vouched_by", cli_json_text(item->vouched_by));
	cli_json_add(object, "payload_sha256", cli_payload_json(item));
	cli_json_add(object, "warnings",
		     cli_json_texts(item->warnings, item->n_warnings));
}

static int attach(struct cli *cli, const struct cli_args *args,
		  const struct ms_bundle *bundle, const struct ms_trust *trust)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_tree_options options;
	int run;

	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	options.writes = true;
	cli_doc_add(cli, "dry_run", cli_json_bool(true, options.dry_run));
	if (cli_tree_open(cli, args->operands + 1, args->n_operands - 1, &options,
			  &tree) != CLI_YES)
		return CLI_TROUBLE;
	run = ms_tree_attach(cli->ctx, tree, bundle, trust);
	return cli_report(cli, tree, run, item_json);
}

int cmd_attach(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = NULL;
	_cleanup_(cli_free_trust) struct ms_trust *trust = NULL;
	const char *path = args->operands[0];

	if (load(cli, path, &bundle) != CLI_YES)
		return CLI_TROUBLE;
	if (cli_args_has(args, CLI_OPT_TRUST)) {
		trust = cli_check(ms_trust_new());
		if (cli_trust_add_signers(cli, args, trust) != CLI_YES)
			return CLI_TROUBLE;
	} else if (ms_bundle_by_path(bundle)) {
		_cleanup_string_ char *text =
			cli_format("'%s' is a directory of raw signatures, for which "
				   "nothing vouches",
				   path);

		return cli_error_text(cli, text, "say whom to trust: --trust SRC");
	}
	if (!trust && cli_args_has(args, CLI_OPT_REVOKED))
		return cli_usage(cli, "--revoked goes with --trust");
	cli_doc_add(cli, "checked", cli_json_bool(true, trust != NULL));
	return attach(cli, args, bundle, trust);
}
