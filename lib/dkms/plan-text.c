/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is written for DKMS. Values are of a few harmless characters only (plan-check.c),
 * since DKMS has bash evaluate them, some of them twice.
 */

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "plan.h"

/* NAME="VALUE", or nothing. */
static char *line_of(const char *name, const char *value)
{
	return value ? ms_format("%s=\"%s\"\n", name, value) : ms_format("%s", "");
}

int ms_dkms_framework_text(struct ms_ctx *ctx, const struct ms_dkms_plan *plan,
			   const char *pin, char **ret)
{
	_cleanup_free_ char *store = line_of("modseal_store", plan->store);
	_cleanup_free_ char *pin_file = line_of("modseal_pin_file", plan->pin_file);
	_cleanup_free_ char *cert = line_of("modseal_certificate", pin);
	_cleanup_free_ char *body = NULL;
	/* since 3.3: else nothing is signed in a chroot, and nothing said of it */
	bool tries = !plan->version || plan->version >= MS_DKMS_VERSION(3, 3, 0);

	if (!store || !pin_file || !cert)
		return ms_fail_nomem(ctx);
	body = ms_format("sign_file=\"%s/" MS_DKMS_SIGNER "\"\n"
			 "mok_signing_key=\"%s\"\n"
			 "mok_certificate=\"%s\"\n"
			 "%s%s%s%s",
			 plan->libexec, plan->key, plan->cert,
			 tries ? "try_sign_modules=\"true\"\n" : "", store, pin_file,
			 cert);
	*ret = body ? ms_dkms_file_text(plan->version_text, body) : NULL;
	return *ret ? 0 : ms_fail_nomem(ctx);
}

/*
 * DKMS names hooks relative to a directory of the module's own; so many steps up lead to
 * the root from any place. It passes over a hook that is not there, which must not be:
 * without modseal the hook is one that fails. A hook of the module's own goes first.
 */
int ms_dkms_module_text(struct ms_ctx *ctx, const struct ms_dkms_plan *plan, char **ret)
{
	bool deaf = plan->version && plan->version < MS_DKMS_NOTICES_HOOKS;
	_cleanup_free_ char *trust = plan->store ? ms_format("--store=%s", plan->store)
						 : ms_format("--trust=%s", plan->cert);
	_cleanup_free_ char *body = NULL;

	if (!trust)
		return ms_fail_nomem(ctx);
	body = ms_format(
		"modseal_check=%s/" MS_DKMS_CHECKER "\n"
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
	*ret = body ? ms_dkms_file_text(plan->version_text, body) : NULL;
	return *ret ? 0 : ms_fail_nomem(ctx);
}
