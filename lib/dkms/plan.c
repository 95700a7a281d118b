/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From arguments to what DKMS is told.
 *
 * DKMS makes a key of its own, and writes over what is there, where one of the two files
 * that it is told of does not exist. So both must be there before it is told.
 */

#include "../../cli/dkms/dkms-plan.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/cert.h>
#include <modseal/secret.h>
#include <modseal/sign.h>

#include "../../cli/secret.h"
#include "../../cli/cleanup.h"

#define OWN_KEY	    "/var/lib/dkms/mok.key"
#define OWN_CERT    "/var/lib/dkms/mok.pub"
#define USUAL_STORE "/var/lib/modseal/keys"

void dkms_plan_done(struct dkms_plan *plan)
{
	free(plan->key);
	free(plan->cert);
	free(plan->store);
	free(plan->pin_file);
	free(plan->pin);
}

/* What DKMS is told stands in a file that all can read, and in the signer's arguments. */
static int refuse_pin(struct cli *cli, const char *what, const char *value)
{
	_cleanup_string_ char *text = NULL;

	if (!ms_holds_pin(value))
		return CLI_YES;
	text = cli_format("%s holds a PIN (pin-value), which DKMS would write down and "
			  "show in arguments",
			  what);
	return cli_error_text(
		cli, text,
		"put the PIN into a file, and name that: --pin-file FILE, or "
		"pin-source=FILE in the URI in pin-value's place");
}

/*
 * DKMS's configuration is a shell's, and some of its values are evaluated twice and cut
 * at blanks.
 */
static int check_value(struct cli *cli, const char *what, const char *value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";
	const char *more = ms_is_pkcs11(value) ? ";?&" : "";
	_cleanup_string_ char *allowed = cli_format("%s%s", plain, more);
	size_t len = strspn(value, allowed);

	if (refuse_pin(cli, what, value) != CLI_YES)
		return CLI_TROUBLE;
	if (ms_is_pkcs11(value) || *value == '/') {
		if (!value[len])
			return CLI_YES;
		return cli_error(cli,
				 "%s '%s' has a character that DKMS would not leave as "
				 "it is: '%c'",
				 what, value, value[len]);
	}
	return cli_error(cli, "%s '%s' must be an absolute path", what, value);
}

/* An argument as it is in the root: made absolute, where it is relative to here. */
static char *absolute(const struct dkms_plan *plan, const char *path)
{
	_cleanup_string_ char *here = NULL;

	if (*path == '/' || ms_is_pkcs11(path) || *plan->root)
		return cli_check(strdup(path));
	here = getcwd(NULL, 0);
	return here ? cli_format("%s/%s", here, path) : cli_check(strdup(path));
}

static bool is_there(const struct dkms_plan *plan, const char *path)
{
	_cleanup_string_ char *full = cli_format("%s%s", plan->root, path);
	struct stat st;

	return stat(full, &st) == 0 && S_ISREG(st.st_mode);
}

static int check_file(struct cli *cli, const struct dkms_plan *plan, const char *what,
		      const char *path)
{
	_cleanup_string_ char *text = NULL;

	if (check_value(cli, what, path) != CLI_YES)
		return CLI_TROUBLE;
	if (is_there(plan, path))
		return CLI_YES;
	text = cli_format("cannot find %s '%s%s'", what, plan->root, path);
	return cli_error_text(cli, text,
			      "'modseal key new' makes a key and its certificate");
}

static bool holds_certificate(struct cli *cli, const struct dkms_plan *plan,
			      const char *path)
{
	_cleanup_(cli_free_cert_list) struct ms_cert_list *list = NULL;
	_cleanup_string_ char *full = cli_format("%s%s", plan->root, path);

	return ms_cert_list_read(cli->ctx, full, &list) == 0 &&
	       ms_cert_list_count(list) > 0;
}

static void use_store(struct dkms_plan *plan, const char *store)
{
	plan->store = absolute(plan, store);
	plan->key = cli_format("%s/current/signing_key.pem", plan->store);
	plan->cert = cli_format("%s/current/signing_crt.crt", plan->store);
	if (!is_there(plan, plan->key)) {
		_cleanup_string_ char *uri =
			cli_format("%s/current/signing_key.uri", plan->store);

		if (is_there(plan, uri)) {
			free(plan->key);
			plan->key = cli_steal(&uri);
		}
	}
}

/* The store that modseal's other commands use, where there is one; or NULL. */
static const char *usual_store(const struct dkms_plan *plan)
{
	const char *named = *plan->root ? NULL : getenv("MODSEAL_STORE");
	const char *store = named && *named ? named : USUAL_STORE;
	_cleanup_string_ char *current = cli_format("%s%s/current", plan->root, store);
	struct stat st;

	return lstat(current, &st) == 0 ? store : NULL;
}

/* A pair that DKMS has made meanwhile is taken only where somebody says so. */
static int check_configured(struct cli *cli, const struct dkms_plan *plan,
			    const struct dkms_settings *settings)
{
	if (!is_there(plan, plan->cert))
		return CLI_YES;
	return dkms_check_pin(cli, settings, plan->root, plan->cert);
}

/*
 * Neither --key nor --store: as it is configured, else by the usual store, else with the
 * key that DKMS makes.
 */
static int use_configured(struct cli *cli, struct dkms_plan *plan)
{
	struct dkms_settings settings;
	int status = dkms_settings_read(cli, plan->root, &settings);

	if (status != CLI_YES)
		return status;
	if (settings.store) {
		use_store(plan, settings.store);
	} else if (settings.key && settings.cert) {
		plan->key = cli_steal(&settings.key);
		plan->cert = cli_steal(&settings.cert);
		status = check_configured(cli, plan, &settings);
	} else if (usual_store(plan)) {
		use_store(plan, usual_store(plan));
	} else {
		plan->key = cli_check(strdup(OWN_KEY));
		plan->cert = cli_check(strdup(OWN_CERT));
	}
	if (!plan->pin_file)
		plan->pin_file = cli_steal(&settings.pin_file);
	dkms_settings_done(&settings);
	return status;
}

static int choose_key(struct cli *cli, const struct cli_args *args,
		      struct dkms_plan *plan)
{
	const char *key = cli_args_value(args, CLI_OPT_KEY);
	const char *cert = cli_args_value(args, CLI_OPT_CERT);
	const char *store = cli_args_value(args, CLI_OPT_DKMS_STORE);
	const char *pin_file = cli_args_value(args, CLI_OPT_PIN_FILE);

	if (store && (key || cert))
		return cli_usage(cli, "--store has keys and certificates of its own: no "
				      "--key, no --cert");
	if (cert && !key)
		return cli_usage(cli, "--cert goes with --key");
	if ((key && refuse_pin(cli, "the key", key) != CLI_YES) ||
	    (cert && refuse_pin(cli, "the certificate", cert) != CLI_YES))
		return CLI_TROUBLE;
	if (pin_file)
		plan->pin_file = absolute(plan, pin_file);
	if (store)
		use_store(plan, store);
	if (!key)
		return store ? CLI_YES : use_configured(cli, plan);
	plan->key = absolute(plan, key);
	if (!ms_is_pkcs11(key) && check_file(cli, plan, "the key", plan->key) != CLI_YES)
		return CLI_TROUBLE;
	if (cert)
		plan->cert = absolute(plan, cert);
	else if (!ms_is_pkcs11(key) && holds_certificate(cli, plan, plan->key))
		plan->cert = cli_check(strdup(plan->key));
	else
		return cli_usage(
			cli, "--cert is missing: DKMS wants the certificate as a file");
	return CLI_YES;
}

/*
 * Are the two each other's? A key that is not to be had without its secret stays untried.
 */
static int try_key(struct cli *cli, const struct dkms_plan *plan)
{
	_cleanup_string_ char *key = cli_format("%s%s", plan->root, plan->key);
	_cleanup_string_ char *cert = cli_format("%s%s", plan->root, plan->cert);
	_cleanup_string_ char *pin_file =
		plan->pin_file ? cli_format("%s%s", plan->root, plan->pin_file) : NULL;
	_cleanup_(cli_free_signer) struct ms_signer *signer = NULL;
	struct cli_secret secret = {.cli = cli, .pin_file = pin_file, .no_prompt = true};
	struct ms_signer_options options = {
		.size = sizeof(options),
		.key = ms_is_pkcs11(plan->key) ? plan->key : key,
		.cert = cert,
		.secret = cli_secret,
		.secret_userdata = &secret,
	};
	size_t len = strlen(key);
	int r;

	if ((ms_is_pkcs11(plan->key) && *plan->root) ||
	    (len > 4 && strcmp(key + len - 4, ".uri") == 0))
		return CLI_YES;
	r = ms_signer_open(cli->ctx, &options, &signer);
	if (r == -ENOKEY && !pin_file) {
		cli_warn(cli, "the key was not tried: %s", ms_ctx_message(cli->ctx));
		return CLI_YES;
	}
	return r < 0 ? cli_error_ctx(cli) : CLI_YES;
}

static int check_programs(struct cli *cli, const struct dkms_plan *plan)
{
	static const char *const names[] = {DKMS_SIGNER, DKMS_CHECKER};

	if (check_value(cli, "the directory of modseal's programs", plan->libexec) !=
	    CLI_YES)
		return CLI_TROUBLE;
	for (size_t i = 0; i < CLI_ARRAY_SIZE(names); i++) {
		_cleanup_string_ char *path =
			cli_format("%s%s/%s", plan->root, plan->libexec, names[i]);
		struct stat st;

		/* inside another root the link need not lead anywhere from here */
		if (lstat(path, &st) == 0 &&
		    (S_ISLNK(st.st_mode) || access(path, X_OK) == 0))
			continue;
		return cli_error_text(cli,
				      "modseal's programs for DKMS are not installed",
				      "'meson install' or the package puts them there; "
				      "--libexec names another directory");
	}
	return CLI_YES;
}

static int check_plan(struct cli *cli, const struct dkms_plan *plan)
{
	if (ms_is_pkcs11(plan->key)
		    ? check_value(cli, "the key", plan->key) != CLI_YES
		    : check_file(cli, plan, "the key", plan->key) != CLI_YES)
		return CLI_TROUBLE;
	if (check_file(cli, plan, "the certificate", plan->cert) != CLI_YES ||
	    (plan->pin_file &&
	     check_file(cli, plan, "the pin file", plan->pin_file) != CLI_YES) ||
	    check_programs(cli, plan) != CLI_YES)
		return CLI_TROUBLE;
	return try_key(cli, plan);
}

/* A store's certificate changes as it should; any other is to stay the one it is. */
static int pin(struct cli *cli, struct dkms_plan *plan)
{
	_cleanup_string_ char *key = cli_format("%s%s", plan->root, plan->key);
	_cleanup_string_ char *store =
		ms_is_pkcs11(plan->key) ? NULL : dkms_store_of(key);

	if (plan->store || store)
		return CLI_YES;
	plan->pin = dkms_pin(cli, plan->root, plan->cert);
	return plan->pin ? CLI_YES : cli_error_ctx(cli);
}

int dkms_plan_make(struct cli *cli, const struct cli_args *args, struct dkms_plan *ret)
{
	const char *root = cli_args_value(args, CLI_OPT_DKMS_ROOT);
	const char *libexec = cli_args_value(args, CLI_OPT_LIBEXEC);

	memset(ret, 0, sizeof(*ret));
	ret->root = root && strcmp(root, "/") != 0 ? root : "";
	ret->libexec = libexec ? libexec : MODSEAL_LIBEXEC;
	if (dkms_version(cli->ctx, ret->root, &ret->version, ret->version_text) < 0)
		return cli_error_ctx(cli);
	if (choose_key(cli, args, ret) != CLI_YES || check_plan(cli, ret) != CLI_YES)
		return CLI_TROUBLE;
	return pin(cli, ret);
}

static char *line_of(const char *name, const char *value)
{
	return value ? cli_format("%s=\"%s\"\n", name, value) : cli_format("%s", "");
}

char *dkms_plan_framework(const struct dkms_plan *plan)
{
	_cleanup_string_ char *store = line_of("modseal_store", plan->store);
	_cleanup_string_ char *pin_file = line_of("modseal_pin_file", plan->pin_file);
	_cleanup_string_ char *cert = line_of("modseal_certificate", plan->pin);
	/* since 3.3: else nothing is signed in a chroot, and nothing said of it */
	bool tries = !plan->version || plan->version >= DKMS_VERSION(3, 3, 0);
	_cleanup_string_ char *body = cli_format(
		"sign_file=\"%s/" DKMS_SIGNER "\"\n"
		"mok_signing_key=\"%s\"\n"
		"mok_certificate=\"%s\"\n"
		"%s%s%s%s",
		plan->libexec, plan->key, plan->cert,
		tries ? "try_sign_modules=\"true\"\n" : "", store, pin_file, cert);

	return dkms_file_text(plan->version_text, body);
}

/*
 * DKMS names hooks relative to a directory of the module's own; so many steps up lead to
 * the root from any place. It passes over a hook that is not there, which must not be:
 * without modseal the hook is one that fails. A hook of the module's own goes first.
 */
char *dkms_plan_module(const struct dkms_plan *plan)
{
	bool deaf = plan->version && plan->version < DKMS_NOTICES_HOOKS;
	_cleanup_string_ char *trust = plan->store ? cli_format("--store=%s", plan->store)
						   : cli_format("--trust=%s", plan->cert);
	_cleanup_string_ char *body = cli_format(
		"modseal_check=%s/" DKMS_CHECKER "\n"
		"[ -x \"$modseal_check\" ] || modseal_check=/bin/false\n"
		"modseal_check=../../../../../../../../../../../../../../../"
		"..$modseal_check\n"
		"modseal_check=\"$modseal_check %s --kernel-release=$kernelver\"\n"
		"modseal_built=$dkms_tree/$module/$module_version/$kernelver/$arch/"
		"module\n"
		"POST_BUILD=\"$modseal_check --hook=post-build%s -- $modseal_built "
		"$POST_BUILD\"\n"
		"PRE_INSTALL=\"$modseal_check --hook=pre-install -- $modseal_built "
		"$PRE_INSTALL\"\n",
		plan->libexec, trust, deaf ? " --end-dkms" : "");

	return dkms_file_text(plan->version_text, body);
}
