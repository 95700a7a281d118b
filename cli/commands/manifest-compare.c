/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal manifest verify and diff: two manifests side by side, of which one may be made of
 * a tree on the spot.
 *
 * With --trust nothing is compared before the manifest's signature was found good: what a
 * stranger wrote says nothing about a tree.
 */

#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "../args/hashes-args.h"
#include "../args/tree-args.h"
#include "../args/trust-args.h"
#include "../output/items.h"
#include "../output/json.h"
#include "../output/progress.h"
#include "../output/summary.h"
#include "../output/words.h"

/* The paths that are reported, under the words that a command has for the changes. */
struct account {
	struct cli *cli;
	const char *const *words; /* by enum ms_manifest_change */
	json_object *modules;
	struct cli_count counts[CLI_CHANGES];
	size_t total;
	bool every_path; /* those that are the same, too */
};

static void note(void *userdata, enum ms_manifest_change change,
		 const struct ms_manifest_entry *a, const struct ms_manifest_entry *b)
{
	struct account *account = userdata;
	const struct cli *cli = account->cli;
	const char *path = a ? a->path : b->path;
	size_t index = cli_index(change, CLI_CHANGES);
	const char *word = account->words[index];
	bool same = change == MS_MANIFEST_SAME;

	account->total++;
	account->counts[index].name = word;
	account->counts[index].count++;
	if (!cli->quiet && (!same || cli->verbose))
		cli_verdict_line(cli, path, same ? CLI_GREEN : CLI_RED, word, "");
	if (account->modules && (!same || account->every_path)) {
		json_object *object = cli_check(json_object_new_object());

		cli_json_add(object, "path", cli_json_path(path));
		cli_json_add(object, "result", cli_json_text(word));
		cli_json_add(object, "error", NULL);
		json_object_array_add(account->modules, object);
	}
}

/* Compares, and reports "modules" and "summary". */
static int compare(struct account *account, const struct ms_manifest *a,
		   const struct ms_manifest *b)
{
	struct cli *cli = account->cli;

	if (cli->json)
		account->modules = cli_check(json_object_new_array());
	if (ms_manifest_diff(cli->ctx, a, b, note, account) < 0) {
		json_object_put(account->modules);
		return cli_error_ctx(cli);
	}
	if (account->modules)
		cli_doc_add(cli, "modules", account->modules);
	cli_summary(cli, "module", account->total, account->counts,
		    CLI_CHANGES);
	if (account->total == 0)
		return cli_error(cli, "there is no module in either manifest");
	return account->counts[MS_MANIFEST_SAME].count == account->total ? CLI_YES
									 : CLI_NO;
}

static json_object *release_json(const char *a, const char *b)
{
	json_object *list = cli_check(json_object_new_array());

	json_object_array_add(list, cli_json_text(a));
	json_object_array_add(list, cli_json_text(b));
	return list;
}

/* Reports both releases. CLI_YES: they are the same, or one may be any and is unknown. */
static int compare_releases(struct cli *cli, const struct ms_manifest *left,
			    const struct ms_manifest *right, bool unknown_is_any)
{
	const char *a = ms_manifest_release(left), *b = ms_manifest_release(right);

	cli_doc_add(cli, "kernel_release", release_json(a, b));
	if ((unknown_is_any && (!a || !b)) || !strcmp(a ? a : "-", b ? b : "-"))
		return CLI_YES;
	if (!cli->quiet)
		cli_line(cli, "kernel release: %s and %s", a ? a : "-", b ? b : "-");
	return CLI_NO;
}

static int make(struct cli *cli, const struct cli_args *args, const char *path,
		const struct ms_manifest_options *want, struct ms_manifest **ret)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_tree_options options;
	int run;

	if (cli_tree_options(cli, args, &options) != CLI_YES ||
	    cli_tree_open(cli, &path, 1, &options, &tree) != CLI_YES)
		return CLI_TROUBLE;
	run = ms_tree_manifest(cli->ctx, tree, want, ret);
	if (run < 0 || !*ret) {
		int status = cli_report_failures(cli, tree, run);

		return status == CLI_YES ? cli_error(cli, "'%s' has no manifest", path)
					 : status;
	}
	cli_progress_end();
	return CLI_YES;
}

static void report_signature(struct cli *cli, const char *word, const char *vouched_by)
{
	cli_doc_add(cli, "signature", cli_json_text(word));
	cli_doc_add(cli, "vouched_by", cli_json_text(vouched_by));
}

/* CLI_YES: nobody who signed the manifest is revoked, whatever a kernel would say. */
static int report_revoked(struct cli *cli, const char *path,
			  const struct ms_judgement *judgement)
{
	json_object *warnings = cli_check(json_object_new_array());
	const char *text;

	for (size_t i = 0; (text = ms_judgement_warning(judgement, i)); i++)
		json_object_array_add(warnings, cli_json_text(text));
	cli_doc_add(cli, "warnings", warnings);
	if (!ms_judgement_warning(judgement, 0))
		return CLI_YES;
	cli_verdict_line(cli, path, CLI_RED,
			 ms_verdict_name(ms_judgement_verdict(judgement)), "");
	for (size_t i = 0; (text = ms_judgement_warning(judgement, i)); i++)
		cli_line(cli, "  warning: %s", text);
	return CLI_NO;
}

/* CLI_YES: the manifest is trusted. */
static int judge(struct cli *cli, const struct cli_args *args,
		 const struct ms_manifest *manifest)
{
	_cleanup_(cli_free_judgement) struct ms_judgement *judgement = NULL;
	_cleanup_(cli_free_trust) struct ms_trust *trust = cli_check(ms_trust_new());
	_cleanup_string_ char *beside = cli_format("%s.p7s", args->operands[0]);
	const char *path = cli_args_value(args, CLI_OPT_SIGNATURE);
	enum ms_verdict verdict;

	path = path ? path : beside;
	if (cli_trust_add_signers(cli, args, trust) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_manifest_judge(cli->ctx, manifest, trust, path, &judgement) < 0)
		return cli_error_ctx(cli);
	verdict = ms_judgement_verdict(judgement);
	report_signature(cli, ms_verdict_name(verdict),
			 ms_judgement_vouched_by(judgement));
	if (verdict == MS_VERDICT_UNDECIDED)
		return cli_error(cli, "'%s': the verdict is undecided", path);
	if (report_revoked(cli, path, judgement) != CLI_YES)
		return CLI_NO;
	if (!ms_judgement_is_good(judgement)) {
		const char *reason = ms_judgement_reason(judgement);

		cli_verdict_line(cli, path, CLI_RED, ms_verdict_name(verdict), "");
		if (reason)
			cli_line(cli, "  %s", reason);
		return CLI_NO;
	}
	if (cli->verbose && !cli->quiet)
		cli_path_line(cli, path, "trusted by %s",
			      ms_judgement_vouched_by(judgement));
	return CLI_YES;
}

static int judge_if_asked(struct cli *cli, const struct cli_args *args,
			  const struct ms_manifest *manifest)
{
	if (cli_args_has(args, CLI_OPT_TRUST))
		return judge(cli, args, manifest);
	if (cli_args_has(args, CLI_OPT_SIGNATURE))
		return cli_usage(cli, "--signature goes with --trust");
	if (cli_args_has(args, CLI_OPT_REVOKED))
		return cli_usage(cli, "--revoked goes with --trust");
	report_signature(cli, "unchecked", NULL);
	if (cli->verbose && !cli->quiet)
		cli_path_line(cli, args->operands[0],
			      "unchecked: nobody was asked to vouch for it");
	return CLI_YES;
}

int cmd_manifest_verify(struct cli *cli, const struct cli_args *args)
{
	static const char *const words[CLI_CHANGES] = {
		[MS_MANIFEST_UNDECIDED] = "failed", [MS_MANIFEST_SAME] = "match",
		[MS_MANIFEST_CHANGED] = "changed",  [MS_MANIFEST_REMOVED] = "missing",
		[MS_MANIFEST_ADDED] = "extra",
	};
	_cleanup_(cli_free_manifest) struct ms_manifest *manifest = NULL, *tree = NULL;
	_cleanup_(cli_free_order) struct ms_order *order = NULL;
	struct account account = {.cli = cli, .words = words, .every_path = true};
	struct ms_manifest_options want = {
		.size = sizeof(want),
		.release = cli_args_value(args, CLI_OPT_MANIFEST_RELEASE),
		.any_release = true,
	};
	int status, same;

	if (ms_manifest_load(cli->ctx, args->operands[0], &manifest) < 0)
		return cli_error_ctx(cli);
	status = judge_if_asked(cli, args, manifest);
	if (status != CLI_YES)
		return status;
	if (cli_order_open(cli, args, args->operands[1], false, &order) != CLI_YES)
		return CLI_TROUBLE;
	want.order = order;
	want.hash = ms_manifest_hash(manifest);
	status = make(cli, args, args->operands[1], &want, &tree);
	if (status != CLI_YES)
		return status;
	same = compare_releases(cli, manifest, tree, true);
	status = cli_worse(compare(&account, manifest, tree), same);
	return cli_worse(status, cli_links_check(cli, args));
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A manifest, or one made of a tree with the digests of @like (or NULL). */
static int open_side(struct cli *cli, const struct cli_args *args, size_t i,
		     const struct ms_manifest *like, struct ms_manifest **ret)
{
	const char *path = args->operands[i];
	struct ms_manifest_options want = {.size = sizeof(want)};

	if (is_directory(path)) {
		want.hash = like ? ms_manifest_hash(like) : MS_HASH_SHA256;
		return make(cli, args, path, &want, ret);
	}
	return ms_manifest_load(cli->ctx, path, ret) < 0 ? cli_error_ctx(cli) : CLI_YES;
}

int cmd_manifest_diff(struct cli *cli, const struct cli_args *args)
{
	static const char *const words[CLI_CHANGES] = {
		[MS_MANIFEST_UNDECIDED] = "failed", [MS_MANIFEST_SAME] = "same",
		[MS_MANIFEST_CHANGED] = "changed",  [MS_MANIFEST_REMOVED] = "removed",
		[MS_MANIFEST_ADDED] = "added",
	};
	_cleanup_(cli_free_manifest) struct ms_manifest *a = NULL, *b = NULL;
	struct account account = {.cli = cli, .words = words};
	int status, same;

	/* a tree is read with the algorithm of the manifest that it is held against */
	if (is_directory(args->operands[0])) {
		status = open_side(cli, args, 1, NULL, &b);
		if (status == CLI_YES)
			status = open_side(cli, args, 0, b, &a);
	} else {
		status = open_side(cli, args, 0, NULL, &a);
		if (status == CLI_YES)
			status = open_side(cli, args, 1, a, &b);
	}
	if (status != CLI_YES)
		return status;
	same = compare_releases(cli, a, b, false);
	status = cli_worse(compare(&account, a, b), same);
	return cli_worse(status, cli_links_check(cli, args));
}
