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
 * can build again, is taken away: what is not there cannot be installed unsigned. DKMS
 * since 3.2 fails by that. Older ones end in 0 all the same, and take what is left for a
 * build that is done; they are ended, and that is discarded.
 */

#include "../dkms/dkms.h"

#include <string.h>

#include "dkms-hook.h"
#include "../dkms/dkms-plan.h"
#include "../dkms/dkms-store.h"
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
	status = dkms_check_pin(&request->cli, &settings, "", request->cert) == CLI_YES
			 ? choose_generation(request, &key)
			 : FAILED;
	if (status == OK)
		status = sign_file_sign(request);
	dkms_key_done(&key);
	dkms_settings_done(&settings);
	return status;
}

/*
 * The directory of DKMS's for the module whose build this is, TREE/NAME/VERSION, to
 * free(): the file is build/.../x.ko in it, and it has a source. NULL: it is no build of
 * DKMS.
 */
static char *dkms_version_directory(const char *path)
{
	_cleanup_string_ char *version = cli_check(strdup(path));
	_cleanup_string_ char *source = NULL;
	char *build = strstr(version, "/build/");

	if (*path != '/' || !build)
		return NULL;
	*build = '\0';
	source = cli_format("%s/source", version);
	return access(source, F_OK) == 0 ? cli_steal(&version) : NULL;
}

/* NAME of TREE/NAME/VERSION, to free() */
static char *module_of(const char *version)
{
	_cleanup_string_ char *path = cli_check(strdup(version));
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return NULL;
	*slash = '\0';
	slash = strrchr(path, '/');
	return slash ? cli_check(strdup(slash + 1)) : NULL;
}

/* An old DKMS would end in 0, and build nothing the next time. */
static void end_deaf_dkms(const struct request *request, const char *version,
			  const char *release)
{
	_cleanup_string_ char *kernel = cli_format("%s/%s", version, release);
	_cleanup_string_ char *built = dkms_only_arch(kernel);
	struct cli cli = request->cli;
	unsigned dkms;
	char text[32];

	/* one that cannot be read counts as old */
	if (!built || (dkms_version(request->ctx, "", &dkms, text) == 0 &&
		       dkms >= DKMS_NOTICES_HOOKS))
		return;
	if (dkms_discard(&cli, built) && dkms_end_parent())
		cli_message(
			"this DKMS takes no notice of a failing signer, so it is ended",
			NULL);
}

static void take_away_unchecked(const struct request *request)
{
	_cleanup_string_ char *version = dkms_version_directory(request->module);
	_cleanup_string_ char *module = version ? module_of(version) : NULL;
	_cleanup_string_ char *release = NULL, *why = NULL;

	if (!module || dkms_has_hook(request->ctx, "", module))
		return;
	release = release_in(request, &why);
	if (unlink(request->module) < 0)
		return;
	sign_file_fail(request,
		       "nobody would notice that '%s' is not signed, so it is removed",
		       request->module);
	if (dkms_is_module_name(module))
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
