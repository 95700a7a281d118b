/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal manifest create and sign: which modules a tree has, for others to hold a tree
 * against (manifest-compare.c).
 */

#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "../args/hashes-args.h"
#include "../args/signer-args.h"
#include "../args/tree-args.h"
#include "../output/in-toto.h"
#include "../output/items.h"
#include "../output/json.h"

static int choose_hash(struct cli *cli, const struct cli_args *args, enum ms_hash *ret)
{
	const char *name = cli_args_value(args, CLI_OPT_MANIFEST_HASH);

	*ret = MS_HASH_SHA256;
	return name && ms_hash_from_name(cli->ctx, name, ret) < 0 ? cli_error_ctx(cli)
								  : CLI_YES;
}

static int write_manifest(struct cli *cli, const struct cli_args *args,
			  const struct ms_manifest *manifest)
{
	const char *format = cli_args_value(args, CLI_OPT_MANIFEST_FORMAT);
	const char *path = cli_args_value(args, CLI_OPT_OUTPUT_FILE);
	const struct cli_provenance provenance = {
		.build_type = cli_args_value(args, CLI_OPT_BUILD_TYPE),
		.builder_id = cli_args_value(args, CLI_OPT_BUILDER_ID),
	};
	_cleanup_string_ char *statement = NULL;
	size_t len;
	const char *text = ms_manifest_text(manifest, &len);

	if (format && strcmp(format, "in-toto") == 0) {
		statement = cli_in_toto(manifest, &provenance);
		text = statement;
		len = strlen(statement);
	}
	return cli_text_write(cli, path, text, len, !cli_args_has(args, CLI_OPT_NO_SYNC));
}

static void describe(struct cli *cli, const struct cli_args *args,
		     const struct ms_manifest *manifest)
{
	cli_doc_add(cli, "manifest",
		    cli_json_text(cli_args_value(args, CLI_OPT_OUTPUT_FILE)));
	cli_doc_add(cli, "kernel_release", cli_json_text(ms_manifest_release(manifest)));
	cli_doc_add(cli, "algorithm",
		    cli_json_text(ms_hash_name(ms_manifest_hash(manifest))));
}

/* Output that would not be written is a mistake in the command line. */
static int check_format(struct cli *cli, const struct cli_args *args)
{
	const char *format = cli_args_value(args, CLI_OPT_MANIFEST_FORMAT);
	const char *output = cli_args_value(args, CLI_OPT_OUTPUT_FILE);

	if (cli->json && (!output || strcmp(output, "-") == 0))
		return cli_usage(cli, "with --json, --output says where the manifest "
				      "goes");
	if (format && strcmp(format, "in-toto") == 0)
		return CLI_YES;
	if (cli_args_has(args, CLI_OPT_BUILD_TYPE) ||
	    cli_args_has(args, CLI_OPT_BUILDER_ID))
		return cli_usage(cli, "--build-type and --builder-id go with --format "
				      "in-toto");
	return CLI_YES;
}

int cmd_manifest_create(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_manifest) struct ms_manifest *manifest = NULL;
	_cleanup_(cli_free_order) struct ms_order *order = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_manifest_options want = {
		.size = sizeof(want),
		.release = cli_args_value(args, CLI_OPT_MANIFEST_RELEASE),
	};
	struct ms_tree_options options;
	int status, run;

	if (check_format(cli, args) != CLI_YES ||
	    choose_hash(cli, args, &want.hash) != CLI_YES ||
	    cli_tree_options(cli, args, &options) != CLI_YES ||
	    cli_order_open(cli, args, args->operands[0], false, &order) != CLI_YES ||
	    cli_tree_open(cli, args->operands, 1, &options, &tree) != CLI_YES)
		return CLI_TROUBLE;
	want.order = order;
	run = ms_tree_manifest(cli->ctx, tree, &want, &manifest);
	status = cli_report_failures(cli, tree, run);
	if (status != CLI_YES)
		return status;
	if (!manifest)
		return cli_error(cli, "not every module has a digest");
	describe(cli, args, manifest);
	return write_manifest(cli, args, manifest);
}

/* The manifest would be gone, and what signs it left. */
static int check_signature_path(struct cli *cli, const char *manifest, const char *output)
{
	struct stat a, b;

	if (stat(manifest, &a) == 0 && stat(output, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		return cli_usage(cli, "the signature would take the place of the manifest "
				      "'%s'",
				 manifest);
	return CLI_YES;
}

int cmd_manifest_sign(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_manifest) struct ms_manifest *manifest = NULL;
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	_cleanup_string_ char *beside = cli_format("%s.p7s", args->operands[0]);
	const char *output = cli_args_value(args, CLI_OPT_OUTPUT_SIGNATURE);

	output = output ? output : beside;
	if (!cli_args_has(args, CLI_OPT_KEY))
		return cli_usage(cli, "--key is missing: the private key to sign with");
	if (check_signature_path(cli, args->operands[0], output) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_manifest_load(cli->ctx, args->operands[0], &manifest) < 0)
		return cli_error_ctx(cli);
	if (cli_signer_open(cli, args, &signer) != CLI_YES)
		return CLI_TROUBLE;
	cli_signer_report(cli, signer);
	if (ms_manifest_sign(cli->ctx, manifest, signer, output, output == beside,
			     !cli_args_has(args, CLI_OPT_NO_SYNC)) < 0)
		return cli_run_failed(cli);
	cli_doc_add(cli, "signature", cli_json_path(output));
	if (!cli->quiet)
		cli_path_line(cli, output, "signed");
	return CLI_YES;
}
