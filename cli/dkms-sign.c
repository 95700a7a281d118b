/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * modseal in the place of DKMS's sign_file: `modseal-dkms-sign HASH KEY CERT FILE`, and
 * nothing else.
 *
 * It is the sign-file personality with three differences: what is no module is refused;
 * a KEY that lies in a store stands for the key of that store which the module's own
 * kernel trusts; and the file with the passphrase or PIN may be named in modseal.conf.
 *
 * DKMS goes on where this fails. What does not is the hook, see cmd-dkms-check.c. Of a
 * module that has none nobody would notice, so its file, which DKMS has just built and
 * can build again, is taken away: what is not there cannot be installed unsigned.
 */

#include "dkms.h"

#include <string.h>

#include "dkms-store.h"
#include "sign-file-request.h"
#include "signals.h"
#include "util.h"

bool cli_is_dkms_sign(const char *argv0)
{
	return strcmp(sign_file_name(argv0), DKMS_SIGNER) == 0;
}

/* The kernel that the module was built for, by its own vermagic; to free(). */
static int release_of(const struct request *request, char **ret)
{
	_cleanup_(cli_free_tree) struct ms_tree *tree = NULL;
	const struct ms_tree_options options = {.jobs = 1};
	const struct ms_item *item;
	const char *vermagic;

	if (ms_tree_open(request->ctx, &request->module, 1, &options, &tree) < 0 ||
	    ms_tree_show(request->ctx, tree) < 0)
		return sign_file_fail_ctx(request);
	item = ms_tree_item(tree, 0);
	vermagic = item->modinfo.vermagic;
	if (item->message)
		return sign_file_fail(request, "%s", item->message);
	if (!vermagic || !vermagic[strcspn(vermagic, " ")])
		return sign_file_fail(request, "'%s' does not say which kernel it is for",
				      request->module);
	*ret = cli_check(strndup(vermagic, strcspn(vermagic, " ")));
	return OK;
}

/* @ret: the key to sign with, where the one that was named lies in a store. */
static int choose_generation(struct request *request, struct dkms_key *ret)
{
	_cleanup_string_ char *store = dkms_store_of(request->key);
	_cleanup_string_ char *release = NULL;

	if (!store)
		return OK;
	if (release_of(request, &release) != OK)
		return FAILED;
	if (dkms_store_key(request->ctx, store, release, ret) < 0)
		return sign_file_fail_ctx(request);
	request->key = ret->key;
	request->cert = ret->cert;
	return OK;
}

static int sign(struct request *request)
{
	struct dkms_settings settings;
	struct dkms_key key = {0};
	int status;

	if (dkms_settings_read(&request->cli, "", &settings) != CLI_YES)
		return FAILED;
	request->pin_file = settings.pin_file;
	status = choose_generation(request, &key);
	if (status == OK)
		status = sign_file_sign(request);
	dkms_key_done(&key);
	dkms_settings_done(&settings);
	return status;
}

/*
 * The DKMS module whose build this is, to free(): TREE/NAME/VERSION/build/.../x.ko with
 * TREE/NAME/VERSION/source beside it. NULL: it is no build of DKMS.
 */
static char *dkms_module_of(const char *path)
{
	_cleanup_string_ char *version = cli_check(strdup(path));
	_cleanup_string_ char *source = NULL;
	char *build = strstr(version, "/build/"), *slash;

	if (*path != '/' || !build)
		return NULL;
	*build = '\0';
	source = cli_format("%s/source", version);
	slash = strrchr(version, '/');
	if (!slash || access(source, F_OK) < 0)
		return NULL;
	*slash = '\0';
	slash = strrchr(version, '/');
	return slash ? cli_check(strdup(slash + 1)) : NULL;
}

static void take_away_unchecked(const struct request *request)
{
	_cleanup_string_ char *module = dkms_module_of(request->module);

	if (!module || dkms_has_hook("", module) || unlink(request->module) < 0)
		return;
	sign_file_fail(request,
		       "nobody would notice that '%s' is not signed, so it is removed",
		       request->module);
	fprintf(stderr, "hint: 'modseal dkms setup --module %s' has its builds checked\n",
		module);
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
