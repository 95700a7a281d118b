/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From arguments to trust. The order matters: what limits or overrides a kernel image
 * (--no-crypto-modules, --kernel-config, --kernel-release) is set before the image is
 * read. A source that cannot be read whole ends the run: with less trust the verdicts
 * would be wrong in one way, with fewer revocations in a worse one.
 */

#include "trust-args.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/system.h>

#include "../cleanup.h"
#include "../output/json.h"

static int failed(struct cli *cli, int r)
{
	return r < 0 ? cli_run_failed(cli) : CLI_YES;
}

int cli_trust_add_all(struct cli *cli, const struct cli_args *args,
		      struct ms_trust *trust)
{
	for (size_t i = 0; i < args->counts[CLI_OPT_TRUST]; i++)
		if (ms_trust_add(cli->ctx, trust, args->values[CLI_OPT_TRUST][i]) < 0)
			return cli_run_failed(cli);
	for (size_t i = 0; i < args->counts[CLI_OPT_REVOKED]; i++)
		if (ms_trust_add_revoked(cli->ctx, trust,
					 args->values[CLI_OPT_REVOKED][i]) < 0)
			return cli_run_failed(cli);
	return CLI_YES;
}

int cli_trust_add_signers(struct cli *cli, const struct cli_args *args,
			  struct ms_trust *trust)
{
	if (cli_trust_add_all(cli, args, trust) != CLI_YES)
		return CLI_TROUBLE;
	if (!ms_trust_count(trust))
		return cli_error(cli, "the trust sources hold no certificate");
	return CLI_YES;
}

static int no_source(struct cli *cli, const char *text)
{
	return cli_error_text(cli, text,
			      "say what to trust: --kernel IMAGE or --trust SRC");
}

/* The one release that all operands belong to. */
static int find_release(struct cli *cli, const struct cli_args *args, char **ret)
{
	_cleanup_string_ char *release = NULL;

	for (size_t i = 0; i < args->n_operands; i++) {
		_cleanup_string_ char *one = NULL, *text = NULL;

		ms_system_release_of(cli->ctx, NULL, args->operands[i], &one);
		if (one && (!release || strcmp(one, release) == 0)) {
			if (!release)
				release = cli_steal(&one);
			continue;
		}
		if (!one && access(args->operands[i], F_OK) < 0)
			return cli_error(cli, "cannot open '%s': %s", args->operands[i],
					 strerror(errno));
		text = one ? cli_format("modules of two kernels, %s and %s, and no trust "
					"source",
					release, one)
			   : cli_format("no trust source for '%s'", args->operands[i]);
		return no_source(cli, text);
	}
	*ret = cli_steal(&release);
	return CLI_YES;
}

static int find_image(struct cli *cli, const struct cli_args *args, char **ret)
{
	const char *image = cli_args_value(args, CLI_OPT_KERNEL);
	_cleanup_string_ char *release = NULL;

	*ret = NULL;
	if (image) {
		*ret = cli_check(strdup(image));
		return CLI_YES;
	}
	if (cli_args_has(args, CLI_OPT_TRUST))
		return CLI_YES;
	if (find_release(cli, args, &release) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_system_kernel_image(cli->ctx, NULL, release, ret) < 0)
		return cli_error_text(cli, ms_ctx_message(cli->ctx),
				      "give the image as --kernel");
	return CLI_YES;
}

static int fill(struct cli *cli, const struct cli_args *args, const char *image,
		struct ms_trust *trust)
{
	const char *config = cli_args_value(args, CLI_OPT_KERNEL_CONFIG);
	const char *release = cli_args_value(args, CLI_OPT_KERNEL_RELEASE);
	int r = 0;

	if (cli_args_has(args, CLI_OPT_NO_CRYPTO_MODULES))
		ms_trust_set_no_crypto_modules(trust);
	if (config)
		r = ms_trust_set_config(cli->ctx, trust, config);
	if (r == 0 && release)
		r = ms_trust_set_release(cli->ctx, trust, release);
	if (r == 0 && image)
		r = ms_trust_add_kernel(cli->ctx, trust, image);
	if (r < 0)
		return failed(cli, r);
	if (cli_trust_add_all(cli, args, trust) != CLI_YES)
		return CLI_TROUBLE;
	if (!ms_trust_count(trust) && !ms_trust_hashes(trust))
		return no_source(cli, "the trust sources hold no certificate");
	return CLI_YES;
}

int cli_trust_build(struct cli *cli, const struct cli_args *args, struct ms_trust **ret,
		    char **ret_image)
{
	_cleanup_(cli_free_trust) struct ms_trust *trust = cli_check(ms_trust_new());
	_cleanup_string_ char *image = NULL;

	if (find_image(cli, args, &image) != CLI_YES ||
	    fill(cli, args, image, trust) != CLI_YES)
		return CLI_TROUBLE;
	*ret = cli_steal(&trust);
	*ret_image = cli_steal(&image);
	return CLI_YES;
}

void cli_trust_assumed(struct cli *cli, const struct ms_trust *trust)
{
	json_object *list = cli_check(json_object_new_array());
	const char *text;

	for (size_t i = 0; (text = ms_trust_assumed(trust, i)); i++) {
		json_object_array_add(list, cli_json_text(text));
		if (cli->verbose && !cli->quiet)
			cli_line(cli, "assumed: %s", text);
	}
	cli_doc_add(cli, "assumed", list);
}
