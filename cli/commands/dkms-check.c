/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal dkms check: is everything that DKMS has built signed as it should be?
 *
 * DKMS goes on where its signer fails. This is the hook that does not: after the build,
 * and once more before the modules are installed. Only a verdict on every module found,
 * and at least one found, lets it go on. The verdict is the kernel's: a module that the
 * image of --kernel knows by its hash needs no signature.
 */

#include <string.h>

#include <modseal/config.h>

#include "commands.h"
#include "../names/dkms-hook.h"
#include "../output/dkms.h"
#include "../args/trust-args.h"
#include "../cleanup.h"
#include "../output/verdicts.h"
#include "../output/json.h"
#include "../args/tree-args.h"

static int add_store(struct cli *cli, const char *store, const char *release,
		     struct ms_trust *trust)
{
	_cleanup_string_ char *key = NULL, *cert = NULL;

	if (!release)
		return cli_usage(cli,
				 "--kernel-release is missing: whose key of the store");
	if (ms_dkms_store_key(cli->ctx, store, release, &key, &cert) < 0 ||
	    ms_trust_add(cli->ctx, trust, cert) < 0)
		return cli_error_ctx(cli);
	return CLI_YES;
}

/* Nobody said whom to trust: those with whose key DKMS is to sign. */
static int add_configured(struct cli *cli, const char *release, struct ms_trust *trust)
{
	_cleanup_(cli_free_dkms_settings) struct ms_dkms_settings *settings = NULL;
	const char *store, *cert = NULL;
	int r;

	if (cli_dkms_settings(cli, NULL, release, &settings) != CLI_YES)
		return CLI_TROUBLE;
	r = ms_dkms_setting_get(cli->ctx, settings, MS_DKMS_STORE, &store);
	if (r == 0 && store)
		return add_store(cli, store, release, trust);
	if (r == 0)
		r = ms_dkms_setting_get(cli->ctx, settings, MS_DKMS_CERTIFICATE, &cert);
	if (r == 0 && !cert)
		return cli_error_text(
			cli, "DKMS is not told which certificate is the key's",
			"'modseal dkms setup' tells it; or say whom to trust: "
			"--trust SRC");
	if (r < 0)
		return cli_error_text(cli, ms_ctx_message(cli->ctx),
				      "say whom to trust: --trust SRC");
	return ms_trust_add(cli->ctx, trust, cert) < 0 ? cli_error_ctx(cli) : CLI_YES;
}

/*
 * The algorithms are those of the kernel that it was built for, as far as that is known.
 */
static int set_rules(struct cli *cli, const char *release, struct ms_trust *trust)
{
	_cleanup_string_ char *config = NULL;

	if (!release)
		return CLI_YES;
	config = cli_format("/lib/modules/%s/build/.config", release);
	if (ms_trust_set_release(cli->ctx, trust, release) < 0 ||
	    (access(config, R_OK) == 0 &&
	     ms_trust_set_config(cli->ctx, trust, config) < 0))
		return cli_error_ctx(cli);
	return CLI_YES;
}

static int build_trust(struct cli *cli, const struct cli_args *args, const char *release,
		       struct ms_trust *trust)
{
	const char *image = cli_args_value(args, CLI_OPT_KERNEL);
	const char *store = cli_args_value(args, CLI_OPT_DKMS_STORE);

	if (set_rules(cli, release, trust) != CLI_YES)
		return CLI_TROUBLE;
	if (image && ms_trust_add_kernel(cli->ctx, trust, image) < 0)
		return cli_error_ctx(cli);
	if (cli_trust_add_all(cli, args, trust) != CLI_YES ||
	    (store && add_store(cli, store, release, trust) != CLI_YES))
		return CLI_TROUBLE;
	if (!image && !store && !cli_args_has(args, CLI_OPT_TRUST) &&
	    add_configured(cli, release, trust) != CLI_YES)
		return CLI_TROUBLE;
	if (!ms_trust_count(trust) && !ms_trust_hashes(trust))
		return cli_error(cli, "the trust sources hold no certificate");
	return CLI_YES;
}

/*
 * Kernels that unpack modules themselves refuse what DKMS 3.0 makes with xz: CRC64. Where
 * the kernel is known not to, modprobe does it.
 */
static void warn_of_packing(const struct cli *cli, const struct ms_tree *tree,
			    const char *release)
{
	_cleanup_string_ char *config =
		cli_format("/lib/modules/%s/build/.config", release ? release : "");
	_cleanup_string_ char *unpacks = NULL;

	if (release && access(config, R_OK) == 0 &&
	    ms_config_get(cli->ctx, config, "MODULE_DECOMPRESS", &unpacks) == 0 &&
	    (!unpacks || strcmp(unpacks, "y") != 0))
		return;
	for (size_t i = 0; i < ms_tree_count(tree); i++) {
		const struct ms_item *item = ms_tree_item(tree, i);

		if (item->kernel_decompress == MS_KERNEL_DECOMPRESS_REFUSED)
			cli_warn(cli, "'%s': the kernel's own decoder would refuse it",
				 item->path);
	}
}

static int verify(struct cli *cli, const struct cli_args *args, const char *release,
		  const char *built)
{
	_cleanup_(cli_free_trust) struct ms_trust *trust = cli_check(ms_trust_new());
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const struct ms_verify_options options = {.size = sizeof(options),
						  .want_payload_sha256 = cli->json};
	const struct cli_question question = {.has_mode = false};
	struct ms_tree_options tree_options;
	int status;

	if (cli_tree_options(cli, args, &tree_options) != CLI_YES ||
	    build_trust(cli, args, release, trust) != CLI_YES)
		return CLI_TROUBLE;
	cli_trust_assumed(cli, trust);
	if (cli_tree_open(cli, &built, 1, &tree_options, &tree) != CLI_YES)
		return CLI_TROUBLE;
	status = cli_verdicts(cli, args, tree,
			      ms_tree_verify(cli->ctx, tree, trust, &options), &question);
	warn_of_packing(cli, tree, release);
	return status;
}

/* The hook has failed: DKMS must not go on with what it has. */
static void refuse(struct cli *cli, const struct cli_args *args, enum ms_dkms_hook hook,
		   const char *built)
{
	bool gone = false;

	if (hook == MS_DKMS_HOOK_POST_BUILD &&
	    ms_dkms_discard(cli->ctx, built, &gone) < 0)
		cli_error_ctx(cli);
	cli_doc_add(cli, "discarded", cli_json_bool(true, gone));
	if (gone)
		cli_message(
			"what was built is discarded: it is not signed as it should be",
			"mend the signing (the signer's message stands above, or in "
			"make.log), then build again");
	else if (hook == MS_DKMS_HOOK_PRE_INSTALL)
		cli_message(
			"this is not to be installed: it is not signed as it should be",
			"'dkms unbuild' it, mend the signing, and build again");
	if (cli_args_has(args, CLI_OPT_END_DKMS) && cli_dkms_end_parent())
		cli_message("this DKMS takes no notice of a failing hook, so it is ended",
			    NULL);
}

static enum ms_dkms_hook hook_of(const struct cli_args *args)
{
	/* in the order of the option's values */
	static const enum ms_dkms_hook hooks[] = {MS_DKMS_HOOK_POST_BUILD,
						  MS_DKMS_HOOK_PRE_INSTALL};
	const char *name = cli_args_value(args, CLI_OPT_HOOK);

	return name ? hooks[cli_parse_choice(cli_options[CLI_OPT_HOOK].values, name)]
		    : MS_DKMS_HOOK_NONE;
}

/* Called without a directory: from DKMS's build directory and environment. */
static int find_built(struct cli *cli, const char *release, char **ret)
{
	if (!release)
		release = getenv("kernelver");
	if (release && *release &&
	    ms_dkms_find_built(cli->ctx, release, getenv("arch"), ret) == 0)
		return CLI_YES;
	return cli_error_text(cli, "cannot tell what DKMS has built",
			      "name the directory with the modules, "
			      "TREE/MODULE/VERSION/KERNEL/ARCH/module");
}

int cmd_dkms_check(struct cli *cli, const struct cli_args *args)
{
	const char *release = cli_args_value(args, CLI_OPT_KERNEL_RELEASE);
	enum ms_dkms_hook hook = hook_of(args);
	_cleanup_string_ char *built = NULL;
	int status = CLI_YES;

	if (args->n_operands > 1 && hook == MS_DKMS_HOOK_NONE)
		return cli_usage(cli, "one argument too many: '%s'", args->operands[1]);
	if (args->n_operands)
		built = cli_check(strdup(args->operands[0]));
	else if (find_built(cli, release, &built) != CLI_YES)
		return CLI_TROUBLE;
	cli_doc_add(cli, "built", cli_json_text(built));
	cli_doc_add(cli, "kernel_release", cli_json_text(release));
	if (args->n_operands > 1)
		status = cli_dkms_run_script(cli, hook, built, args->operands + 1,
					 args->n_operands - 1);
	if (status == CLI_YES)
		status = verify(cli, args, release, built);
	if (status != CLI_YES && hook != MS_DKMS_HOOK_NONE)
		refuse(cli, args, hook, built);
	return status;
}
