/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal dkms setup: makes modseal the signer of DKMS.
 *
 * All files are looked at before the first is written, and all take their places or none.
 * One that somebody has edited is replaced with --force only, and kept under another name
 * then.
 */

#include <string.h>

#include "commands.h"
#include "../dkms/dkms-plan.h"
#include "../cleanup.h"
#include "../output/json.h"

/* One file to be written. */
struct target {
	char *path;
	char *text;
	enum dkms_file state;
};

static void free_targets(struct target **targets)
{
	for (struct target *t = *targets; t && t->path; t++) {
		free(t->path);
		free(t->text);
	}
	free(*targets);
}

static int make_targets(struct cli *cli, const struct cli_args *args,
			const struct dkms_plan *plan, struct target **ret)
{
	size_t n = args->counts[CLI_OPT_DKMS_MODULE];
	struct target *targets = cli_check(calloc(n + 2, sizeof(*targets)));

	*ret = targets;
	targets[0].path = cli_format("%s" DKMS_OUR_CONF, plan->root);
	targets[0].text = dkms_plan_framework(plan);
	for (size_t i = 0; i < n; i++) {
		const char *name = args->values[CLI_OPT_DKMS_MODULE][i];

		if (!dkms_is_module_name(name))
			return cli_usage(cli, "'%s' is no name of a DKMS module", name);
		targets[i + 1].path =
			cli_format("%s" DKMS_ETC "/%s.conf", plan->root, name);
		targets[i + 1].text = dkms_plan_module(plan);
	}
	return CLI_YES;
}

static int look_at(struct cli *cli, struct target *targets, bool force)
{
	int status = CLI_YES;

	for (struct target *t = targets; t->path; t++) {
		_cleanup_string_ char *text = NULL;

		if (dkms_file_recover(cli, t->path) != CLI_YES)
			return CLI_TROUBLE;
		t->state = dkms_file_look(cli, t->path, t->text);
		if (t->state == DKMS_FILE_FAILED)
			status = CLI_TROUBLE;
		if (t->state != DKMS_FILE_EDITED || force)
			continue;
		text = cli_format("'%s' was written or edited by somebody else", t->path);
		status = cli_error_text(cli, text,
					"--force replaces it and keeps it as FILE.old");
	}
	return status;
}

static const char *result_of(const struct target *target)
{
	switch (target->state) {
	case DKMS_FILE_NEW:
		return "written";
	case DKMS_FILE_UNCHANGED:
		return "unchanged";
	case DKMS_FILE_OURS:
	case DKMS_FILE_EDITED:
		return "replaced";
	case DKMS_FILE_FAILED:
		break;
	}
	return "failed";
}

static void report_files(struct cli *cli, const struct target *targets, bool done)
{
	json_object *files = cli_check(json_object_new_array());

	for (const struct target *t = targets; t->path; t++) {
		bool good = done || t->state == DKMS_FILE_UNCHANGED;
		json_object *file = cli_check(json_object_new_object());

		cli_json_add(file, "path", cli_json_path(t->path));
		cli_json_add(file, "result",
			     cli_json_text(good ? result_of(t) : "failed"));
		json_object_array_add(files, file);
		if (!cli->quiet && done)
			cli_path_line(cli, t->path, "%s", result_of(t));
	}
	cli_doc_add(cli, "files", files);
}

static int write_all(struct cli *cli, const struct target *targets)
{
	struct dkms_new_file *files;
	size_t count = 0, n = 0;
	int status;

	while (targets[count].path)
		count++;
	files = cli_check(calloc(count + 1, sizeof(*files)));
	for (const struct target *t = targets; t->path; t++)
		if (t->state != DKMS_FILE_UNCHANGED)
			files[n++] = (struct dkms_new_file){
				.path = t->path,
				.text = t->text,
				.keep = t->state == DKMS_FILE_EDITED,
			};
	status = dkms_files_write(cli, files, n);
	free(files);
	report_files(cli, targets, status == CLI_YES);
	return status;
}

static void report_plan(struct cli *cli, const struct dkms_plan *plan)
{
	cli_doc_add(cli, "dkms",
		    cli_json_text(plan->version ? plan->version_text : NULL));
	cli_doc_add(cli, "key", cli_json_key(plan->key));
	cli_doc_add(cli, "cert", cli_json_text(plan->cert));
	cli_doc_add(cli, "store", cli_json_text(plan->store));
	if (!plan->version)
		cli_warn(cli, "no DKMS found: written for any version");
}

static int set_up(struct cli *cli, const struct cli_args *args,
		  const struct dkms_plan *plan)
{
	_cleanup_(free_targets) struct target *targets = NULL;
	int status;

	report_plan(cli, plan);
	if (make_targets(cli, args, plan, &targets) != CLI_YES ||
	    look_at(cli, targets, cli_args_has(args, CLI_OPT_DKMS_FORCE)) != CLI_YES)
		return CLI_TROUBLE;
	status = write_all(cli, targets);
	return status == CLI_YES ? dkms_report(cli, args, plan) : status;
}

int cmd_dkms_setup(struct cli *cli, const struct cli_args *args)
{
	struct dkms_plan plan;
	int status = dkms_plan_make(cli, args, &plan);

	if (status == CLI_YES)
		status = set_up(cli, args, &plan);
	dkms_plan_done(&plan);
	return status;
}
