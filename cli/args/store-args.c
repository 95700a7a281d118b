/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From arguments to a key store. Patterns are expanded here, too, because they come
 * quoted from build scripts that are used to kernel-sign; one that fits nothing is an
 * error, for the configuration that was meant would go without its key.
 */

#include "store-args.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <modseal/system.h>

#include "../cleanup.h"
#include "../output/json.h"

const char *cli_store_path(const struct cli_args *args)
{
	const char *path = cli_args_value(args, CLI_OPT_STORE);

	if (!path)
		path = getenv("MODSEAL_STORE");
	return path && *path ? path : MS_SYSTEM_KEY_STORE;
}

int cli_store_open(struct cli *cli, const struct cli_args *args, bool create,
		   struct ms_keystore **ret)
{
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	const char *root = cli_args_value(args, CLI_OPT_ROOT);
	int r = ms_keystore_open(cli->ctx, cli_store_path(args), create, &store);

	if (r == 0 && root)
		r = ms_keystore_set_root(cli->ctx, store, root);
	if (r < 0)
		return cli_run_failed(cli);
	cli_doc_add(cli, "store", cli_json_text(ms_keystore_path(store)));
	*ret = cli_steal(&store);
	return CLI_YES;
}

char *cli_time_text(int64_t seconds)
{
	time_t time = (time_t)seconds;
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&time, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return cli_check(strdup(text));
}

static void add_cert(json_object *object, const struct ms_cert_info *info)
{
	cli_json_add(object, "subject", cli_json_text(info ? info->subject : NULL));
	cli_json_add(object, "serial", cli_json_text(info ? info->serial : NULL));
	cli_json_add(object, "skid", cli_json_text(info ? info->skid : NULL));
	cli_json_add(object, "not_before", cli_json_text(info ? info->not_before : NULL));
	cli_json_add(object, "not_after", cli_json_text(info ? info->not_after : NULL));
	cli_json_add(object, "sha256", cli_json_text(info ? info->sha256 : NULL));
}

json_object *cli_generation_json(const struct ms_generation *generation)
{
	_cleanup_string_ char *made = NULL;
	json_object *object, *faults;

	if (!generation)
		return NULL;
	object = cli_check(json_object_new_object());
	faults = cli_check(json_object_new_array());
	made = cli_time_text(generation->made);
	cli_json_add(object, "name", cli_json_text(generation->name));
	cli_json_add(object, "path", cli_json_text(generation->path));
	cli_json_add(object, "current", cli_json_bool(true, generation->current));
	cli_json_add(object, "whole", cli_json_bool(true, generation->whole));
	cli_json_add(object, "in_token", cli_json_bool(true, generation->in_token));
	cli_json_add(object, "key", cli_json_key(generation->key));
	cli_json_add(object, "cert", cli_json_text(generation->cert));
	cli_json_add(object, "key_type", cli_json_text(generation->type));
	cli_json_add(object, "hash",
		     generation->hash ? cli_json_text(ms_hash_name(generation->hash))
				      : NULL);
	cli_json_add(object, "made", cli_json_text(made));
	add_cert(object, generation->info);
	for (size_t i = 0; i < generation->n_faults; i++)
		json_object_array_add(faults, cli_json_text(generation->faults[i]));
	cli_json_add(object, "faults", faults);
	return object;
}

void cli_paths_done(struct cli_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i]);
	free(paths->list);
}

static void add_path(struct cli_paths *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->list[i], path) == 0)
			return;
	paths->list = cli_check(
		reallocarray(paths->list, paths->count + 1, sizeof(*paths->list)));
	paths->list[paths->count++] = cli_check(strdup(path));
}

static void free_glob(glob_t *found)
{
	globfree(found);
}

int cli_paths_add(struct cli *cli, struct cli_paths *paths, const char *pattern)
{
	_cleanup_(free_glob) glob_t found = {0};
	struct stat st;
	int r;

	if (lstat(pattern, &st) == 0) {
		add_path(paths, pattern);
		return CLI_YES;
	}
	r = glob(pattern, 0, NULL, &found);
	if (r == GLOB_NOSPACE)
		cli_out_of_memory();
	if (r != 0)
		return cli_error(cli, "no file '%s'", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_path(paths, found.gl_pathv[i]);
	return CLI_YES;
}

int cli_config_paths(struct cli *cli, const struct cli_args *args,
		     enum cli_option_id option, struct cli_paths *ret)
{
	for (size_t i = 0; i < args->counts[option]; i++)
		if (cli_paths_add(cli, ret, args->values[option][i]) != CLI_YES)
			return CLI_TROUBLE;
	return CLI_YES;
}
