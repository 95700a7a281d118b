/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal key install: copies the current generation's public parts to another place. */

#include "commands.h"
#include "../args/store-args.h"
#include "../cleanup.h"
#include "../output/json.h"

int cmd_key_install(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	const char *dest = args->operands[0];
	struct ms_install_options options = {
		.size = sizeof(options),
		.with_private_key = cli_args_has(args, CLI_OPT_WITH_PRIVATE_KEY),
	};
	const struct ms_generation *current;
	bool changed = false;

	if (cli_store_open(cli, args, false, &store) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_keystore_install(cli->ctx, store, dest, &options, &changed) < 0 ||
	    ms_keystore_current(cli->ctx, store, &current) < 0)
		return cli_run_failed(cli);
	cli_doc_add(cli, "destination", cli_json_text(dest));
	cli_doc_add(cli, "generation", cli_generation_json(current));
	cli_doc_add(cli, "private_key", cli_json_bool(true, options.with_private_key));
	cli_doc_add(cli, "result", cli_json_text(changed ? "installed" : "unchanged"));
	if (options.with_private_key)
		cli_warn(cli, "'%s/%s' holds the private key%s: whoever can read it can sign "
			      "modules for every kernel that trusts the key",
			 dest, current->name, current->in_token ? "'s URI" : "");
	if (!cli->quiet)
		cli_verdict_line(cli, dest, CLI_GREEN, changed ? "installed" : "unchanged",
				 options.with_private_key ? " with the private key" : "");
	return CLI_YES;
}
