/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal verify: what a kernel would say. */

#include "commands.h"
#include "../args/hashes-args.h"
#include "../args/tree-args.h"
#include "../args/trust-args.h"
#include "../cleanup.h"
#include "../output/json.h"
#include "../output/verdicts.h"

static json_object *hashes_json(const struct ms_kernel_hashes *hashes)
{
	json_object *object = hashes ? cli_check(json_object_new_object()) : NULL;

	if (object)
		cli_hashes_add(object, hashes);
	return object;
}

int cmd_verify(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_trust) struct ms_trust *trust = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	_cleanup_string_ char *image = NULL;
	const struct ms_verify_options verify = {.size = sizeof(verify),
						 .want_payload_sha256 = cli->json};
	const char *mode = cli_args_value(args, CLI_OPT_MODE);
	struct cli_question question = {.has_mode = mode != NULL};
	struct ms_tree_options options;

	if (mode)
		question.mode = (enum ms_mode)cli_parse_choice(
			cli_options[CLI_OPT_MODE].values, mode);
	if (cli_tree_options(cli, args, &options) != CLI_YES ||
	    cli_trust_build(cli, args, &trust, &image) != CLI_YES)
		return CLI_TROUBLE;
	cli_doc_add(cli, "kernel", cli_json_text(image));
	cli_doc_add(cli, "kernel_release", cli_json_text(ms_trust_release(trust)));
	cli_doc_add(cli, "mode", cli_json_text(mode));
	cli_doc_add(cli, "hashes", hashes_json(ms_trust_hashes(trust)));
	cli_trust_assumed(cli, trust);
	cli_trust_dates(cli, args, image);
	if (cli_tree_open(cli, args->operands, args->n_operands, &options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	return cli_verdicts(cli, args, tree,
			    ms_tree_verify(cli->ctx, tree, trust, &verify), &question);
}
