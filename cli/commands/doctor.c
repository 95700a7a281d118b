/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal doctor: what keeps modules from being signed on this system, or loaded. */

#include <modseal/doctor.h>

#include "commands.h"
#include "../args/store-args.h"
#include "../cleanup.h"
#include "../output/findings.h"
#include "../output/json.h"

/* --store or $MODSEAL_STORE; NULL: the default, which need not be there */
static const char *store_asked_for(const struct cli_args *args)
{
	const char *from_environment = getenv("MODSEAL_STORE");

	if (cli_args_has(args, CLI_OPT_STORE) || (from_environment && *from_environment))
		return cli_store_path(args);
	return NULL;
}

int cmd_doctor(struct cli *cli, const struct cli_args *args)
{
	const struct ms_doctor_options options = {
		.size = sizeof(options),
		.release = cli_args_value(args, CLI_OPT_RELEASE),
		.root = cli_args_value(args, CLI_OPT_DOCTOR_ROOT),
		.store = store_asked_for(args),
	};
	_cleanup_(cli_free_findings) struct ms_findings *findings = NULL;
	_cleanup_string_ char *release = NULL;
	struct cli_findings_count count = {0};
	json_object *array;

	if (ms_doctor_examine(cli->ctx, &options, &findings, &release) < 0)
		return cli_run_failed(cli);
	array = cli_check(json_object_new_array());
	cli_doc_add(cli, "release", cli_json_text(release));
	cli_doc_add(cli, "root", cli_json_text(options.root));
	cli_findings_print(cli, NULL, findings);
	cli_findings_json(array, NULL, findings);
	cli_doc_add(cli, "findings", array);
	cli_findings_add(&count, findings);
	return cli_findings_end(cli, &count);
}
