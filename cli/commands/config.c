/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal config get and config set: single symbols of kernel configurations.
 *
 * What is asked of several configurations is wanted the same in all of them, as with the
 * kernels of one machine that get the same key: get answers no where they differ, and set
 * changes all of them or none.
 */

#include <modseal/config.h>

#include <string.h>

#include "commands.h"
#include "../cleanup.h"
#include "../output/json.h"

static const char *plain(const char *key)
{
	return strncmp(key, "CONFIG_", 7) == 0 ? key + 7 : key;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void report_value(struct cli *cli, const char *path, const char *key,
			 const char *value, bool alone, json_object *configs)
{
	json_object *object = cli_check(json_object_new_object());
	_cleanup_string_ char *text = NULL;

	cli_json_add(object, "path", cli_json_path(path));
	cli_json_add(object, "value", cli_json_key(value));
	cli_json_add(object, "error", NULL);
	json_object_array_add(configs, object);
	if (value && alone)
		cli_line(cli, "%s", value);
	else if (value)
		cli_path_line(cli, path, "%s", value);
	if (value || cli->quiet)
		return;
	text = cli_format("no line names CONFIG_%s", plain(key));
	cli_path_message(path, text, NULL);
}

static int report_failure(struct cli *cli, const char *path, json_object *configs)
{
	json_object *object = cli_check(json_object_new_object());

	cli_json_add(object, "path", cli_json_operand(path));
	cli_json_add(object, "value", NULL);
	cli_json_add(object, "error", cli_json_text(ms_ctx_message(cli->ctx)));
	json_object_array_add(configs, object);
	return cli_error_ctx(cli);
}

/* The values of one symbol in several configurations. */
struct values {
	char *first;
	size_t count;
	bool differ;
	bool missing;
};

static void take_value(struct values *values, char **value)
{
	if (!*value)
		values->missing = true;
	if (values->count++ == 0)
		values->first = cli_steal(value);
	else if (!same(values->first, *value))
		values->differ = true;
}

int cmd_config_get(struct cli *cli, const struct cli_args *args)
{
	json_object *configs = cli_check(json_object_new_array());
	const char *key = args->operands[0];
	_cleanup_string_ char *name = cli_format("CONFIG_%s", plain(key));
	struct values values = {0};
	int status = CLI_YES;

	cli_doc_add(cli, "key", cli_json_text(name));
	cli_doc_add(cli, "configs", configs);
	for (size_t i = 1; i < args->n_operands; i++) {
		const char *path = args->operands[i];
		_cleanup_string_ char *value = NULL;

		if (ms_config_get(cli->ctx, path, key, &value) < 0) {
			status = report_failure(cli, path, configs);
			continue;
		}
		report_value(cli, path, key, value, args->n_operands == 2, configs);
		take_value(&values, &value);
	}
	free(values.first);
	if (values.differ && !cli->quiet)
		cli_message("the configurations differ", NULL);
	cli_doc_add(cli, "same", cli_json_bool(status == CLI_YES, !values.differ));
	if (status == CLI_YES && (values.differ || values.missing))
		status = CLI_NO;
	return status;
}

/* What is to be set; texts that had to be changed are owned. */
struct settings {
	struct ms_config_setting *list;
	char **owned;
	size_t count;
};

static void settings_done(struct settings *settings)
{
	for (size_t i = 0; settings->owned && i < 2 * settings->count; i++)
		free(settings->owned[i]);
	free(settings->owned);
	free(settings->list);
}

/* "text", as it stands in a configuration: without its quotes and escapes. */
static bool unquote(char *value)
{
	size_t len = strlen(value), n = 0;

	if (len < 2 || value[0] != '"' || value[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++) {
		if (value[i] == '\\' && i + 1 < len - 1)
			i++;
		value[n++] = value[i];
	}
	value[n] = '\0';
	return true;
}

static void add_setting(struct settings *settings, const char *key, size_t key_len,
			const char *value)
{
	char **owned = &settings->owned[2 * settings->count];

	owned[0] = cli_check(strndup(key, key_len));
	owned[1] = cli_check(strdup(value));
	settings->list[settings->count++] = (struct ms_config_setting){
		.size = sizeof(struct ms_config_setting),
		.key = owned[0],
		.is_string = unquote(owned[1]),
		.value = owned[1],
	};
}

/* KEY=VALUE, for a KEY that can be one: a path before '=' is none. */
static const char *value_of(const char *operand)
{
	const char *equals = strchr(operand, '=');

	for (const char *p = operand; equals && p < equals; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789_",
			    *p))
			return NULL;
	return equals && equals > operand ? equals + 1 : NULL;
}

/* Takes the settings from the front of the operands. Returns how many operands. */
static size_t take_settings(const struct cli_args *args, struct settings *ret)
{
	size_t n = 0;

	ret->list = cli_check(calloc(args->n_operands, sizeof(*ret->list)));
	ret->owned = cli_check(calloc(2 * args->n_operands, sizeof(*ret->owned)));
	for (; n < args->n_operands; n++) {
		const char *operand = args->operands[n];
		const char *value = value_of(operand);

		if (!value)
			break;
		add_setting(ret, operand, (size_t)(value - 1 - operand), value);
	}
	if (n > 0 || args->n_operands < 3)
		return n;
	add_setting(ret, args->operands[0], strlen(args->operands[0]), args->operands[1]);
	return 2;
}

static json_object *settings_json(const struct settings *settings)
{
	json_object *array = cli_check(json_object_new_array());

	for (size_t i = 0; i < settings->count; i++) {
		json_object *object = cli_check(json_object_new_object());
		_cleanup_string_ char *name =
			cli_format("CONFIG_%s", plain(settings->list[i].key));

		cli_json_add(object, "key", cli_json_text(name));
		cli_json_add(object, "value", cli_json_key(settings->list[i].value));
		json_object_array_add(array, object);
	}
	return array;
}

static void report_changes(struct cli *cli, const char *const *paths, size_t n,
			   const bool *changed)
{
	json_object *configs = cli_check(json_object_new_array());

	for (size_t i = 0; i < n; i++) {
		json_object *object = cli_check(json_object_new_object());
		const char *result = changed[i] ? "changed" : "unchanged";

		cli_json_add(object, "path", cli_json_path(paths[i]));
		cli_json_add(object, "result", cli_json_text(result));
		json_object_array_add(configs, object);
		if (cli->verbose && !cli->quiet)
			cli_verdict_line(cli, paths[i], CLI_GREEN, result, "");
	}
	cli_doc_add(cli, "configs", configs);
}

int cmd_config_set(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(settings_done) struct settings settings = {0};
	size_t first = take_settings(args, &settings);
	size_t n_paths = args->n_operands - first;
	const char **paths = args->operands + first;
	bool *changed;
	int status = CLI_YES;

	if (first == 0)
		return cli_usage(cli, "'%s' is no KEY=VALUE", args->operands[0]);
	if (n_paths == 0)
		return cli_usage(cli, "no FILE to set it in");
	cli_doc_add(cli, "settings", settings_json(&settings));
	changed = cli_check(calloc(n_paths, sizeof(*changed)));
	if (ms_config_set(cli->ctx, paths, n_paths, settings.list, settings.count,
			  changed) < 0)
		status = cli_error_ctx(cli);
	else
		report_changes(cli, paths, n_paths, changed);
	free(changed);
	return status;
}
