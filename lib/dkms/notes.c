/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the user of `modseal dkms setup` should know besides: everything by which modules
 * would not be signed, checked or loaded although the files are written.
 */

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/trust.h>

#include "../../cli/dkms/dkms-plan.h"
#include "../../cli/cleanup.h"
#include "../../cli/output/json.h"

#define TREE	"/var/lib/dkms"
#define SOURCES "/usr/src"
#define KERNELS "/lib/modules"

/* Characters that are no shell's business, as DKMS's own modules have them. */
bool dkms_is_module_name(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_+.-";

	return *name && *name != '.' && *name != '-' && !name[strspn(name, good)];
}

static bool is_directory(const char *parent, const char *name)
{
	_cleanup_string_ char *path = cli_format("%s/%s", parent, name);
	struct stat st;

	return *name != '.' && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Calls @each for the directories in one of the root, which need not be there. */
static void for_each_in(const struct dkms_plan *plan, const char *directory,
			void (*each)(void *userdata, const char *name), void *userdata)
{
	_cleanup_string_ char *path = cli_format("%s%s", plan->root, directory);
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (is_directory(path, entries[i]->d_name))
			each(userdata, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

struct unchecked {
	const struct cli *cli;
	const struct dkms_plan *plan;
	json_object *list;
};

static void report_unchecked(void *userdata, const char *name)
{
	const struct unchecked *unchecked = userdata;

	if (!dkms_is_module_name(name) ||
	    dkms_has_hook(unchecked->cli->ctx, unchecked->plan->root, name))
		return;
	json_object_array_add(unchecked->list, cli_json_text(name));
	cli_warn(unchecked->cli,
		 "'%s' is not checked after its build: --module %s sees to that", name,
		 name);
}

struct wanted {
	const char *name;
	bool found;
};

/* TREE/NAME, and NAME-VERSION of the sources */
static void look_for(void *userdata, const char *name)
{
	struct wanted *wanted = userdata;
	size_t len = strlen(wanted->name);

	if (strncmp(name, wanted->name, len) == 0 && (!name[len] || name[len] == '-'))
		wanted->found = true;
}

/* A hook under a name that is misspelt would check nothing. */
static void warn_of_unknown(const struct cli *cli, const struct cli_args *args,
			    const struct dkms_plan *plan)
{
	for (size_t i = 0; i < args->counts[CLI_OPT_DKMS_MODULE]; i++) {
		struct wanted wanted = {.name = args->values[CLI_OPT_DKMS_MODULE][i]};

		for_each_in(plan, TREE, look_for, &wanted);
		for_each_in(plan, SOURCES, look_for, &wanted);
		if (!wanted.found)
			cli_warn(cli, "DKMS knows no module '%s' yet", wanted.name);
	}
}

struct usable {
	const struct cli *cli;
	const struct dkms_plan *plan;
};

/* Debian's kernels, for one, know no ECDSA. */
static void warn_of_kernel(void *userdata, const char *release)
{
	const struct usable *usable = userdata;
	_cleanup_(cli_free_trust) struct ms_trust *trust = cli_check(ms_trust_new());
	_cleanup_string_ char *config = cli_format(KERNELS "/%s/build/.config", release);
	struct ms_ctx *ctx = usable->cli->ctx;

	if (access(config, R_OK) < 0 || ms_trust_set_release(ctx, trust, release) < 0 ||
	    ms_trust_set_config(ctx, trust, config) < 0)
		return;
	if (ms_trust_add(ctx, trust, usable->plan->cert) < 0)
		cli_warn(usable->cli, "kernel %s cannot use this key: %s", release,
			 ms_ctx_message(ctx));
}

static void warn_of_later(void *userdata, const char *path)
{
	cli_warn(userdata,
		 "'%s' says something of signing, too, and is read after modseal's",
		 path);
}

static bool differs(const char *is, const char *wanted)
{
	return wanted && (!is || strcmp(is, wanted) != 0);
}

/* What of modseal.conf another file has changed, or NULL */
static const char *overridden(const struct dkms_plan *plan,
			      const struct dkms_settings *settings)
{
	_cleanup_string_ char *signer = cli_format("%s/" DKMS_SIGNER, plan->libexec);

	if (differs(settings->sign_file, signer))
		return "sign_file";
	if (differs(settings->key, plan->key))
		return "mok_signing_key";
	return differs(settings->cert, plan->cert) ? "mok_certificate" : NULL;
}

static int check_effect(struct cli *cli, const struct dkms_plan *plan)
{
	_cleanup_string_ char *text = NULL;
	struct dkms_settings settings;
	const char *name;

	if (dkms_settings_read(cli, plan->root, &settings) != CLI_YES)
		return CLI_TROUBLE;
	name = overridden(plan, &settings);
	dkms_settings_done(&settings);
	if (!name)
		return CLI_YES;
	text = cli_format("DKMS does not sign as was set up: another file sets %s", name);
	cli_error_text(cli, text,
		       "take that out of the file in " DKMS_FRAMEWORK_DIR
		       " which is read after modseal.conf");
	return CLI_NO;
}

int dkms_report(struct cli *cli, const struct cli_args *args,
		const struct dkms_plan *plan)
{
	struct unchecked unchecked = {
		.cli = cli,
		.plan = plan,
		.list = cli_check(json_object_new_array()),
	};
	struct usable usable = {.cli = cli, .plan = plan};

	dkms_settings_after_ours(cli->ctx, plan->root, warn_of_later, cli);
	for_each_in(plan, TREE, report_unchecked, &unchecked);
	cli_doc_add(cli, "unchecked", unchecked.list);
	warn_of_unknown(cli, args, plan);
	if (!*plan->root && !plan->store)
		for_each_in(plan, KERNELS, warn_of_kernel, &usable);
	return check_effect(cli, plan);
}
