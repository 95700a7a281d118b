/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal show: what signatures and modinfo say, under modinfo's names. */

#include "commands.h"
#include "../args/tree-args.h"
#include "../cleanup.h"
#include "../output/cut.h"
#include "../output/items.h"
#include "../output/json.h"
#include "../output/progress.h"
#include "../output/words.h"

enum { SIGNATURE_BYTES_A_LINE = 20, FIELD_WIDTH = 16 };

/* @full: as of cli_cut() */
static void cut_field(const struct cli *cli, const char *name, const char *value,
		      size_t full)
{
	_cleanup_string_ char *label = cli_format("%s:", name);
	_cleanup_string_ char *shown = cli_cut(value, full);

	if (value)
		cli_line(cli, "%-*s%s", FIELD_WIDTH, label, shown);
}

static void field(const struct cli *cli, const char *name, const char *value)
{
	cut_field(cli, name, value, 0);
}

/* as modinfo does: upper case hex with colons, 20 bytes a line */
static void show_value(const struct cli *cli, const struct ms_signature_fields *signature)
{
	for (size_t i = 0; i < signature->signature_len; i += SIGNATURE_BYTES_A_LINE) {
		char line[3 * SIGNATURE_BYTES_A_LINE + 1] = "";
		size_t n = signature->signature_len - i;
		bool last = n <= SIGNATURE_BYTES_A_LINE;

		if (!last)
			n = SIGNATURE_BYTES_A_LINE;
		for (size_t j = 0; j < n; j++)
			snprintf(line + 3 * j, 4, "%02X%s", signature->signature[i + j],
				 last && j + 1 == n ? "" : ":");
		cli_line(cli, "%-*s%s", FIELD_WIDTH, i ? "" : "signature:", line);
	}
	if (signature->signature_full > signature->signature_len)
		cli_line(cli, "%-*s(the first %zu of %zu bytes)", FIELD_WIDTH, "",
			 signature->signature_len, signature->signature_full);
}

static void show_signature(const struct cli *cli, const struct ms_item *item, size_t i)
{
	const struct ms_signature_fields *signature =
		ms_signature_list_at(item->signatures, i);

	if (ms_signature_list_count(item->signatures) > 1)
		cli_line(cli, "%-*s%zu of %zu, counted from the end of the file",
			 FIELD_WIDTH, "trailer:", i + 1,
			 ms_signature_list_count(item->signatures));
	field(cli, "sig_id", signature->sig_id);
	field(cli, "signer", signature->signer);
	field(cli, "sig_key", signature->sig_key);
	field(cli, "sig_hashalgo", signature->sig_hashalgo);
	field(cli, "sig_algo", signature->sig_algo);
	cli_line(cli, "%-*s%u", FIELD_WIDTH, "sig_len:", signature->sig_len);
	show_value(cli, signature);
}

static void show_item(const struct cli *cli, const struct ms_item *item)
{
	static const struct ms_modinfo none;
	const struct ms_modinfo *modinfo = item->modinfo ? item->modinfo : &none;

	cli_line_with_path(cli, "filename:       ", item->path);
	field(cli, "compression", ms_compression_name(item->compression));
	cut_field(cli, "name", modinfo->name, modinfo->name_full);
	cut_field(cli, "version", modinfo->version, modinfo->version_full);
	cut_field(cli, "srcversion", modinfo->srcversion, modinfo->srcversion_full);
	cut_field(cli, "vermagic", modinfo->vermagic, modinfo->vermagic_full);
	if (!item->elf)
		field(cli, "elf", "no");
	for (size_t i = 0; i < ms_signature_list_count(item->signatures); i++)
		show_signature(cli, item, i);
	if (!ms_signature_list_count(item->signatures))
		field(cli, "sig_id", "none: the module is not signed");
	if (item->message)
		field(cli, "remark", item->message);
}

static json_object *modinfo_json(const struct ms_item *item)
{
	static const struct ms_modinfo none;
	const struct ms_modinfo *modinfo = item->modinfo ? item->modinfo : &none;
	json_object *object = cli_check(json_object_new_object());

	cli_json_add_text(object, "name", modinfo->name, modinfo->name_full);
	cli_json_add_text(object, "vermagic", modinfo->vermagic, modinfo->vermagic_full);
	cli_json_add_text(object, "version", modinfo->version, modinfo->version_full);
	cli_json_add_text(object, "srcversion", modinfo->srcversion,
			  modinfo->srcversion_full);
	return object;
}

static json_object *item_json(const struct ms_item *item)
{
	json_object *object = cli_item_json(item);
	json_object *signatures = cli_check(json_object_new_array());
	bool known = item->have_content;

	for (size_t i = 0; i < ms_signature_list_count(item->signatures); i++)
		json_object_array_add(signatures, cli_signature_json(ms_signature_list_at(
							  item->signatures, i)));
	cli_json_add(object, "elf", cli_json_bool(known, item->elf));
	cli_json_add(object, "compression", cli_compression_json(item));
	cli_json_add(object, "signatures", signatures);
	cli_json_add(object, "modinfo", modinfo_json(item));
	return object;
}

/* All that was asked for is the fields: no summary line in text. */
static int report(struct cli *cli, const struct ms_tree *tree, int run)
{
	json_object *modules = cli->json ? cli_check(json_object_new_array()) : NULL;
	json_object *summary = cli_check(json_object_new_object());
	size_t shown = cli_count_outcome(tree, MS_OUTCOME_SHOWN);
	size_t failed = ms_tree_count(tree) - shown;
	bool first = true;

	cli_progress_end();
	for (size_t i = 0; i < ms_tree_count(tree); i++) {
		const struct ms_item *item = ms_tree_item(tree, i);

		if (modules)
			json_object_array_add(modules, item_json(item));
		if (item->outcome != MS_OUTCOME_SHOWN) {
			if (run == 0 || item->message)
				cli_item_message(item);
		} else if (!cli->quiet) {
			if (!first)
				cli_line(cli, "%s", "");
			first = false;
			show_item(cli, item);
		}
	}
	if (shown)
		cli_json_add(summary, cli_outcome_word(MS_OUTCOME_SHOWN),
			     cli_check(json_object_new_int64((int64_t)shown)));
	if (failed)
		cli_json_add(summary, cli_outcome_word(MS_OUTCOME_UNDECIDED),
			     cli_check(json_object_new_int64((int64_t)failed)));
	if (modules)
		cli_doc_add(cli, "modules", modules);
	cli_doc_add(cli, "summary", summary);
	if (run < 0)
		return cli_run_failed(cli);
	return failed || !shown ? CLI_TROUBLE : CLI_YES;
}

int cmd_show(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_tree_options options;

	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	if (cli_tree_open(cli, args->operands, args->n_operands, &options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	return report(cli, tree, ms_tree_show(cli->ctx, tree));
}
