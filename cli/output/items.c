/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Commands over trees. The library works and leaves what it found in the items; here
 * that becomes lines, messages, JSON and the exit status. An item whose outcome is
 * none of the good ones counts as the library says, and an unknown one as trouble.
 */

#include "items.h"

#include <errno.h>
#include <string.h>

#include <modseal/secret.h>

#include "cut.h"
#include "progress.h"
#include "words.h"
#include "../signals.h"
#include "../cleanup.h"

enum { MOST_JOBS = 1024, HIGHEST_LEVEL = 22 };

static int number_option(struct cli *cli, const struct cli_args *args,
			 enum cli_option_id id, uint64_t max, uint64_t *ret)
{
	const char *text = cli_args_value(args, id);

	*ret = 0;
	if (text && !cli_parse_number(text, max, ret))
		return cli_usage(cli, "'%s' is no value of --%s: a number from 1 to %llu",
				 text, cli_options[id].name, (unsigned long long)max);
	return CLI_YES;
}

int cli_tree_options(struct cli *cli, const struct cli_args *args,
		     struct ms_tree_options *ret)
{
	const char *size = cli_args_value(args, CLI_OPT_MAX_SIZE);
	uint64_t jobs, level;

	*ret = (struct ms_tree_options){.size = sizeof(*ret)};
	if (number_option(cli, args, CLI_OPT_JOBS, MOST_JOBS, &jobs) != CLI_YES ||
	    number_option(cli, args, CLI_OPT_LEVEL, HIGHEST_LEVEL, &level) != CLI_YES)
		return CLI_TROUBLE;
	if (size && !cli_parse_size(size, &ret->max_size))
		return cli_usage(cli, "'%s' is no size: bytes, K, M or G may follow",
				 size);
	ret->jobs = (unsigned)jobs;
	ret->level = (int)level;
	ret->any_file = cli_args_has(args, CLI_OPT_ANY_FILE);
	ret->keep_going = cli_args_has(args, CLI_OPT_KEEP_GOING);
	ret->no_wait = cli_args_has(args, CLI_OPT_NO_WAIT);
	ret->no_sync = cli_args_has(args, CLI_OPT_NO_SYNC);
	ret->break_links = cli_args_has(args, CLI_OPT_BREAK_LINKS);
	ret->dry_run = cli_args_has(args, CLI_OPT_DRY_RUN);
	ret->output = cli_args_value(args, CLI_OPT_OUTPUT_DIR);
	ret->progress = cli_progress;
	return CLI_YES;
}

static json_object *skipped_json(const struct ms_skipped *skipped)
{
	json_object *object = cli_check(json_object_new_object());

	cli_json_add(object, "path", cli_json_path(skipped->path));
	cli_json_add(object, "kind", cli_json_text(cli_skip_word(skipped->skip)));
	cli_json_add(object, "reason", cli_json_text(ms_skip_name(skipped->skip)));
	cli_json_add(object, "depmod", cli_json_bool(true, skipped->depmod));
	return object;
}

/* A command may open two trees: their lists become one. */
static void add_skipped(struct cli *cli, const struct ms_tree *tree)
{
	const struct ms_skipped *skipped;
	json_object *list;

	if (!json_object_object_get_ex(cli->doc, "skipped", &list)) {
		list = cli_check(json_object_new_array());
		cli_doc_add(cli, "skipped", list);
	}
	for (size_t i = 0; (skipped = ms_tree_skipped(tree, i)); i++) {
		json_object_array_add(list, skipped_json(skipped));
		cli->links += skipped->depmod;
	}
}

int cli_links_check(struct cli *cli, const struct cli_args *args)
{
	_cleanup_string_ char *text = NULL;

	if (!cli->links || cli_args_has(args, CLI_OPT_IGNORE_LINKS))
		return CLI_YES;
	text = cli_format("nothing is said of what %zu link%s lead%s to, where depmod "
			  "would find modules",
			  cli->links, cli->links == 1 ? "" : "s",
			  cli->links == 1 ? "s" : "");
	if (!cli->quiet)
		cli_message(text, "--ignore-links leaves them out of the answer");
	return CLI_NO;
}

int cli_tree_open(struct cli *cli, const char *const *paths, size_t n_paths,
		  const struct ms_tree_options *options, struct ms_tree **ret)
{
	if (ms_tree_open(cli->ctx, paths, n_paths, options, ret) < 0)
		return cli_run_failed(cli);
	add_skipped(cli, *ret);
	if (!cli->quiet)
		cli_progress_begin(cli->command->name);
	return CLI_YES;
}

int cli_run_failed(struct cli *cli)
{
	if (cli_interrupted())
		return cli_error(cli, "interrupted");
	return cli_error_ctx(cli);
}

void cli_json_add(json_object *object, const char *key, json_object *value)
{
	if (json_object_object_add(object, key, value) < 0)
		cli_out_of_memory();
}

json_object *cli_item_json(const struct ms_item *item)
{
	json_object *object = cli_check(json_object_new_object());

	cli_json_add(object, "path", cli_json_path(item->path));
	cli_json_add(object, "result", cli_json_text(cli_outcome_word(item->outcome)));
	cli_json_add(object, "error", cli_json_text(item->message));
	if (item->hint)
		cli_json_add(object, "hint", cli_json_text(item->hint));
	return object;
}

static char *hex(const uint8_t *data, size_t len, bool colons)
{
	size_t step = colons ? 3 : 2;
	char *text = cli_check(calloc(len + 1, step));

	for (size_t i = 0; i < len; i++)
		snprintf(text + i * step, step + 1, colons ? "%02X:" : "%02x", data[i]);
	if (colons && len)
		text[len * step - 1] = '\0';
	return text;
}

json_object *cli_json_hex(const uint8_t *data, size_t len)
{
	_cleanup_string_ char *text = hex(data, len, false);

	return cli_check(json_object_new_string(text));
}

json_object *cli_payload_json(const struct ms_item *item)
{
	if (!item->have_payload_sha256)
		return NULL;
	return cli_json_hex(item->payload_sha256, sizeof(item->payload_sha256));
}

json_object *cli_compression_json(const struct ms_item *item)
{
	return item->have_file ? cli_json_text(ms_compression_name(item->compression)) :
				 NULL;
}

json_object *cli_signature_json(const struct ms_signature_fields *signature)
{
	json_object *object = cli_check(json_object_new_object());
	_cleanup_string_ char *value =
		hex(signature->signature, signature->signature_len, true);

	cli_json_add(object, "id_type",
		     cli_check(json_object_new_int(signature->id_type)));
	cli_json_add(object, "sig_id", cli_json_text(signature->sig_id));
	cli_json_add_text(object, "signer", signature->signer, 0);
	cli_json_add_text(object, "sig_key", signature->sig_key, 0);
	cli_json_add(object, "sig_hashalgo", cli_json_text(signature->sig_hashalgo));
	cli_json_add(object, "sig_algo", cli_json_text(signature->sig_algo));
	cli_json_add(object, "sig_len",
		     cli_check(json_object_new_int64(signature->sig_len)));
	cli_json_add(object, "signature",
		     signature->signature ? cli_check(json_object_new_string(value))
					  : NULL);
	if (signature->signature_full > signature->signature_len)
		cli_json_add_cut(object, "signature", signature->signature_full);
	return object;
}

void cli_item_message(const struct ms_item *item)
{
	const char *text = item->message;

	if (!text)
		text = item->error ? strerror(-item->error) : "failed";
	/* a message that names the path whole will do */
	cli_path_message(strstr(text, item->path) && !ms_holds_pin(item->path)
				 ? NULL
				 : item->path,
			 text, item->hint);
}

size_t cli_count_outcome(const struct ms_tree *tree, enum ms_outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < ms_tree_count(tree); i++)
		count += ms_tree_item(tree, i)->outcome == outcome;
	return count;
}

void cli_summary(struct cli *cli, const char *what, size_t total,
		 const struct cli_count *counts, size_t n_counts)
{
	json_object *summary = cli_check(json_object_new_object());
	_cleanup_string_ char *line =
		cli_format("%zu %s%s", total, what, total == 1 ? "" : "s");
	const char *separator = ": ";

	for (size_t i = 0; i < n_counts; i++) {
		char *longer;

		if (!counts[i].count)
			continue;
		cli_json_add(summary, counts[i].name,
			     cli_check(json_object_new_int64((int64_t)counts[i].count)));
		longer = cli_format("%s%s%zu %s", line, separator, counts[i].count,
				    counts[i].name);
		free(line);
		line = longer;
		separator = ", ";
	}
	cli_doc_add(cli, "summary", summary);
	if (!cli->quiet)
		cli_line(cli, "%s", line);
}

static enum cli_color status_color(int status)
{
	static const enum cli_color colors[] = {CLI_GREEN, CLI_YELLOW, CLI_RED};

	return status >= 0 && status <= CLI_TROUBLE ? colors[status] : CLI_RED;
}

/* The item's message, less the "'PATH': " that the line begins with anyway. */
static const char *without_path(const struct ms_item *item)
{
	_cleanup_string_ char *prefix = cli_format("'%s': ", item->path);
	size_t len = strlen(prefix);

	return strncmp(item->message, prefix, len) == 0 ? item->message + len
							: item->message;
}

/* Said without being asked: what did not go well. The rest with -v only. */
static void report_line(const struct cli *cli, const struct ms_item *item, int status)
{
	_cleanup_string_ char *rest = NULL;

	if (item->outcome == MS_OUTCOME_UNDECIDED) {
		cli_item_message(item);
		return;
	}
	if (cli->quiet || (status == CLI_YES && !cli->verbose))
		return;
	rest = item->message ? cli_format(" (%s)", without_path(item)) : NULL;
	cli_verdict_line(cli, item->path, status_color(status),
			 cli_outcome_word(item->outcome), rest ? rest : "");
}

int cli_report(struct cli *cli, const struct ms_tree *tree, int run,
	       cli_item_json_fn extra)
{
	json_object *modules = cli->json ? cli_check(json_object_new_array()) : NULL;
	struct cli_count counts[CLI_OUTCOMES] = {{0}};
	int status = CLI_YES;

	cli_progress_end();
	for (int i = 0; i < CLI_OUTCOMES; i++)
		counts[i].name = cli_outcome_word((enum ms_outcome)i);
	for (size_t i = 0; i < ms_tree_count(tree); i++) {
		const struct ms_item *item = ms_tree_item(tree, i);
		int item_status = cli_outcome_status(item->outcome);

		counts[cli_index(item->outcome, CLI_OUTCOMES)].count++;
		if (item_status > status)
			status = item_status;
		/* after an interruption, items that nobody came to are no news */
		if (run == 0 || item->message)
			report_line(cli, item, item_status);
		if (modules) {
			json_object *object = cli_item_json(item);

			if (extra)
				extra(object, item);
			json_object_array_add(modules, object);
		}
	}
	if (modules)
		cli_doc_add(cli, "modules", modules);
	cli_summary(cli, "module", ms_tree_count(tree), counts, CLI_OUTCOMES);
	return run < 0 ? cli_run_failed(cli) : status;
}

int cli_report_failures(struct cli *cli, const struct ms_tree *tree, int run)
{
	bool quiet = cli->quiet;
	int status;

	cli->quiet = true;
	status = cli_report(cli, tree, run, NULL);
	cli->quiet = quiet;
	return status;
}
