/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal sign.
 *
 * Everything that can be wrong with the arguments is found before the key is opened,
 * and the key is opened before the tree is locked: nobody types a passphrase while
 * another run waits for the tree.
 */

#include <errno.h>
#include <string.h>

#include <modseal/config.h>

#include "cmd.h"
#include "run.h"
#include "secret.h"
#include "util.h"

static int choose_hash(struct cli *cli, const struct cli_args *args, enum ms_hash *ret)
{
	const char *name = cli_args_value(args, CLI_OPT_HASH);
	const char *config = cli_args_value(args, CLI_OPT_SIGN_CONFIG);
	int r = 0;

	*ret = MS_HASH_NONE;
	if (name)
		r = ms_hash_from_name(cli->ctx, name, ret);
	else if (config)
		r = ms_hash_from_config(cli->ctx, config, ret);
	return r < 0 ? cli_error_ctx(cli) : CLI_YES;
}

static enum ms_nonce choose_nonce(const struct cli_args *args)
{
	const char *kind = cli_args_value(args, CLI_OPT_NONCE);

	return kind ? (enum ms_nonce)cli_parse_choice(cli_options[CLI_OPT_NONCE].values,
						      kind)
		    : MS_NONCE_AUTO;
}

static enum ms_signed choose_signed(const struct cli_args *args)
{
	const char *what = cli_args_value(args, CLI_OPT_SIGNED);

	return what ? (enum ms_signed)cli_parse_choice(cli_options[CLI_OPT_SIGNED].values,
						       what)
		    : MS_SIGNED_REPLACE;
}

static int open_signer(struct cli *cli, const struct cli_args *args,
		       struct ms_signer **ret)
{
	struct cli_secret secret = {
		.cli = cli,
		.pin_file = cli_args_value(args, CLI_OPT_PIN_FILE),
	};
	struct ms_signer_options options = {
		.key = cli_args_value(args, CLI_OPT_KEY),
		.cert = cli_args_value(args, CLI_OPT_CERT),
		.use_skid = cli_args_has(args, CLI_OPT_SKID),
		.nonce = choose_nonce(args),
		.secret = cli_secret,
		.secret_userdata = &secret,
	};
	int r;

	if (choose_hash(cli, args, &options.hash) != CLI_YES)
		return CLI_TROUBLE;
	r = ms_signer_open(cli->ctx, &options, ret);
	cli_secret_forget();
	return r < 0 ? cli_run_failed(cli) : CLI_YES;
}

/* RSA as the kernel takes it (PKCS#1 v1.5) has no nonce at all */
static const char *nonce_name(const struct ms_signer_info *info)
{
	if (strncmp(info->key_type, "rsa", 3) == 0)
		return "not-applicable";
	return info->deterministic ? "deterministic" : "random";
}

static void report_signer(struct cli *cli, const struct ms_signer *signer)
{
	json_object *object = cli_check(json_object_new_object());
	struct ms_signer_info info;

	ms_signer_info(signer, &info);
	cli_json_add(object, "key_type", cli_json_text(info.key_type));
	cli_json_add(object, "hash", cli_json_text(ms_hash_name(info.hash)));
	cli_json_add(object, "subject", cli_json_text(info.subject));
	cli_json_add(object, "serial", cli_json_text(info.serial));
	cli_json_add(object, "skid",
		     info.skid && *info.skid ? cli_json_text(info.skid) : NULL);
	cli_json_add(object, "deterministic", cli_json_bool(true, info.deterministic));
	cli_json_add(object, "nonce", cli_json_text(nonce_name(&info)));
	cli_doc_add(cli, "signer", object);
	if (cli->verbose && !cli->quiet)
		cli_line(cli, "signer: %s, %s with %s, %s", info.subject, info.key_type,
			 ms_hash_name(info.hash),
			 info.deterministic ? "deterministic" : "random nonces");
}

static void item_json(json_object *object, const struct ms_item *item)
{
	cli_json_add(object, "compression", cli_compression_json(item));
}

static int save_bundle(struct cli *cli, const struct cli_args *args,
		       struct ms_bundle *bundle, const struct ms_tree_options *options,
		       int status)
{
	const char *path = cli_args_value(args, CLI_OPT_BUNDLE);

	if (!path)
		return CLI_YES;
	cli_doc_add(cli, "bundle", cli_json_text(path));
	if (options->dry_run || !ms_bundle_count(bundle))
		return CLI_YES;
	if (status == CLI_TROUBLE && !options->keep_going) {
		cli_warn(cli, "'%s' is not written", path);
		return CLI_YES;
	}
	if (ms_bundle_save(cli->ctx, bundle, path, !options->no_sync) < 0)
		return cli_error_ctx(cli);
	return CLI_YES;
}

static int sign_tree(struct cli *cli, const struct cli_args *args,
		     const struct ms_tree_options *options,
		     const struct ms_signer *signer)
{
	_cleanup_(cli_free_bundle) struct ms_bundle *bundle = NULL;
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	struct ms_sign_options sign = {.is_signed = choose_signed(args)};
	int status, saved;

	cli_doc_add(cli, "dry_run", cli_json_bool(true, options->dry_run));
	if (cli_args_has(args, CLI_OPT_BUNDLE))
		sign.bundle = bundle = cli_check(ms_bundle_new());
	if (cli_tree_open(cli, args->operands, args->n_operands, options, &tree) !=
	    CLI_YES)
		return CLI_TROUBLE;
	status = cli_report(cli, tree, ms_tree_sign(cli->ctx, tree, signer, &sign),
			    item_json);
	saved = save_bundle(cli, args, bundle, options, status);
	if (saved > status)
		status = saved;
	if (status == CLI_YES &&
	    cli_count_outcome(tree, MS_OUTCOME_SKIPPED) == ms_tree_count(tree)) {
		cli_warn(cli, "nothing was signed: every module is signed already");
		return CLI_NO;
	}
	return status;
}

int cmd_sign(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	struct ms_tree_options options;

	if (!cli_args_has(args, CLI_OPT_KEY))
		return cli_usage(cli, "--key is missing: the private key to sign with");
	if (cli_args_has(args, CLI_OPT_BUNDLE) && cli_args_has(args, CLI_OPT_OUTPUT_DIR))
		return cli_usage(cli, "--bundle and --output exclude each other");
	if (cli_tree_options(cli, args, &options) != CLI_YES)
		return CLI_TROUBLE;
	/* for a bundle the tree is only read, and may be read-only */
	options.writes = !cli_args_has(args, CLI_OPT_BUNDLE);
	if (open_signer(cli, args, &signer) != CLI_YES)
		return CLI_TROUBLE;
	report_signer(cli, signer);
	return sign_tree(cli, args, &options, signer);
}
