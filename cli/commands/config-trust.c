/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal config trust: certificates that kernels are to have built in. */

#include <modseal/config.h>

#include "commands.h"
#include "../cleanup.h"
#include "../output/certs.h"
#include "../output/json.h"

static void free_trusted(struct ms_trusted_configs **trusted)
{
	ms_trusted_configs_free(*trusted);
}

static json_object *config_json(const struct ms_config_trusted *trusted)
{
	json_object *object = cli_check(json_object_new_object());
	json_object *certificates = cli_check(json_object_new_array());

	for (size_t i = 0; i < ms_cert_list_count(trusted->certs); i++)
		json_object_array_add(certificates,
				      cli_cert_json(ms_cert_list_at(trusted->certs, i)));
	cli_json_add(object, "path", cli_json_path(trusted->path));
	cli_json_add(object, "result",
		     cli_json_text(trusted->changed ? "changed" : "unchanged"));
	cli_json_add(object, "keys", cli_json_text(trusted->keys));
	cli_json_add(object, "added",
		     cli_check(json_object_new_int64((int64_t)trusted->added)));
	cli_json_add(object, "certificates", certificates);
	return object;
}

static void show(const struct cli *cli, const struct ms_config_trusted *trusted)
{
	size_t count = ms_cert_list_count(trusted->certs);
	const struct ms_cert_info *cert;

	if (cli->quiet)
		return;
	cli_path_line(cli, trusted->path, "%s: %zu certificate%s, %zu of them new",
		      trusted->keys, count, count == 1 ? "" : "s", trusted->added);
	for (size_t i = 0; (cert = ms_cert_list_at(trusted->certs, i)); i++)
		cli_line(cli, "  %s (%s, serial %s)", cert->subject, cert->key_type,
			 cert->serial);
}

int cmd_config_trust(struct cli *cli, const struct cli_args *args)
{
	const char *output = cli_args_value(args, CLI_OPT_OUTPUT_TRUSTED);
	size_t n_paths = args->n_operands - 1;
	_cleanup_(free_trusted) struct ms_trusted_configs *trusted = NULL;
	const struct ms_config_trusted *one;
	json_object *configs;

	if (output && n_paths != 1)
		return cli_usage(cli, "--output is for a single FILE");
	if (ms_config_trust(cli->ctx, args->operands[0], args->operands + 1, n_paths,
			    output, &trusted) < 0)
		return cli_error_ctx(cli);
	configs = cli_check(json_object_new_array());
	for (size_t i = 0; (one = ms_trusted_configs_at(trusted, i)); i++) {
		json_object_array_add(configs, config_json(one));
		show(cli, one);
	}
	cli_doc_add(cli, "configs", configs);
	return CLI_YES;
}
