/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal key prune: removes key generations that nothing needs any more.
 *
 * Where more are left than were to be kept, because something trusts them, the status is
 * 1: the wish was not fulfilled, and that is as it should be.
 *
 * A key inside a token is no file of the store's: it stays, and is told.
 */

#include <string.h>

#include "commands.h"
#include "../args/store-args.h"
#include "../cleanup.h"
#include "../output/json.h"
#include "../output/summary.h"
#include "../output/words.h"

enum { MOST_KEPT = 1000000 };

static int read_options(struct cli *cli, const struct cli_args *args,
			struct cli_paths *configs, struct ms_prune_options *ret)
{
	const char *keep = cli_args_value(args, CLI_OPT_KEEP);
	uint64_t number;

	if (!keep)
		return cli_usage(cli, "--keep is missing: how many generations to keep");
	if (!cli_parse_number(keep, MOST_KEPT, &number))
		return cli_usage(cli, "'%s' is no value of --keep: a number from 1 on",
				 keep);
	if (cli_config_paths(cli, args, CLI_OPT_PRUNE_CONFIG, configs) != CLI_YES)
		return CLI_TROUBLE;
	*ret = (struct ms_prune_options){
		.size = sizeof(*ret),
		.keep = (size_t)number,
		.configs = (const char *const *)configs->list,
		.n_configs = configs->count,
		.force = cli_args_has(args, CLI_OPT_PRUNE_FORCE),
		.dry_run = cli_args_has(args, CLI_OPT_DRY_RUN),
		.no_wait = cli_args_has(args, CLI_OPT_NO_WAIT),
	};
	return CLI_YES;
}

static const char *word_of(enum ms_pruned result, bool dry_run)
{
	return result == MS_PRUNED_REMOVED && dry_run ? "would-remove"
						      : cli_pruned_word(result);
}

static void show(const struct cli *cli, const struct ms_pruned_generation *one,
		 const char *word)
{
	_cleanup_string_ char *rest =
		one->by ? cli_format(" by %s", one->by) : cli_format("%s", "");
	bool said = one->result == MS_PRUNED_TRUSTED;

	cli_verdict_line(cli, one->name,
			 one->result == MS_PRUNED_REMOVED ? CLI_YELLOW : CLI_PLAIN, word,
			 said ? rest : "");
}

/* The URIs of keys in tokens, by generation. */
struct token_keys {
	char **names, **uris;
	size_t count;
};

static void token_keys_done(struct token_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		free(keys->names[i]);
		free(keys->uris[i]);
	}
	free(keys->names);
	free(keys->uris);
}

static struct token_keys token_keys_of(const struct ms_keystore *store)
{
	size_t n = ms_keystore_count(store);
	struct token_keys keys = {
		.names = cli_check(calloc(n + 1, sizeof(*keys.names))),
		.uris = cli_check(calloc(n + 1, sizeof(*keys.uris))),
	};

	for (size_t i = 0; i < n; i++) {
		const struct ms_generation *one = ms_keystore_at(store, i);

		if (!one->in_token || !one->key)
			continue;
		keys.names[keys.count] = cli_check(strdup(one->name));
		keys.uris[keys.count++] = cli_check(strdup(one->key));
	}
	return keys;
}

/* The URI of a key that outlives its generation, or NULL */
static const char *left_in_token(const struct token_keys *keys,
				 const struct ms_pruned_generation *one)
{
	for (size_t i = 0; i < keys->count; i++)
		if (one->result == MS_PRUNED_REMOVED &&
		    strcmp(keys->names[i], one->name) == 0)
			return keys->uris[i];
	return NULL;
}

/* Reports all. True where something stays that was to go. */
static bool report(struct cli *cli, const struct ms_pruning *pruning,
		   const struct token_keys *keys, bool dry_run)
{
	json_object *list = cli_check(json_object_new_array());
	struct cli_count counts[CLI_PRUNED] = {{0}};
	const struct ms_pruned_generation *one;
	bool left = false;

	for (size_t i = 0; (one = ms_pruning_at(pruning, i)); i++) {
		json_object *object = cli_check(json_object_new_object());
		const char *word = word_of(one->result, dry_run);
		const char *in_token = left_in_token(keys, one);

		cli_json_add(object, "name", cli_json_text(one->name));
		cli_json_add(object, "result", cli_json_text(word));
		cli_json_add(object, "by", cli_json_text(one->by));
		cli_json_add(object, "left_in_token", cli_json_key(in_token));
		json_object_array_add(list, object);
		counts[cli_index(one->result, CLI_PRUNED)].name = word;
		counts[cli_index(one->result, CLI_PRUNED)].count++;
		left |= one->result == MS_PRUNED_TRUSTED ||
			one->result == MS_PRUNED_UNKNOWN;
		if (!cli->quiet)
			show(cli, one, word);
		if (in_token)
			cli_warn(cli, "'%s': its key %s in the token, %s", one->name,
				 dry_run ? "would stay" : "stays", in_token);
		if (one->result == MS_PRUNED_UNKNOWN)
			cli_warn(cli,
				 "'%s': its certificate cannot be read, so who trusts "
				 "it is not known; with --force it goes",
				 one->name);
	}
	cli_doc_add(cli, "generations", list);
	cli_summary(cli, "generation", ms_pruning_count(pruning), counts, CLI_PRUNED);
	return left;
}

static void free_pruning(struct ms_pruning **pruning)
{
	ms_pruning_free(*pruning);
}

int cmd_key_prune(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	_cleanup_(cli_paths_done) struct cli_paths configs = {0};
	_cleanup_(free_pruning) struct ms_pruning *pruning = NULL;
	_cleanup_(token_keys_done) struct token_keys keys = {0};
	struct ms_prune_options options = {.size = sizeof(options)};

	if (read_options(cli, args, &configs, &options) != CLI_YES)
		return CLI_TROUBLE;
	cli_doc_add(cli, "dry_run", cli_json_bool(true, options.dry_run));
	if (cli_store_open(cli, args, false, &store) != CLI_YES)
		return CLI_TROUBLE;
	keys = token_keys_of(store);
	if (ms_keystore_prune(cli->ctx, store, &options, &pruning) < 0)
		return cli_run_failed(cli);
	return report(cli, pruning, &keys, options.dry_run) ? CLI_NO : CLI_YES;
}
