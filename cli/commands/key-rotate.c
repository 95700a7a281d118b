/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal key rotate: a new key where one is due, and kernel configurations that trust
 * the current one.
 *
 * All of the command line is looked at before the store is opened, which makes it where
 * it is not there.
 */

#include "commands.h"
#include "../args/key-args.h"
#include "../args/store-args.h"
#include "../cleanup.h"
#include "../output/json.h"
#include "../output/words.h"
#include "../secret.h"

static int find_configs(struct cli *cli, const struct cli_args *args,
			struct cli_paths *configs)
{
	if (cli_config_paths(cli, args, CLI_OPT_ROTATE_CONFIG, configs) != CLI_YES)
		return CLI_TROUBLE;
	for (size_t i = 0; i < args->n_operands; i++)
		if (cli_paths_add(cli, configs, args->operands[i]) != CLI_YES)
			return CLI_TROUBLE;
	return CLI_YES;
}

static void report_configs(struct cli *cli, const struct ms_rotation *rotation)
{
	json_object *list = cli_check(json_object_new_array());
	const struct ms_rotated_config *config;

	for (size_t i = 0; (config = ms_rotation_config(rotation, i)); i++) {
		json_object *object = cli_check(json_object_new_object());
		const char *word = config->changed ? "updated" : "unchanged";
		_cleanup_string_ char *rest = cli_format(" trusts %s", config->trusted);

		cli_json_add(object, "path", cli_json_path(config->path));
		cli_json_add(object, "result", cli_json_text(word));
		cli_json_add(object, "trusted", cli_json_text(config->trusted));
		json_object_array_add(list, object);
		if (!cli->quiet)
			cli_verdict_line(cli, config->path,
					 config->changed ? CLI_YELLOW : CLI_PLAIN, word,
					 rest);
	}
	cli_doc_add(cli, "configs", list);
}

static const char *why(enum ms_due due)
{
	switch (due) {
	case MS_DUE_NOT:
		return "no new key is due";
	case MS_DUE_ALWAYS:
		return "as was asked for";
	case MS_DUE_NO_KEY:
		return "there was no current key";
	case MS_DUE_HASH:
		return "the configurations ask for another digest algorithm";
	case MS_DUE_TYPE:
		return "another kind of key is asked for";
	case MS_DUE_AGE:
		return "the current key was older than the period";
	case MS_DUE_UNDECIDED:
		break;
	}
	return "";
}

static void report(struct cli *cli, const struct ms_rotation *rotation)
{
	const struct ms_generation *current = ms_rotation_current(rotation);
	enum ms_due due = ms_rotation_due(rotation);
	const char *word = due == MS_DUE_NOT ? "kept" : "rotated";
	_cleanup_string_ char *rest = cli_format(": %s", why(due));

	cli_doc_add(cli, "result", cli_json_text(word));
	cli_doc_add(cli, "due", cli_json_text(cli_due_word(due)));
	cli_doc_add(cli, "previous", cli_json_text(ms_rotation_previous(rotation)));
	cli_doc_add(cli, "current", cli_generation_json(current));
	if (!cli->quiet)
		cli_verdict_line(cli, current->name,
				 due == MS_DUE_NOT ? CLI_PLAIN : CLI_GREEN, word, rest);
	report_configs(cli, rotation);
}

static bool is_in_token(const struct ms_keystore *store)
{
	const struct ms_generation *generation;

	for (size_t i = 0; (generation = ms_keystore_at(store, i)); i++)
		if (generation->current)
			return generation->in_token;
	return false;
}

static void free_rotation(struct ms_rotation **rotation)
{
	ms_rotation_free(*rotation);
}

int cmd_key_rotate(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(free_rotation) struct ms_rotation *rotation = NULL;
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	_cleanup_(cli_paths_done) struct cli_paths configs = {0};
	struct cli_secret secret = {
		.cli = cli,
		.pin_file = cli_args_value(args, CLI_OPT_PIN_FILE),
	};
	struct ms_key_request key = {
		.size = sizeof(key),
		.type = cli_args_value(args, CLI_OPT_ROTATE_TYPE),
		.secret = cli_secret,
		.secret_userdata = &secret,
	};
	struct ms_rotate_options options = {
		.size = sizeof(options),
		.refresh = cli_args_value(args, CLI_OPT_REFRESH),
		.token = cli_args_value(args, CLI_OPT_TOKEN),
		.encrypt = cli_args_has(args, CLI_OPT_ENCRYPT),
		.key = &key,
		.no_wait = cli_args_has(args, CLI_OPT_NO_WAIT),
	};
	int64_t period;
	int r;

	if (options.token && options.encrypt)
		return cli_usage(cli, "--encrypt is not for keys in tokens");
	if (options.refresh && ms_refresh_parse(cli->ctx, options.refresh, &period) < 0)
		return cli_error_ctx(cli);
	if (cli_key_certificate(cli, args, &key) != CLI_YES ||
	    find_configs(cli, args, &configs) != CLI_YES ||
	    cli_store_open(cli, args, true, &store) != CLI_YES)
		return CLI_TROUBLE;
	options.configs = (const char *const *)configs.list;
	options.n_configs = configs.count;
	/* a new passphrase is typed twice, a token's PIN is not new */
	secret.twice = !options.token && !is_in_token(store);
	r = ms_keystore_rotate(cli->ctx, store, &options, &rotation);
	cli_secret_forget();
	if (r < 0)
		return cli_run_failed(cli);
	report(cli, rotation);
	return CLI_YES;
}
