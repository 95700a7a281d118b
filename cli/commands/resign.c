/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal resign: a change of keys over whole trees.
 *
 * The work is sign's. What is added is the question before it, does this signature need a
 * new one, and the account after it: how many modules of which signer became what. A
 * module without a signature is never signed unasked, since nobody vouched for it before;
 * it is reported, and the status says so.
 */

#include <string.h>

#include "commands.h"
#include "../args/signer-args.h"
#include "../args/tree-args.h"
#include "../args/trust-args.h"
#include "../cleanup.h"
#include "../output/items.h"
#include "../output/json.h"
#include "../output/words.h"

/* Modules of one signer that became the same. */
struct group {
	const struct ms_signature_fields *old; /* NULL: they had no signature */
	enum ms_outcome outcome;
	size_t count;
};

static void free_groups(struct group **groups)
{
	free(*groups);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static const struct ms_signature_fields *old_signature(const struct ms_item *item)
{
	return ms_signature_list_at(item->signatures, 0);
}

static bool belongs(const struct group *group, const struct ms_item *item)
{
	const struct ms_signature_fields *a = group->old, *b = old_signature(item);

	if (group->outcome != item->outcome || !a != !b)
		return false;
	return !a ||
	       (same_text(a->signer, b->signer) && same_text(a->sig_key, b->sig_key) &&
		same_text(a->sig_id, b->sig_id));
}

static struct group *find_group(struct group *groups, size_t n,
				const struct ms_item *item)
{
	for (size_t i = n; i-- > 0;)
		if (belongs(&groups[i], item))
			return &groups[i];
	return NULL;
}

static int compare_groups(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	const char *x = a->old && a->old->signer ? a->old->signer : "";
	const char *y = b->old && b->old->signer ? b->old->signer : "";

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(x, y) ? strcmp(x, y) : (int)a->outcome - (int)b->outcome;
}

/* @ret: to free(). A module that could not be read has no signer to be counted with. */
static size_t group_by_signer(const struct ms_tree *tree, struct group **ret)
{
	struct group *groups =
		cli_check(calloc(ms_tree_count(tree) + 1, sizeof(*groups)));
	size_t n = 0;

	for (size_t i = 0; i < ms_tree_count(tree); i++) {
		const struct ms_item *item = ms_tree_item(tree, i);
		struct group *group;

		if (!item->have_content)
			continue;
		group = find_group(groups, n, item);
		if (!group) {
			group = &groups[n++];
			group->old = old_signature(item);
			group->outcome = item->outcome;
		}
		group->count++;
	}
	qsort(groups, n, sizeof(*groups), compare_groups);
	*ret = groups;
	return n;
}

static json_object *group_json(const struct group *group)
{
	json_object *object = cli_check(json_object_new_object());
	const struct ms_signature_fields *old = group->old;

	cli_json_add(object, "signer", cli_json_text(old ? old->signer : NULL));
	cli_json_add(object, "sig_id", cli_json_text(old ? old->sig_id : NULL));
	cli_json_add(object, "sig_key", cli_json_text(old ? old->sig_key : NULL));
	cli_json_add(object, "result", cli_json_text(cli_outcome_word(group->outcome)));
	cli_json_add(object, "count",
		     cli_check(json_object_new_int64((int64_t)group->count)));
	return object;
}

static void group_line(const struct cli *cli, const struct group *group)
{
	const struct ms_signature_fields *old = group->old;
	const char *word = cli_outcome_word(group->outcome);

	if (!old)
		cli_line(cli, "  %zu without a signature: %s", group->count, word);
	else if (old->signer)
		cli_line(cli, "  %zu of '%s' (%s): %s", group->count, old->signer,
			 old->sig_key ? old->sig_key : "no serial", word);
	else
		cli_line(cli, "  %zu of a signer without a name (%s, %s): %s",
			 group->count, old->sig_id,
			 old->sig_key ? old->sig_key : "no serial", word);
}

static void report_signers(struct cli *cli, const struct ms_tree *tree)
{
	_cleanup_(free_groups) struct group *groups = NULL;
	size_t n = group_by_signer(tree, &groups);
	json_object *list = cli_check(json_object_new_array());

	for (size_t i = 0; i < n; i++) {
		json_object_array_add(list, group_json(&groups[i]));
		if (!cli->quiet)
			group_line(cli, &groups[i]);
	}
	cli_doc_add(cli, "signers", list);
}

static void item_json(json_object *object, const struct ms_item *item)
{
	const struct ms_signature_fields *old = old_signature(item);
	json_object *was = old ? cli_check(json_object_new_object()) : NULL;

	if (old) {
		cli_json_add(was, "signer", cli_json_text(old->signer));
		cli_json_add(was, "sig_id", cli_json_text(old->sig_id));
		cli_json_add(was, "sig_key", cli_json_text(old->sig_key));
		cli_json_add(was, "sig_hashalgo", cli_json_text(old->sig_hashalgo));
		cli_json_add(was, "sig_algo", cli_json_text(old->sig_algo));
	}
	cli_json_add(object, "old", was);
	cli_json_add(object, "compression", cli_compression_json(item));
}

static int resign_tree(struct cli *cli, const struct cli_args *args,
		       const struct ms_tree_options *options,
		       const struct ms_signer *signer, const struct ms_trust *keep)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const char *what = cli_args_value(args, CLI_OPT_UNSIGNED);
	struct ms_sign_options sign = {
		.size = sizeof(sign),
		.is_signed = MS_SIGNED_RESIGN,
		.is_unsigned = what && strcmp(what, "sign") == 0 ? MS_UNSIGNED_SIGN
								 : MS_UNSIGNED_REPORT,
		.keep = keep,
	};
	int status;

	if (cli_tree_open(cli, args->operands, args->n_operands, options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	status = cli_report(cli, tree, ms_tree_sign(cli->ctx, tree, signer, &sign),
			    item_json);
	report_signers(cli, tree);
	if (status == CLI_YES && cli_count_outcome(tree, MS_OUTCOME_WOULD_SIGN))
		return CLI_NO;
	return status;
}

/* What is to be kept; *@ret is NULL where nothing is. */
static int build_keep(struct cli *cli, const struct cli_args *args, struct ms_trust **ret)
{
	static const enum cli_option_id sources[] = {CLI_OPT_TRUST, CLI_OPT_KERNEL,
						     CLI_OPT_REVOKED};
	_cleanup_string_ char *image = NULL;
	int status;

	if (cli_args_has(args, CLI_OPT_KEEP_OLD)) {
		status = cli_trust_build(cli, args, ret, &image);
		if (status == CLI_YES) {
			cli_doc_add(cli, "kernel", cli_json_text(image));
			cli_trust_assumed(cli, *ret);
		}
		return status;
	}
	for (size_t i = 0; i < CLI_ARRAY_SIZE(sources); i++)
		if (cli_args_has(args, sources[i]))
			return cli_usage(cli,
					 "--%s says whose signatures to keep, and goes "
					 "with --keep-old",
					 cli_options[sources[i]].name);
	return CLI_YES;
}

int cmd_resign(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	_cleanup_(cli_free_trust) struct ms_trust *keep = NULL;
	struct ms_tree_options options;

	if (cli_signer_check(cli, args) != CLI_YES ||
	    cli_tree_options(cli, args, &options) != CLI_YES ||
	    build_keep(cli, args, &keep) != CLI_YES)
		return CLI_TROUBLE;
	options.dry_run = cli_args_has(args, CLI_OPT_CHECK);
	options.writes = true;
	if (cli_signer_open(cli, args, &signer) != CLI_YES)
		return CLI_TROUBLE;
	cli_signer_report(cli, signer);
	cli_doc_add(cli, "check", cli_json_bool(true, options.dry_run));
	return resign_tree(cli, args, &options, signer, keep);
}
