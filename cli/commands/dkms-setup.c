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
#include "../cleanup.h"
#include "../output/dkms.h"
#include "../output/json.h"
#include "../secret.h"

/* The system to set up; NULL: this one. */
static const char *root_of(const struct cli_args *args)
{
	const char *root = cli_args_value(args, CLI_OPT_DKMS_ROOT);

	return root && strcmp(root, "/") != 0 ? root : NULL;
}

/* The store that modseal's other commands use. */
static const char *usual_store(const char *root)
{
	const char *named = root ? NULL : getenv("MODSEAL_STORE");

	return named && *named ? named : MS_SYSTEM_KEY_STORE;
}

static int make_plan(struct cli *cli, const struct cli_args *args, const char *root,
		     struct ms_dkms_plan **ret)
{
	const char *libexec = cli_args_value(args, CLI_OPT_LIBEXEC);
	const struct ms_dkms_plan_options options = {
		.size = sizeof(options),
		.root = root,
		.libexec = libexec ? libexec : MODSEAL_LIBEXEC,
		.key = cli_args_value(args, CLI_OPT_KEY),
		.cert = cli_args_value(args, CLI_OPT_CERT),
		.store = cli_args_value(args, CLI_OPT_DKMS_STORE),
		.pin_file = cli_args_value(args, CLI_OPT_PIN_FILE),
		.usual_store = usual_store(root),
	};
	enum ms_dkms_fault fault;

	if (options.store && (options.key || options.cert))
		return cli_usage(cli, "--store has keys and certificates of its own: no "
				      "--key, no --cert");
	if (options.cert && !options.key)
		return cli_usage(cli, "--cert goes with --key");
	if (ms_dkms_plan_new(cli->ctx, &options, ret, &fault) == 0)
		return CLI_YES;
	if (fault == MS_DKMS_FAULT_NO_CERT)
		return cli_usage(cli, "--cert is missing: %s", ms_ctx_message(cli->ctx));
	return cli_dkms_error(cli, fault);
}

static int try_key(struct cli *cli, const char *root, const struct ms_dkms_plan *plan)
{
	const char *named = ms_dkms_plan_pin_file(plan);
	_cleanup_string_ char *pin_file =
		named ? cli_format("%s%s", root ? root : "", named) : NULL;
	struct cli_secret secret = {.cli = cli, .pin_file = pin_file, .no_prompt = true};

	if (ms_dkms_plan_try_key(cli->ctx, plan, cli_secret, &secret) < 0)
		return cli_error_ctx(cli);
	return CLI_YES;
}

static int make_files(struct cli *cli, const struct cli_args *args,
		      struct ms_dkms_plan *plan)
{
	const char *const *modules = args->values[CLI_OPT_DKMS_MODULE];
	size_t n = args->counts[CLI_OPT_DKMS_MODULE];

	for (size_t i = 0; i < n; i++)
		if (!ms_dkms_is_module_name(modules[i]))
			return cli_usage(cli, "'%s' is no name of a DKMS module",
					 modules[i]);
	return ms_dkms_plan_files(cli->ctx, plan, modules, n) < 0 ? cli_error_ctx(cli)
								  : CLI_YES;
}

static size_t count_files(const struct ms_dkms_plan *plan)
{
	size_t n = 0;

	while (ms_dkms_plan_path(plan, n))
		n++;
	return n;
}

static void free_states(enum ms_dkms_file **states)
{
	free(*states);
}

/* @states: what the files are, one for each. */
static int look_at(struct cli *cli, struct ms_dkms_plan *plan, bool force,
		   enum ms_dkms_file *states)
{
	int status = CLI_YES;
	const char *path;

	for (size_t i = 0; (path = ms_dkms_plan_path(plan, i)); i++) {
		_cleanup_string_ char *text = NULL;

		if (ms_dkms_plan_look(cli->ctx, plan, i, &states[i]) < 0)
			status = cli_error_ctx(cli);
		if (states[i] != MS_DKMS_FILE_EDITED || force)
			continue;
		text = cli_format("'%s' was written or edited by somebody else", path);
		status = cli_error_text(cli, text,
					"--force replaces it and keeps it as FILE.old");
	}
	return status;
}

static const char *result_of(enum ms_dkms_file state)
{
	switch (state) {
	case MS_DKMS_FILE_NEW:
		return "written";
	case MS_DKMS_FILE_UNCHANGED:
		return "unchanged";
	case MS_DKMS_FILE_OURS:
	case MS_DKMS_FILE_EDITED:
		return "replaced";
	case MS_DKMS_FILE_UNDECIDED:
		break;
	}
	return "failed";
}

static void report_files(struct cli *cli, const struct ms_dkms_plan *plan,
			 const enum ms_dkms_file *states, bool done)
{
	json_object *files = cli_check(json_object_new_array());
	const char *path;

	for (size_t i = 0; (path = ms_dkms_plan_path(plan, i)); i++) {
		bool good = done || states[i] == MS_DKMS_FILE_UNCHANGED;
		json_object *file = cli_check(json_object_new_object());

		cli_json_add(file, "path", cli_json_path(path));
		cli_json_add(file, "result",
			     cli_json_text(good ? result_of(states[i]) : "failed"));
		json_object_array_add(files, file);
		if (!cli->quiet && done)
			cli_path_line(cli, path, "%s", result_of(states[i]));
	}
	cli_doc_add(cli, "files", files);
}

static int write_files(struct cli *cli, struct ms_dkms_plan *plan, bool force)
{
	_cleanup_(free_states) enum ms_dkms_file *states =
		cli_check(calloc(count_files(plan) + 1, sizeof(*states)));
	int status = look_at(cli, plan, force, states);

	if (status != CLI_YES)
		return status;
	if (ms_dkms_plan_write(cli->ctx, plan) < 0)
		status = cli_error_ctx(cli);
	report_files(cli, plan, states, status == CLI_YES);
	return status;
}

static void report_plan(struct cli *cli, const struct ms_dkms_plan *plan)
{
	const char *version = ms_dkms_plan_version(plan);

	cli_doc_add(cli, "dkms", cli_json_text(version));
	cli_doc_add(cli, "key", cli_json_key(ms_dkms_plan_key(plan)));
	cli_doc_add(cli, "cert", cli_json_text(ms_dkms_plan_cert(plan)));
	cli_doc_add(cli, "store", cli_json_text(ms_dkms_plan_store(plan)));
	if (!version)
		cli_warn(cli, "no DKMS found: written for any version");
}

/* What is told of the notes. */
struct told {
	struct cli *cli;
	json_object *unchecked;
};

static void tell(void *userdata, enum ms_dkms_note note, const char *name, const char *why)
{
	const struct told *told = userdata;

	switch (note) {
	case MS_DKMS_NOTE_READ_LATER:
		cli_warn(told->cli,
			 "'%s' says something of signing, too, and is read after modseal's",
			 name);
		return;
	case MS_DKMS_NOTE_UNCHECKED:
		json_object_array_add(told->unchecked, cli_json_text(name));
		cli_warn(told->cli,
			 "'%s' is not checked after its build: --module %s sees to that",
			 name, name);
		return;
	case MS_DKMS_NOTE_UNKNOWN_MODULE:
		cli_warn(told->cli, "DKMS knows no module '%s' yet", name);
		return;
	case MS_DKMS_NOTE_KERNEL:
		cli_warn(told->cli, "kernel %s cannot use this key: %s", name, why);
		return;
	case MS_DKMS_NOTE_NONE:
		return;
	}
}

static int report_notes(struct cli *cli, const struct ms_dkms_plan *plan)
{
	struct told told = {
		.cli = cli,
		.unchecked = cli_check(json_object_new_array()),
	};
	int r = ms_dkms_plan_notes(cli->ctx, plan, tell, &told);

	cli_doc_add(cli, "unchecked", told.unchecked);
	return r < 0 ? cli_error_ctx(cli) : CLI_YES;
}

static int report_other(enum ms_dkms_setting setting)
{
	_cleanup_string_ char *text =
		cli_format("DKMS does not sign as was set up: another file sets %s",
			   ms_dkms_setting_name(setting));

	cli_message(text, "take that out of the file in /etc/dkms/framework.conf.d which "
			  "is read after modseal.conf");
	return CLI_NO;
}

static int report_unknown(struct cli *cli, const struct ms_dkms_settings *settings,
			  enum ms_dkms_setting setting)
{
	const char *none;

	ms_dkms_setting_get(cli->ctx, settings, setting, &none);
	cli_message(ms_ctx_message(cli->ctx),
		    "whether DKMS signs as was set up depends on it: have that file set "
		    "nothing of signing by a command");
	return CLI_NO;
}

/* CLI_NO where DKMS does not sign as was set up, or nobody can tell. */
static int check_effect(struct cli *cli, const char *root, const struct ms_dkms_plan *plan)
{
	_cleanup_(cli_free_dkms_settings) struct ms_dkms_settings *settings = NULL;
	_cleanup_(cli_free_system) struct ms_system *system = NULL;
	enum ms_dkms_setting setting;
	enum ms_dkms_effect effect;

	if (ms_system_open(cli->ctx, root, &system) < 0)
		return cli_error_ctx(cli);
	if (cli_dkms_settings(cli, system, NULL, &settings) != CLI_YES)
		return CLI_TROUBLE;
	effect = ms_dkms_plan_effect(plan, settings, &setting);
	cli_doc_add(cli, "as_set_up",
		    cli_json_bool(effect != MS_DKMS_EFFECT_UNKNOWN,
				  effect == MS_DKMS_EFFECT_AS_PLANNED));
	if (effect == MS_DKMS_EFFECT_AS_PLANNED)
		return CLI_YES;
	return effect == MS_DKMS_EFFECT_OTHER ? report_other(setting)
					      : report_unknown(cli, settings, setting);
}

int cmd_dkms_setup(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_dkms_plan) struct ms_dkms_plan *plan = NULL;
	const char *root = root_of(args);
	int status = make_plan(cli, args, root, &plan);

	if (status == CLI_YES)
		status = try_key(cli, root, plan);
	if (status != CLI_YES)
		return status;
	report_plan(cli, plan);
	status = make_files(cli, args, plan);
	if (status == CLI_YES)
		status = write_files(cli, plan, cli_args_has(args, CLI_OPT_DKMS_FORCE));
	if (status == CLI_YES)
		status = report_notes(cli, plan);
	return status == CLI_YES ? check_effect(cli, root, plan) : status;
}
