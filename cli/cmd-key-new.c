/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal key new: a key and its certificate, into a file or a token.
 *
 * A passphrase that encrypts is given on purpose (--encrypt, --pin-file), never because
 * some variable of the environment happens to be set: nobody else would know it.
 */

#include <modseal/config.h>
#include <modseal/key.h>

#include "cmd.h"
#include "run.h"
#include "secret.h"
#include "util.h"

enum { MAX_DAYS = 2900000 }; /* the library's */

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

static int choose_certificate(struct cli *cli, const struct cli_args *args,
			      struct ms_key_request *request)
{
	const char *days = cli_args_value(args, CLI_OPT_DAYS);
	uint64_t n = 0;

	if (days && !cli_parse_number(days, MAX_DAYS, &n))
		return cli_usage(cli, "'%s' is no number of days from 1 to %d", days,
				 MAX_DAYS);
	request->days = (unsigned)n;
	request->cn = cli_args_value(args, CLI_OPT_CN);
	request->genkey = cli_args_value(args, CLI_OPT_GENKEY);
	request->code_signing = cli_args_has(args, CLI_OPT_CODE_SIGNING);
	return CLI_YES;
}

static int check_usage(struct cli *cli, const struct cli_args *args)
{
	bool token = cli_args_has(args, CLI_OPT_TOKEN);

	if (!token && !cli_args_has(args, CLI_OPT_OUTPUT_KEY))
		return cli_usage(cli, "--output or --token is missing: where the key goes");
	if (token && cli_args_has(args, CLI_OPT_ENCRYPT))
		return cli_usage(cli, "--encrypt is not for keys in tokens");
	if (cli_args_has(args, CLI_OPT_CN) && cli_args_has(args, CLI_OPT_GENKEY))
		return cli_usage(cli, "--cn and --genkey exclude each other");
	return CLI_YES;
}

static void report(struct cli *cli, const struct ms_made_key *made, bool in_token,
		   bool encrypted)
{
	json_object *object = cli_check(json_object_new_object());
	const struct ms_cert_info *info = &made->info;
	const char *hash = made->hash ? ms_hash_name(made->hash) : NULL;

	cli_json_add(object, "path", in_token ? NULL : cli_json_text(made->key));
	/* a URI has its own escapes, of what is not plain ASCII */
	cli_json_add(object, "uri",
		     in_token ? cli_check(json_object_new_string(made->key)) : NULL);
	cli_json_add(object, "certificate", cli_json_text(made->cert));
	cli_json_add(object, "type", cli_json_text(info->key_type));
	cli_json_add(object, "hash", cli_json_text(hash));
	cli_json_add(object, "encrypted", cli_json_bool(true, encrypted));
	cli_json_add(object, "subject", cli_json_text(info->subject));
	cli_json_add(object, "serial", cli_json_text(info->serial));
	cli_json_add(object, "skid", cli_json_text(info->skid));
	cli_json_add(object, "not_before", cli_json_text(info->not_before));
	cli_json_add(object, "not_after", cli_json_text(info->not_after));
	cli_json_add(object, "sha256", cli_json_text(info->sha256));
	cli_doc_add(cli, "key", object);
	if (cli->quiet)
		return;
	cli_verdict_line(cli, made->key, CLI_GREEN, "made", "");
	cli_line(cli, "  key type    %s%s", info->key_type,
		 encrypted ? ", encrypted" : "");
	if (made->cert)
		cli_line(cli, "  certificate %s", made->cert);
	cli_line(cli, "  subject     %s", info->subject);
	cli_line(cli, "  serial      %s", info->serial);
	cli_line(cli, "  validity    %s to %s", info->not_before, info->not_after);
	cli_line(cli, "  sha256      %s", info->sha256);
}

int cmd_key_new(struct cli *cli, const struct cli_args *args)
{
	_cleanup_(ms_made_key_done) struct ms_made_key made = {0};
	const char *token = cli_args_value(args, CLI_OPT_TOKEN);
	bool encrypted = !token && (cli_args_has(args, CLI_OPT_ENCRYPT) ||
				    cli_args_has(args, CLI_OPT_PIN_FILE));
	struct cli_secret secret = {
		.cli = cli,
		.pin_file = cli_args_value(args, CLI_OPT_PIN_FILE),
		.twice = encrypted,
	};
	struct ms_key_request request = {
		.secret = token || encrypted ? cli_secret : NULL,
		.secret_userdata = &secret,
	};
	const struct ms_key_output output = {
		.path = cli_args_value(args, CLI_OPT_OUTPUT_KEY),
		.replace = cli_args_has(args, CLI_OPT_FORCE_KEY),
		.no_sync = cli_args_has(args, CLI_OPT_NO_SYNC),
	};
	int r;

	if (check_usage(cli, args) != CLI_YES ||
	    choose_certificate(cli, args, &request) != CLI_YES ||
	    choose_kind(cli, args, &request) != CLI_YES)
		return CLI_TROUBLE;
	if (token)
		r = ms_key_new_token(cli->ctx, &request, token, &output, &made);
	else
		r = ms_key_new_file(cli->ctx, &request, &output, &made);
	cli_secret_forget();
	if (r < 0)
		return cli_run_failed(cli);
	report(cli, &made, token != NULL, encrypted);
	return CLI_YES;
}
