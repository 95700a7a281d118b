/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal key new: a key and its certificate, into a file, a token or a key store.
 *
 * A passphrase that encrypts is given on purpose (--encrypt, --pin-file), never because
 * some variable of the environment happens to be set: nobody else would know it.
 */

#include <string.h>

#include <modseal/config.h>
#include <modseal/key.h>
#include <modseal/secret.h>

#include "commands.h"
#include "../args/key-args.h"
#include "../args/store-args.h"
#include "../cleanup.h"
#include "../output/json.h"
#include "../secret.h"

/* What --type and --hash say, else the configuration, else the defaults. */
static int choose_kind(struct cli *cli, const struct cli_args *args,
		       struct ms_key_request *request)
{
	const char *config = cli_args_value(args, CLI_OPT_KEY_CONFIG);
	const char *hash = cli_args_value(args, CLI_OPT_HASH);
	int r = 0;

	request->type = cli_args_value(args, CLI_OPT_KEY_TYPE);
	if (!request->type && config)
		r = ms_key_type_from_config(cli->ctx, config, &request->type);
	if (!request->type)
		request->type = "p384";
	if (r == 0 && hash)
		r = ms_hash_from_name(cli->ctx, hash, &request->hash);
	else if (r == 0 && config)
		r = ms_hash_from_config(cli->ctx, config, &request->hash);
	return r < 0 ? cli_error_ctx(cli) : CLI_YES;
}

static int check_usage(struct cli *cli, const struct cli_args *args)
{
	bool output = cli_args_has(args, CLI_OPT_OUTPUT_KEY);

	if (output && cli_args_has(args, CLI_OPT_STORE))
		return cli_usage(cli, "--output and --store exclude each other");
	if (!output && cli_args_has(args, CLI_OPT_FORCE_KEY))
		return cli_usage(cli, "--force replaces what --output names");
	if (cli_args_has(args, CLI_OPT_TOKEN) && cli_args_has(args, CLI_OPT_ENCRYPT))
		return cli_usage(cli, "--encrypt is not for keys in tokens");
	return CLI_YES;
}

/* What was made, wherever it is. */
struct made {
	const char *key;  /* the file, or the URI */
	const char *cert; /* the file; or NULL */
	bool in_token;
	bool encrypted;
	enum ms_hash hash; /* of the certificate's signature */
	const struct ms_cert_info *info;
};

static json_object *made_json(const struct made *made)
{
	json_object *object = cli_check(json_object_new_object());
	const struct ms_cert_info *info = made->info;
	const char *hash = made->hash ? ms_hash_name(made->hash) : NULL;

	cli_json_add(object, "path", made->in_token ? NULL : cli_json_text(made->key));
	cli_json_add(object, "uri", made->in_token ? cli_json_key(made->key) : NULL);
	cli_json_add(object, "certificate", cli_json_text(made->cert));
	cli_json_add(object, "type", cli_json_text(info->key_type));
	cli_json_add(object, "hash", cli_json_text(hash));
	cli_json_add(object, "encrypted", cli_json_bool(true, made->encrypted));
	cli_json_add(object, "subject", cli_json_text(info->subject));
	cli_json_add(object, "serial", cli_json_text(info->serial));
	cli_json_add(object, "skid", cli_json_text(info->skid));
	cli_json_add(object, "not_before", cli_json_text(info->not_before));
	cli_json_add(object, "not_after", cli_json_text(info->not_after));
	cli_json_add(object, "sha256", cli_json_text(info->sha256));
	return object;
}

static int report(struct cli *cli, const struct made *made)
{
	const struct ms_cert_info *info = made->info;
	_cleanup_string_ char *key = cli_check(ms_without_pin(made->key));

	cli_doc_add(cli, "key", made_json(made));
	if (cli->quiet)
		return CLI_YES;
	cli_verdict_line(cli, key, CLI_GREEN, "made", "");
	cli_line(cli, "  key type    %s%s", info->key_type,
		 made->encrypted ? ", encrypted" : "");
	if (made->cert)
		cli_line(cli, "  certificate %s", made->cert);
	cli_line(cli, "  subject     %s", info->subject);
	cli_line(cli, "  serial      %s", info->serial);
	cli_line(cli, "  validity    %s to %s", info->not_before, info->not_after);
	cli_line(cli, "  sha256      %s", info->sha256);
	return CLI_YES;
}

static void free_made_key(struct ms_made_key **key)
{
	ms_made_key_free(*key);
}

/* Into a file, or into a token and nowhere else. */
static int make_alone(struct cli *cli, const struct cli_args *args,
		      const struct ms_key_request *request, bool encrypted)
{
	_cleanup_(free_made_key) struct ms_made_key *key = NULL;
	const char *token = cli_args_value(args, CLI_OPT_TOKEN);
	const struct ms_key_output output = {
		.size = sizeof(output),
		.path = cli_args_value(args, CLI_OPT_OUTPUT_KEY),
		.replace = cli_args_has(args, CLI_OPT_FORCE_KEY),
		.no_sync = cli_args_has(args, CLI_OPT_NO_SYNC),
	};
	int r = token ? ms_key_new_token(cli->ctx, request, token, &output, &key)
		      : ms_key_new_file(cli->ctx, request, &output, &key);
	struct made made = {.in_token = token != NULL, .encrypted = encrypted};

	if (r < 0)
		return cli_run_failed(cli);
	made.key = key->key;
	made.cert = key->cert;
	made.hash = key->hash;
	made.info = key->info;
	return report(cli, &made);
}

/* Into a store, as its newest and current generation. */
static int make_generation(struct cli *cli, const struct cli_args *args,
			   const struct ms_key_request *request, bool encrypted)
{
	_cleanup_(cli_free_store) struct ms_keystore *store = NULL;
	const struct ms_generation *generation;
	struct made made = {.encrypted = encrypted};

	if (cli_store_open(cli, args, true, &store) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_keystore_add(cli->ctx, store, request, cli_args_value(args, CLI_OPT_TOKEN),
			    cli_args_has(args, CLI_OPT_NO_WAIT), &generation) < 0)
		return cli_run_failed(cli);
	cli_doc_add(cli, "generation", cli_generation_json(generation));
	made.key = generation->key;
	made.cert = generation->cert;
	made.in_token = generation->in_token;
	made.info = generation->info;
	if (strncmp(made.info->key_type, "mldsa", 5) != 0)
		made.hash = request->hash ? request->hash : MS_HASH_SHA512;
	return report(cli, &made);
}

int cmd_key_new(struct cli *cli, const struct cli_args *args)
{
	bool token = cli_args_has(args, CLI_OPT_TOKEN);
	bool alone = cli_args_has(args, CLI_OPT_OUTPUT_KEY) ||
		     (token && !cli_args_has(args, CLI_OPT_STORE));
	bool encrypted = !token && (cli_args_has(args, CLI_OPT_ENCRYPT) ||
				    cli_args_has(args, CLI_OPT_PIN_FILE));
	struct cli_secret secret = {
		.cli = cli,
		.pin_file = cli_args_value(args, CLI_OPT_PIN_FILE),
		.twice = encrypted,
	};
	struct ms_key_request request = {
		.size = sizeof(request),
		.secret = token || encrypted ? cli_secret : NULL,
		.secret_userdata = &secret,
	};
	int status;

	if (check_usage(cli, args) != CLI_YES ||
	    cli_key_certificate(cli, args, &request) != CLI_YES ||
	    choose_kind(cli, args, &request) != CLI_YES)
		return CLI_TROUBLE;
	status = alone ? make_alone(cli, args, &request, encrypted)
		       : make_generation(cli, args, &request, encrypted);
	cli_secret_forget();
	return status;
}
