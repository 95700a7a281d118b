/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal config check: contradictions in kernel configurations, and their mends. */

#include <modseal/config.h>

#include "commands.h"
#include "../cleanup.h"
#include "../output/findings.h"
#include "../output/json.h"

struct checked {
	json_object *findings;
	json_object *configs;
	struct cli_findings_count count;
};

static void add_config(struct checked *checked, const char *path, const char *error)
{
	json_object *object = cli_check(json_object_new_object());

	cli_json_add(object, "path", cli_json_operand(path));
	cli_json_add(object, "error", cli_json_text(error));
	json_object_array_add(checked->configs, object);
}

static int check_one(struct cli *cli, const char *path, bool installed,
		     struct checked *checked)
{
	_cleanup_(cli_free_findings) struct ms_findings *findings = NULL;

	if (ms_config_check(cli->ctx, path, installed, &findings) < 0) {
		add_config(checked, path, ms_ctx_message(cli->ctx));
		return cli_error_ctx(cli);
	}
	add_config(checked, path, NULL);
	cli_findings_print(cli, path, findings);
	cli_findings_json(checked->findings, path, findings);
	cli_findings_add(&checked->count, findings);
	return CLI_YES;
}

int cmd_config_check(struct cli *cli, const struct cli_args *args)
{
	struct checked checked = {
		.findings = cli_check(json_object_new_array()),
		.configs = cli_check(json_object_new_array()),
	};
	bool installed = cli_args_has(args, CLI_OPT_INSTALLED);
	int status = CLI_YES, end;

	for (size_t i = 0; i < args->n_operands; i++)
		if (check_one(cli, args->operands[i], installed, &checked) != CLI_YES)
			status = CLI_TROUBLE;
	cli_doc_add(cli, "configs", checked.configs);
	cli_doc_add(cli, "findings", checked.findings);
	end = cli_findings_end(cli, &checked.count);
	return status == CLI_YES ? end : status;
}
