/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Verdicts become lines, JSON and the exit status. The status is 0 only where every module
 * was found trusted, or with a mode would load: it starts at trouble for every module and
 * only a verdict lowers it.
 */

#include "verdicts.h"

#include <errno.h>
#include <string.h>

#include "../args/tree-args.h"
#include "../cleanup.h"
#include "../parse/parse.h"
#include "cut.h"
#include "items.h"
#include "json.h"
#include "progress.h"
#include "summary.h"
#include "words.h"

static const char *errno_name(int error)
{
	switch (error) {
	case ENODATA:
		return "ENODATA";
	case ENOPKG:
		return "ENOPKG";
	case ENOKEY:
		return "ENOKEY";
	case EBADMSG:
		return "EBADMSG";
	case EINVAL:
		return "EINVAL";
	case EMSGSIZE:
		return "EMSGSIZE";
	case EKEYREJECTED:
		return "EKEYREJECTED";
	case ENOENT: /* a certificate in the message, an algorithm that is not there */
		return "ENOENT";
	default:
		return NULL;
	}
}

static bool decided(const struct ms_item *item)
{
	return item->outcome == MS_OUTCOME_VERIFIED &&
	       item->verdict != MS_VERDICT_UNDECIDED;
}

static enum ms_verdict verdict_of(const struct ms_item *item)
{
	return decided(item) ? item->verdict : MS_VERDICT_UNDECIDED;
}

static int item_status(const struct ms_item *item, const struct cli_question *question)
{
	if (!decided(item))
		return CLI_TROUBLE;
	if (item->n_warnings) /* whatever the kernel says */
		return CLI_NO;
	if (!question->has_mode)
		return item->verdict == MS_VERDICT_TRUSTED ? CLI_YES : CLI_NO;
	switch (ms_verdict_load(item->verdict, item->elf, question->mode)) {
	case MS_LOAD_CLEAN:
	case MS_LOAD_TAINTED:
		return CLI_YES;
	case MS_LOAD_REFUSED:
		return CLI_NO;
	case MS_LOAD_UNDECIDED:
		break;
	}
	return CLI_TROUBLE;
}

static json_object *loads_json(const struct ms_item *item)
{
	json_object *object = cli_check(json_object_new_object());

	for (int mode = 0; mode < CLI_MODES; mode++)
		cli_json_add(object, cli_mode_word((enum ms_mode)mode),
			     cli_json_text(cli_load_word(ms_verdict_load(
				     verdict_of(item), item->elf, (enum ms_mode)mode))));
	return object;
}

/* the outermost signature, which is the one that the kernel looks at */
static void add_signature(json_object *object, const struct ms_item *item)
{
	static const struct ms_signature_fields none;
	const struct ms_signature_fields *outermost =
		ms_signature_list_at(item->signatures, 0);
	const struct ms_signature_fields *signature = outermost ? outermost : &none;

	cli_json_add_text(object, "signer", signature->signer, 0);
	cli_json_add(object, "sig_id", cli_json_text(signature->sig_id));
	cli_json_add_text(object, "sig_key", signature->sig_key, 0);
	cli_json_add(object, "sig_hashalgo", cli_json_text(signature->sig_hashalgo));
	cli_json_add(object, "sig_algo", cli_json_text(signature->sig_algo));
	cli_json_add(object, "sig_len",
		     outermost ? cli_check(json_object_new_int64(signature->sig_len))
			       : NULL);
}

static json_object *item_json(const struct ms_item *item)
{
	json_object *object = cli_check(json_object_new_object());
	bool known = item->have_content;
	const char *error = decided(item) || item->message ? item->message
							   : "the verdict is undecided";

	cli_json_add(object, "path", cli_json_path(item->path));
	cli_json_add(object, "verdict", cli_json_text(ms_verdict_name(verdict_of(item))));
	cli_json_add(object, "errno",
		     decided(item) ? cli_json_text(errno_name(item->verdict_errno))
				   : NULL);
	cli_json_add(object, "elf", cli_json_bool(known, item->elf));
	cli_json_add(object, "loads", loads_json(item));
	cli_json_add(object, "vouched", cli_json_text(cli_voucher_word(item->vouched)));
	cli_json_add_text(object, "vouched_by", item->vouched_by, 0);
	add_signature(object, item);
	cli_json_add(object, "compression", cli_compression_json(item));
	cli_json_add(object, "kernel_decompress",
		     cli_json_text(cli_kernel_decompress_word(item->kernel_decompress)));
	cli_json_add(object, "payload_sha256", cli_payload_json(item));
	cli_json_add(object, "reason", cli_json_text(item->reason));
	cli_json_add(object, "warnings",
		     cli_json_texts(item->warnings, item->n_warnings));
	cli_json_add(object, "error", cli_json_text(error));
	if (item->hint)
		cli_json_add(object, "hint", cli_json_text(item->hint));
	return object;
}

static enum cli_color verdict_color(const struct ms_item *item)
{
	switch (item->verdict) {
	case MS_VERDICT_TRUSTED:
		return item->n_warnings ? CLI_RED : CLI_GREEN;
	case MS_VERDICT_UNSIGNED:
	case MS_VERDICT_UNSUPPORTED:
	case MS_VERDICT_UNKNOWN_KEY:
		return CLI_YELLOW;
	default:
		return CLI_RED;
	}
}

/* " (ENOKEY): no trusted key matches", ", refused in lockdown mode" and the like */
static char *remarks(const struct ms_item *item, const struct cli_question *question)
{
	const char *error = errno_name(item->verdict_errno);
	enum ms_load load = ms_verdict_load(item->verdict, item->elf, question->mode);
	const char *word = cli_load_word(load);
	bool trusted = item->verdict == MS_VERDICT_TRUSTED;

	return cli_format("%s%s%s%s%s%s%s%s%s%s", error ? " (" : "", error ? error : "",
			  error ? ")" : "", question->has_mode && word ? ", loads: " : "",
			  question->has_mode && word ? word : "",
			  item->elf ? "" : ", no ELF module: no kernel loads it",
			  item->kernel_decompress == MS_KERNEL_DECOMPRESS_REFUSED
				  ? ", the kernel's own decoder would refuse it"
				  : "",
			  !trusted && item->reason ? ": " : "",
			  !trusted && item->reason ? item->reason : "",
			  trusted && item->vouched_by ? " by " : "");
}

static void report_line(const struct cli *cli, const struct ms_item *item,
			const struct cli_question *question, int status)
{
	_cleanup_string_ char *rest = NULL;
	_cleanup_string_ char *line = NULL;
	_cleanup_string_ char *by = NULL;
	bool trusted = item->verdict == MS_VERDICT_TRUSTED;

	if (!decided(item)) {
		cli_item_message(item);
		return;
	}
	if (cli->quiet || (status == CLI_YES && trusted && item->elf && !cli->verbose))
		return;
	rest = remarks(item, question);
	by = cli_cut(trusted ? item->vouched_by : NULL, 0);
	line = cli_format("%s%s", rest, by);
	cli_verdict_line(cli, item->path, verdict_color(item),
			 ms_verdict_name(item->verdict), line);
	for (size_t i = 0; i < item->n_warnings; i++)
		cli_line(cli, "  warning: %s", item->warnings[i]);
}

int cli_verdicts(struct cli *cli, const struct cli_args *args, const struct ms_tree *tree,
		 int run, const struct cli_question *question)
{
	json_object *modules = cli->json ? cli_check(json_object_new_array()) : NULL;
	struct cli_count counts[CLI_VERDICTS] = {{0}};
	int status = CLI_YES;

	cli_progress_end();
	for (int i = 0; i < CLI_VERDICTS; i++)
		counts[i].name = ms_verdict_name((enum ms_verdict)i);
	for (size_t i = 0; i < ms_tree_count(tree); i++) {
		const struct ms_item *item = ms_tree_item(tree, i);
		int one = item_status(item, question);

		counts[cli_index(verdict_of(item), CLI_VERDICTS)].count++;
		status = one > status ? one : status;
		if (run == 0 || item->message)
			report_line(cli, item, question, one);
		if (modules)
			json_object_array_add(modules, item_json(item));
	}
	if (modules)
		cli_doc_add(cli, "modules", modules);
	cli_summary(cli, "module", ms_tree_count(tree), counts, CLI_VERDICTS);
	if (run < 0)
		return cli_run_failed(cli);
	status = cli_worse(status, cli_links_check(cli, args));
	return ms_tree_count(tree) ? status : CLI_TROUBLE;
}
