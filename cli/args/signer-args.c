/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From arguments to a signer, and what is said of it. */

#include "signer-args.h"

#include <string.h>

#include <modseal/config.h>

#include "../cleanup.h"
#include "../output/json.h"
#include "../secret.h"
#include "store-args.h"

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

static bool wants_store(const struct cli_args *args)
{
	return cli_args_has(args, CLI_OPT_STORE) ||
	       cli_args_has(args, CLI_OPT_FOR_KERNEL);
}

int cli_signer_check(struct cli *cli, const struct cli_args *args)
{
	if (!wants_store(args) && !cli_args_has(args, CLI_OPT_KEY))
		return cli_usage(cli, "--key is missing: the private key to sign with");
	if (wants_store(args) &&
	    (cli_args_has(args, CLI_OPT_KEY) || cli_args_has(args, CLI_OPT_CERT)))
		return cli_usage(cli, "--key and --cert exclude a key store");
	if (cli_args_has(args, CLI_OPT_ROOT) && !cli_args_has(args, CLI_OPT_FOR_KERNEL))
		return cli_usage(cli, "--root says where --for-kernel looks");
	return CLI_YES;
}

/* The key of a store's generation, which @store lends to @options. */
static int take_from_store(struct cli *cli, const struct cli_args *args,
			   struct ms_keystore **store, struct ms_signer_options *options)
{
	const char *release = cli_args_value(args, CLI_OPT_FOR_KERNEL);
	const struct ms_generation *generation;
	int r;

	if (cli_store_open(cli, args, false, store) != CLI_YES)
		return CLI_TROUBLE;
	r = release ? ms_keystore_for_kernel(cli->ctx, *store, release, &generation)
		    : ms_keystore_current(cli->ctx, *store, &generation);
	if (r < 0)
		return cli_run_failed(cli);
	cli_doc_add(cli, "generation", cli_json_text(generation->name));
	if (cli->verbose && !cli->quiet)
		cli_line(cli, "key generation: %s", generation->path);
	options->key = generation->key;
	options->cert = generation->cert;
	if (options->hash == MS_HASH_NONE)
		options->hash = generation->hash;
	return CLI_YES;
}

int cli_signer_open(struct cli *cli, const struct cli_args *args, struct ms_signer **ret)
{
	struct cli_secret secret = {
		.cli = cli,
		.pin_file = cli_args_value(args, CLI_OPT_PIN_FILE),
	};
	struct ms_signer_options options = {
		.size = sizeof(options),
		.key = cli_args_value(args, CLI_OPT_KEY),
		.cert = cli_args_value(args, CLI_OPT_CERT),
		.use_skid = cli_args_has(args, CLI_OPT_SKID),
		.nonce = choose_nonce(args),
		.secret = cli_secret,
		.secret_userdata = &secret,
	};
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	int r;

	if (choose_hash(cli, args, &options.hash) != CLI_YES)
		return CLI_TROUBLE;
	if (wants_store(args) && take_from_store(cli, args, &store, &options) != CLI_YES)
		return CLI_TROUBLE;
	r = ms_signer_open(cli->ctx, &options, ret);
	cli_secret_forget();
	return r < 0 ? cli_run_failed(cli) : CLI_YES;
}

/* RSA as the kernel takes it (PKCS#1 v1.5) has no nonce at all */
static const char *nonce_name(const struct ms_signer *signer)
{
	if (strncmp(ms_signer_key_type(signer), "rsa", 3) == 0)
		return "not-applicable";
	return ms_signer_is_deterministic(signer) ? "deterministic" : "random";
}

void cli_signer_report(struct cli *cli, const struct ms_signer *signer)
{
	json_object *object = cli_check(json_object_new_object());
	const char *hash = ms_hash_name(ms_signer_hash(signer));
	bool deterministic = ms_signer_is_deterministic(signer);
	const char *skid = ms_signer_skid(signer);

	cli_json_add(object, "key_type", cli_json_text(ms_signer_key_type(signer)));
	cli_json_add(object, "hash", cli_json_text(hash));
	cli_json_add(object, "subject", cli_json_text(ms_signer_subject(signer)));
	cli_json_add(object, "serial", cli_json_text(ms_signer_serial(signer)));
	cli_json_add(object, "skid", *skid ? cli_json_text(skid) : NULL);
	cli_json_add(object, "deterministic", cli_json_bool(true, deterministic));
	cli_json_add(object, "nonce", cli_json_text(nonce_name(signer)));
	cli_doc_add(cli, "signer", object);
	if (cli->verbose && !cli->quiet)
		cli_line(cli, "signer: %s, %s with %s, %s", ms_signer_subject(signer),
			 ms_signer_key_type(signer), hash,
			 deterministic ? "deterministic" : "random nonces");
}
