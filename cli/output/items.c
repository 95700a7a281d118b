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

#include "../cleanup.h"
#include "../signals.h"
#include "cut.h"
#include "json.h"
#include "progress.h"
#include "summary.h"
#include "words.h"

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
		cli_hex(signature->signature, signature->signature_len, true);

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
