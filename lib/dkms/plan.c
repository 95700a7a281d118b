/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From options, and from what is set up already, to what DKMS is told. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modseal/cert.h>
#include <modseal/secret.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/generation-name.h"
#include "../base/sized.h"
#include "../base/text.h"
#include "conf.h"
#include "plan.h"

#define OWN_KEY	 "/var/lib/dkms/mok.key"
#define OWN_CERT "/var/lib/dkms/mok.pub"

MS_DEFINE_CLEANUP(cleanup_plan, struct ms_dkms_plan *, ms_dkms_plan_free)
MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)
MS_DEFINE_CLEANUP(cleanup_signer, struct ms_signer *, ms_signer_free)

struct ms_dkms_plan *ms_dkms_plan_free(struct ms_dkms_plan *plan)
{
	if (!plan)
		return NULL;
	for (size_t i = 0; i < plan->n_targets; i++) {
		free(plan->targets[i].path);
		free(plan->targets[i].text);
		free(plan->targets[i].module);
	}
	free(plan->targets);
	ms_system_free(plan->system);
	free(plan->root);
	free(plan->libexec);
	free(plan->key);
	free(plan->cert);
	free(plan->store);
	free(plan->pin_file);
	free(plan->version_text);
	free(plan);
	return NULL;
}

/* Puts @made, which is new memory or NULL, into *@ret. */
static int keep(struct ms_ctx *ctx, char *made, char **ret)
{
	if (!made)
		return ms_fail_nomem(ctx);
	free(*ret);
	*ret = made;
	return 0;
}

/* A path of the options as it is in the root: made absolute, where it is relative to here. */
static int absolute(struct ms_ctx *ctx, const struct ms_dkms_plan *plan, const char *path,
		    char **ret)
{
	_cleanup_free_ char *here = NULL;

	if (*path != '/' && !ms_is_pkcs11(path) && !*plan->root)
		here = getcwd(NULL, 0);
	return keep(ctx, here ? ms_format("%s/%s", here, path) : strdup(path), ret);
}

static bool holds_certificate(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
			      const char *path)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	_cleanup_free_ char *full = ms_format("%s%s", plan->root, path);

	return full && ms_cert_list_read(ctx, full, &list) == 0 &&
	       ms_cert_list_count(list) > 0;
}

static int use_store(struct ms_ctx *ctx, struct ms_dkms_plan *plan, const char *store)
{
	_cleanup_free_ char *uri = NULL;
	int r = absolute(ctx, plan, store, &plan->store);

	if (r == 0)
		r = keep(ctx,
			 ms_format("%s/" MS_STORE_LINK "/signing_key.pem", plan->store),
			 &plan->key);
	if (r == 0)
		r = keep(ctx,
			 ms_format("%s/" MS_STORE_LINK "/signing_crt.crt", plan->store),
			 &plan->cert);
	if (r < 0 || ms_dkms_plan_has(plan, plan->key))
		return r;
	r = keep(ctx, ms_format("%s/" MS_STORE_LINK "/signing_key.uri", plan->store), &uri);
	return r == 0 && ms_dkms_plan_has(plan, uri) ? keep(ctx, ms_steal(&uri), &plan->key)
						     : r;
}

/* Has the store that modseal's other commands use a current key? */
static bool is_in_use(const struct ms_dkms_plan *plan, const char *store)
{
	_cleanup_free_ char *current =
		store ? ms_format("%s%s/" MS_STORE_LINK, plan->root, store) : NULL;
	struct stat st;

	return current && lstat(current, &st) == 0;
}

/* A pair that DKMS has made meanwhile is taken only where somebody says so. */
static int check_configured(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
			    const struct ms_dkms_settings *settings,
			    enum ms_dkms_fault *ret_fault)
{
	int r;

	if (!ms_dkms_plan_has(plan, plan->cert))
		return 0;
	r = ms_dkms_check_certificate(ctx, settings, plan->cert);
	if (r == -EKEYREJECTED)
		*ret_fault = MS_DKMS_FAULT_CHANGED;
	return r;
}

/* What is set up of that; NULL: nothing. */
struct configured {
	const char *store, *key, *cert, *pin_file;
};

static int get_configured(struct ms_ctx *ctx, const struct ms_dkms_settings *settings,
			  struct configured *ret, enum ms_dkms_fault *ret_fault)
{
	int r = ms_dkms_setting_get(ctx, settings, MS_DKMS_STORE, &ret->store);

	if (r == 0)
		r = ms_dkms_setting_get(ctx, settings, MS_DKMS_PIN_FILE, &ret->pin_file);
	if (r == 0 && !ret->store)
		r = ms_dkms_setting_get(ctx, settings, MS_DKMS_SIGNING_KEY, &ret->key);
	if (r == 0 && !ret->store)
		r = ms_dkms_setting_get(ctx, settings, MS_DKMS_CERTIFICATE, &ret->cert);
	if (r == -EBADMSG)
		*ret_fault = MS_DKMS_FAULT_UNKNOWN;
	return r;
}

static int use_pair(struct ms_ctx *ctx, struct ms_dkms_plan *plan, const char *key,
		    const char *cert)
{
	int r = keep(ctx, strdup(key), &plan->key);

	return r < 0 ? r : keep(ctx, strdup(cert), &plan->cert);
}

static int choose_configured(struct ms_ctx *ctx, struct ms_dkms_plan *plan,
			     const struct ms_dkms_settings *settings,
			     const char *usual_store, enum ms_dkms_fault *ret_fault)
{
	struct configured is = { 0 };
	int r = get_configured(ctx, settings, &is, ret_fault);

	if (r < 0)
		return r;
	if (is.pin_file && !plan->pin_file)
		r = keep(ctx, strdup(is.pin_file), &plan->pin_file);
	if (r < 0)
		return r;
	if (is.store)
		return use_store(ctx, plan, is.store);
	if (is.key && is.cert) {
		r = use_pair(ctx, plan, is.key, is.cert);
		return r < 0 ? r : check_configured(ctx, plan, settings, ret_fault);
	}
	if (is_in_use(plan, usual_store))
		return use_store(ctx, plan, usual_store);
	return use_pair(ctx, plan, OWN_KEY, OWN_CERT);
}

static int use_configured(struct ms_ctx *ctx, struct ms_dkms_plan *plan,
			  const char *usual_store, enum ms_dkms_fault *ret_fault)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings = NULL;
	int r = ms_dkms_settings_read(ctx, plan->system, NULL, &settings);

	if (r == 0)
		r = ms_dkms_settings_complete(ctx, settings);
	if (r == 0)
		r = choose_configured(ctx, plan, settings, usual_store, ret_fault);
	return r;
}

static int use_key(struct ms_ctx *ctx, struct ms_dkms_plan *plan, const char *key,
		   const char *cert, enum ms_dkms_fault *ret_fault)
{
	int r = absolute(ctx, plan, key, &plan->key);

	if (r == 0 && !ms_is_pkcs11(key))
		r = ms_dkms_check_key(ctx, plan, ret_fault);
	if (r < 0)
		return r;
	if (cert)
		return absolute(ctx, plan, cert, &plan->cert);
	if (ms_is_pkcs11(key) || !holds_certificate(ctx, plan, plan->key)) {
		*ret_fault = MS_DKMS_FAULT_NO_CERT;
		return ms_fail(ctx, -EINVAL, "DKMS wants the certificate as a file");
	}
	return keep(ctx, strdup(plan->key), &plan->cert);
}

static int choose_key(struct ms_ctx *ctx, const struct ms_dkms_plan_options *options,
		      struct ms_dkms_plan *plan, enum ms_dkms_fault *ret_fault)
{
	const char *key = options->key, *cert = options->cert;
	int r = 0;

	if ((options->store && (key || cert)) || (cert && !key))
		return ms_fail(ctx, -EINVAL, "a certificate needs its key, and no store");
	if (key)
		r = ms_dkms_refuse_pin(ctx, "the key", key, ret_fault);
	if (r == 0 && cert)
		r = ms_dkms_refuse_pin(ctx, "the certificate", cert, ret_fault);
	if (r == 0 && options->pin_file)
		r = absolute(ctx, plan, options->pin_file, &plan->pin_file);
	if (r < 0)
		return r;
	if (options->store)
		return use_store(ctx, plan, options->store);
	if (key)
		return use_key(ctx, plan, key, cert, ret_fault);
	return use_configured(ctx, plan, options->usual_store, ret_fault);
}

static int begin(struct ms_ctx *ctx, const struct ms_dkms_plan_options *options,
		 struct ms_dkms_plan *plan)
{
	bool other = options->root && strcmp(options->root, "/") != 0;
	int r = keep(ctx, strdup(other ? options->root : ""), &plan->root);

	if (r == 0)
		r = keep(ctx, strdup(options->libexec), &plan->libexec);
	if (r == 0)
		r = ms_system_open(ctx, other ? options->root : NULL, &plan->system);
	if (r == 0)
		r = ms_dkms_version(ctx, plan->system, &plan->version,
				    &plan->version_text);
	return r;
}

int ms_dkms_plan_new(struct ms_ctx *ctx, const struct ms_dkms_plan_options *caller,
		     struct ms_dkms_plan **ret, enum ms_dkms_fault *ret_fault)
{
	_cleanup_(cleanup_plan) struct ms_dkms_plan *plan = calloc(1, sizeof(*plan));
	struct ms_dkms_plan_options options;
	int r = plan ? ms_sized_in(ctx, &options, sizeof(options), caller)
		     : ms_fail_nomem(ctx);

	*ret_fault = MS_DKMS_FAULT_OTHER;
	if (r == 0 && !options.libexec)
		r = ms_fail(ctx, -EINVAL, "no directory of modseal's programs is given");
	if (r == 0)
		r = begin(ctx, &options, plan);
	if (r == 0)
		r = choose_key(ctx, &options, plan, ret_fault);
	if (r == 0)
		r = ms_dkms_plan_check(ctx, plan, ret_fault);
	if (r == 0)
		*ret = ms_steal(&plan);
	return r;
}

const char *ms_dkms_plan_key(const struct ms_dkms_plan *plan)
{
	return plan->key;
}

const char *ms_dkms_plan_cert(const struct ms_dkms_plan *plan)
{
	return plan->cert;
}

const char *ms_dkms_plan_store(const struct ms_dkms_plan *plan)
{
	return plan->store;
}

const char *ms_dkms_plan_pin_file(const struct ms_dkms_plan *plan)
{
	return plan->pin_file;
}

const char *ms_dkms_plan_version(const struct ms_dkms_plan *plan)
{
	return plan->version_text;
}

const char *ms_dkms_plan_path(const struct ms_dkms_plan *plan, size_t i)
{
	return i < plan->n_targets ? plan->targets[i].path : NULL;
}

int ms_dkms_plan_try_key(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
			 ms_secret_fn secret, void *userdata)
{
	_cleanup_free_ char *key = ms_format("%s%s", plan->root, plan->key);
	_cleanup_free_ char *cert = ms_format("%s%s", plan->root, plan->cert);
	_cleanup_(cleanup_signer) struct ms_signer *signer = NULL;
	struct ms_signer_options options = {
		.size = sizeof(options),
		.key = ms_is_pkcs11(plan->key) ? plan->key : key,
		.cert = cert,
		.secret = secret,
		.secret_userdata = userdata,
	};
	int r;

	if (!key || !cert)
		return ms_fail_nomem(ctx);
	if ((ms_is_pkcs11(plan->key) && *plan->root) || ms_ends_with(key, ".uri"))
		return 0;
	r = ms_signer_open(ctx, &options, &signer);
	if (r != -ENOKEY || plan->pin_file)
		return r;
	ms_warn(ctx, "the key was not tried: %s", ms_ctx_message(ctx));
	return 0;
}

/* A store's certificate changes as it should; any other is to stay the one it is. */
static int pin_certificate(struct ms_ctx *ctx, const struct ms_dkms_plan *plan, char **ret)
{
	_cleanup_free_ char *key = ms_format("%s%s", plan->root, plan->key);
	_cleanup_free_ char *store = NULL;
	int r = 0;

	if (!key)
		return ms_fail_nomem(ctx);
	if (plan->store)
		return 0;
	if (!ms_is_pkcs11(plan->key))
		r = ms_dkms_store_of(ctx, key, &store);
	return r < 0 || store ? r : ms_dkms_pin(ctx, plan->root, plan->cert, ret);
}

/* Adds a target, of which the text is still missing. */
static int add_target(struct ms_ctx *ctx, struct ms_dkms_plan *plan, const char *module,
		      struct ms_dkms_target **ret)
{
	struct ms_dkms_target *target = &plan->targets[plan->n_targets];

	target->path = module ? ms_format("%s" MS_DKMS_ETC "/%s.conf", plan->root, module)
			      : ms_format("%s" MS_DKMS_OUR_CONF, plan->root);
	if (!target->path)
		return ms_fail_nomem(ctx);
	plan->n_targets++;
	if (module)
		target->module = strdup(module);
	*ret = target;
	return module && !target->module ? ms_fail_nomem(ctx) : 0;
}

static int add_module(struct ms_ctx *ctx, struct ms_dkms_plan *plan, const char *name)
{
	struct ms_dkms_target *target = NULL;
	int r;

	if (!ms_dkms_is_module_name(name))
		return ms_fail(ctx, -EINVAL, "'%s' is no name of a DKMS module", name);
	r = add_target(ctx, plan, name, &target);
	return r < 0 ? r : ms_dkms_module_text(ctx, plan, &target->text);
}

int ms_dkms_plan_files(struct ms_ctx *ctx, struct ms_dkms_plan *plan,
		       const char *const *modules, size_t n_modules)
{
	_cleanup_free_ char *pin = NULL;
	struct ms_dkms_target *target = NULL;
	int r;

	if (plan->targets)
		return ms_fail(ctx, -EINVAL, "the plan has its files already");
	plan->targets = calloc(n_modules + 1, sizeof(*plan->targets));
	if (!plan->targets)
		return ms_fail_nomem(ctx);
	r = pin_certificate(ctx, plan, &pin);
	if (r == 0)
		r = add_target(ctx, plan, NULL, &target);
	if (r == 0)
		r = ms_dkms_framework_text(ctx, plan, pin, &target->text);
	for (size_t i = 0; i < n_modules && r == 0; i++)
		r = add_module(ctx, plan, modules[i]);
	return r;
}
