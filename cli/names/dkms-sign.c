/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal in the place of DKMS's sign_file: `modseal-dkms-sign HASH KEY CERT FILE`, and
 * nothing else.
 *
 * It is the sign-file personality with three differences: what is no module is refused;
 * a KEY that lies in a store stands for the key of that store which the module's own
 * kernel trusts; and the file with the passphrase or PIN may be named in modseal.conf.
 *
 * DKMS goes on where this fails. What does not is the hook, see commands/dkms-check.c. Of a
 * module that has none nobody would notice, so its file, which DKMS has just built and
 * can build again, is taken away: what is not there cannot be installed unsigned. DKMS
 * since 3.2 fails by that. Older ones end in 0 all the same, and take what is left for a
 * build that is done; they are ended, and that is discarded.
 */

#include <errno.h>
#include <string.h>

#include "dkms-hook.h"
#include "../output/dkms.h"
#include "names.h"
#include "sign-file-request.h"
#include "../signals.h"
#include "../cleanup.h"

/*
 * The kernel that the module was built for, by its own vermagic; to free(). NULL: it does
 * not say; where it cannot be read, *@ret_why tells why, to free().
 */
static char *release_in(const struct request *request, char **ret_why)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const struct ms_tree_options options = {.size = sizeof(options), .jobs = 1};
	const struct ms_item *item;
	const char *vermagic;

	*ret_why = NULL;
	if (ms_tree_open(request->ctx, &request->module, 1, &options, &tree) < 0 ||
	    ms_tree_show(request->ctx, tree) < 0) {
		*ret_why = cli_check(strdup(ms_ctx_message(request->ctx)));
		return NULL;
	}
	item = ms_tree_item(tree, 0);
	vermagic = item->modinfo ? item->modinfo->vermagic : NULL;
	if (item->message)
		*ret_why = cli_check(strdup(item->message));
	else if (vermagic && vermagic[strcspn(vermagic, " ")])
		return cli_check(strndup(vermagic, strcspn(vermagic, " ")));
	return NULL;
}

static int release_of(const struct request *request, char **ret)
{
	_cleanup_string_ char *why = NULL;

	*ret = release_in(request, &why);
	if (*ret)
		return OK;
	if (why)
		return sign_file_fail(request, "%s", why);
	return sign_file_fail(request, "'%s' does not say which kernel it is for",
			      request->module);
}

/* The key to sign with, where the one that was named lies in a store. */
struct generation {
	char *key, *cert;
};

static void generation_done(struct generation *generation)
{
	free(generation->key);
	free(generation->cert);
}

static int choose_generation(struct request *request, struct generation *ret)
{
	_cleanup_string_ char *store = NULL;
	_cleanup_string_ char *release = NULL;

	if (ms_dkms_store_of(request->ctx, request->key, &store) < 0)
		return sign_file_fail_ctx(request);
	if (!store)
		return OK;
	if (release_of(request, &release) != OK)
		return FAILED;
	if (ms_dkms_store_key(request->ctx, store, release, &ret->key, &ret->cert) < 0)
		return sign_file_fail_ctx(request);
	request->key = ret->key;
	request->cert = ret->cert;
	return OK;
}

/* Is the certificate the one that was set up? Nobody is to sign with another. */
static int check_settings(struct request *request, const struct ms_dkms_settings *settings)
{
	int r = ms_dkms_setting_get(request->ctx, settings, MS_DKMS_PIN_FILE,
				    &request->pin_file);

	if (r == 0)
		r = ms_dkms_check_certificate(request->ctx, settings, request->cert);
	if (r == 0)
		return OK;
	cli_dkms_error(&request->cli, r == -EKEYREJECTED ? MS_DKMS_FAULT_CHANGED
							 : MS_DKMS_FAULT_OTHER);
	return FAILED;
}

static int sign(struct request *request)
{
	_cleanup_(cli_free_dkms_settings) struct ms_dkms_settings *settings = NULL;
	_cleanup_(generation_done) struct generation generation = {0};

	if (cli_dkms_settings(&request->cli, NULL, NULL, &settings) != CLI_YES ||
	    check_settings(request, settings) != OK ||
	    choose_generation(request, &generation) != OK)
		return FAILED;
	return sign_file_sign(request);
}

/* An old DKMS would end in 0, and build nothing the next time. */
static void end_deaf_dkms(const struct request *request, const char *version,
			  const char *release)
{
	_cleanup_string_ char *built = NULL;
	unsigned dkms;
	bool gone;

	/* one that cannot be read counts as old */
	if (ms_dkms_version(request->ctx, NULL, &dkms, NULL) == 0 &&
	    dkms >= MS_DKMS_NOTICES_HOOKS)
		return;
	if (ms_dkms_built_in(request->ctx, version, release, &built) < 0 || !built ||
	    ms_dkms_discard(request->ctx, built, &gone) < 0 || !gone)
		return;
	if (cli_dkms_end_parent())
		cli_message(
			"this DKMS takes no notice of a failing signer, so it is ended",
			NULL);
}

static void take_away_unchecked(const struct request *request)
{
	_cleanup_string_ char *version = NULL, *module = NULL;
	_cleanup_string_ char *release = NULL, *why = NULL;

	if (ms_dkms_build_of(request->ctx, request->module, &version, &module) < 0 ||
	    !module || ms_dkms_has_hook(request->ctx, NULL, module))
		return;
	release = release_in(request, &why);
	if (unlink(request->module) < 0)
		return;
	sign_file_fail(request,
		       "nobody would notice that '%s' is not signed, so it is removed",
		       request->module);
	if (ms_dkms_is_module_name(module))
		fprintf(stderr,
			"hint: 'modseal dkms setup --module %s' has its builds checked\n",
			module);
	if (release)
		end_deaf_dkms(request, version, release);
}

int cli_dkms_sign(int argc, char **argv)
{
	struct request request = {
		.program = sign_file_name(argv[0]),
		.modules_only = true,
	};
	int status;

	if (argc != 5) {
		fprintf(stderr, "Usage: %s HASH KEY CERT MODULE\n", request.program);
		return USAGE;
	}
	request.hash = argv[1];
	request.key = argv[2];
	request.cert = argv[3];
	request.module = argv[4];
	request.ctx = request.cli.ctx = cli_check(ms_ctx_new());
	ms_ctx_set_log(request.ctx, cli_log, &request.cli);
	cli_signals_init(request.ctx);
	if (cli_begin(&request.cli) < 0)
		cli_out_of_memory();
	status = sign_file_in_place(&request) == OK ? sign(&request) : FAILED;
	if (status != OK)
		take_away_unchecked(&request);
	json_object_put(request.cli.doc);
	free(request.result);
	ms_ctx_free(request.ctx);
	return status;
}
