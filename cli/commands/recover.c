/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal recover: ends what a killed run left behind. */

#include <modseal/recover.h>

#include "commands.h"
#include "../cleanup.h"
#include "../output/json.h"

static const char *recovery_name(enum ms_recovery recovery)
{
	switch (recovery) {
	case MS_RECOVERY_NOTHING:
		return "nothing";
	case MS_RECOVERY_UNDONE:
		return "undone";
	case MS_RECOVERY_FINISHED:
		return "finished";
	case MS_RECOVERY_PARTLY:
		return "partly";
	case MS_RECOVERY_UNDECIDED:
		break;
	}
	return "failed";
}

static void report(struct cli *cli, const char *tree, enum ms_recovery recovery)
{
	json_object *modules = cli_check(json_object_new_array());
	json_object *object = cli_check(json_object_new_object());
	json_object *summary = cli_check(json_object_new_object());
	const char *name = recovery_name(recovery);

	cli_json_add(object, "path", cli_json_operand(tree));
	cli_json_add(object, "result", cli_json_text(name));
	cli_json_add(object, "error",
		     recovery == MS_RECOVERY_UNDECIDED
			     ? cli_json_text(ms_ctx_message(cli->ctx))
			     : NULL);
	json_object_array_add(modules, object);
	cli_json_add(summary, name, cli_check(json_object_new_int(1)));
	cli_doc_add(cli, "modules", modules);
	cli_doc_add(cli, "summary", summary);
}

int cmd_recover(struct cli *cli, const struct cli_args *args)
{
	const char *tree = args->operands[0];
	enum ms_recovery recovery = MS_RECOVERY_UNDECIDED;
	int run = ms_recover(cli->ctx, tree, cli_args_has(args, CLI_OPT_NO_WAIT),
			     &recovery);

	if (run < 0)
		recovery = MS_RECOVERY_UNDECIDED;
	report(cli, tree, recovery);
	if (run < 0)
		return cli_run_failed(cli);
	switch (recovery) {
	case MS_RECOVERY_UNDONE:
		if (!cli->quiet)
			cli_path_line(cli, tree,
				      "undone: nothing is left of the interrupted run");
		return CLI_YES;
	case MS_RECOVERY_FINISHED:
		if (!cli->quiet)
			cli_path_line(cli, tree,
				      "finished: everything is as the interrupted run "
				      "wanted it");
		return CLI_YES;
	case MS_RECOVERY_PARTLY:
		if (!cli->quiet)
			cli_path_line(cli, tree,
				      "finished, but not everything is as the "
				      "interrupted run wanted it");
		return CLI_YES; /* there is nothing left to be ended */
	case MS_RECOVERY_NOTHING:
		if (!cli->quiet)
			cli_path_line(cli, tree, "nothing to recover");
		return CLI_NO;
	case MS_RECOVERY_UNDECIDED:
		break;
	}
	return cli_error(cli, "cannot tell how the transaction of '%s' ended", tree);
}
