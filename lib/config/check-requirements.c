/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Symbols that need others: `depends on` and `select` of Kconfig, as far as signatures hang
 * on them. A build by Linux's own tools repairs such a configuration by itself, in one way
 * or the other: that is why it is said here, before it turns off what somebody relies on.
 */

#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"

static const struct requirement {
	const char *symbol, *needs;
} requirements[] = {
	/* kernel/module/Kconfig */
	{ "MODULE_SIG", "MODULES" },
	{ "MODULE_SIG", "MODULE_SIG_FORMAT" },
	{ "MODULE_SIG_FORCE", "MODULE_SIG" },
	/* init/Kconfig: MODULE_SIG_FORMAT, SYSTEM_DATA_VERIFICATION */
	{ "MODULE_SIG", "SYSTEM_DATA_VERIFICATION" },
	{ "MODULE_SIG", "SYSTEM_TRUSTED_KEYRING" },
	{ "MODULE_SIG", "ASYMMETRIC_KEY_TYPE" },
	{ "MODULE_SIG", "ASYMMETRIC_PUBLIC_KEY_SUBTYPE" },
	{ "MODULE_SIG", "X509_CERTIFICATE_PARSER" },
	{ "MODULE_SIG", "PKCS7_MESSAGE_PARSER" },
	{ "MODULE_SIG", "CRYPTO_RSA" },
	/* certs/Kconfig */
	{ "SYSTEM_EXTRA_CERTIFICATE", "SYSTEM_TRUSTED_KEYRING" },
	{ "SECONDARY_TRUSTED_KEYRING", "SYSTEM_TRUSTED_KEYRING" },
	{ "SYSTEM_REVOCATION_LIST", "SYSTEM_BLACKLIST_KEYRING" },
	/* security/integrity/Kconfig */
	{ "INTEGRITY_MACHINE_KEYRING", "SECONDARY_TRUSTED_KEYRING" },
	/* security/lockdown/Kconfig */
	{ "SECURITY_LOCKDOWN_LSM", "MODULE_SIG" }, /* if MODULES */
	{ "SECURITY_LOCKDOWN_LSM_EARLY", "SECURITY_LOCKDOWN_LSM" },
	{ "LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "SECURITY_LOCKDOWN_LSM" },
	{ "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "SECURITY_LOCKDOWN_LSM" },
	{ "LOCK_DOWN_IN_EFI_SECURE_BOOT", "SECURITY_LOCKDOWN_LSM_EARLY" },
};

/* It says so: in a fragment of a configuration it may just not be mentioned. */
static bool has_no_modules(struct ms_check *check)
{
	const char *value = ms_check_value(check, "MODULES");

	return value && strcmp(value, "n") == 0 && !ms_check_yes(check, "MODULE_SIG");
}

static int check_signing(struct ms_check *check)
{
	bool all = ms_check_yes(check, "MODULE_SIG_ALL");
	bool force = ms_check_yes(check, "MODULE_SIG_FORCE");
	bool hashes = ms_check_yes(check, "MODULE_HASHES");
	int r = 0;

	if (has_no_modules(check))
		return ms_check_found(check, "no-modules", MS_SEVERITY_WARNING, NULL,
				      "CONFIG_MODULES is not set: the kernel loads no "
				      "modules, signed or not");
	if (hashes)
		r = ms_check_found(check, "hashes", MS_SEVERITY_INFO, NULL,
				   "modules built with the kernel are known by their "
				   "hashes");
	if (r < 0 || (hashes && !ms_check_yes(check, "MODULE_SIG")))
		return r;
	if (!ms_check_yes(check, "MODULE_SIG"))
		return ms_check_found(check, "signing-off", MS_SEVERITY_ERROR,
				      ms_check_set(check, "MODULE_SIG=y"),
				      "CONFIG_MODULE_SIG is not set: the kernel looks at "
				      "no module's signature");
	r = ms_check_found(check, "signing", MS_SEVERITY_INFO, NULL,
			   force ? "modules without a trusted signature are refused"
				 : "modules without a trusted signature taint the kernel");
	/* kernel/module/Kconfig: "Do not forget to sign required modules" */
	if (r == 0 && force && !all && !hashes && !check->installed)
		r = ms_check_found(check, "signing-not-automatic", MS_SEVERITY_WARNING,
				   ms_check_set(check, "MODULE_SIG_ALL=y"),
				   "CONFIG_MODULE_SIG_FORCE is set and "
				   "CONFIG_MODULE_SIG_ALL is not: modules that nobody signs "
				   "after the build are refused");
	return r;
}

/* Kernels that know modules by their hashes (kernel/patches) insist on those as well. */
static bool hashes_suffice(struct ms_check *check, const struct requirement *rule)
{
	return strcmp(rule->needs, "MODULE_SIG") == 0 &&
	       (strcmp(rule->symbol, "MODULE_SIG_FORCE") == 0 ||
		strcmp(rule->symbol, "SECURITY_LOCKDOWN_LSM") == 0) &&
	       ms_check_yes(check, "MODULE_HASHES");
}

/* What is not mentioned in a configuration that is no whole one may come from elsewhere. */
static int check_one(struct ms_check *check, const struct requirement *rule)
{
	const char *value = ms_check_value(check, rule->needs);

	if ((value && strcmp(value, "y") == 0) ||
	    (strcmp(rule->needs, "MODULE_SIG") == 0 && has_no_modules(check)) ||
	    hashes_suffice(check, rule))
		return 0;
	return ms_check_found(check, "requirement", MS_SEVERITY_ERROR,
			      ms_check_set(check, "%s=y", rule->needs),
			      "CONFIG_%s needs CONFIG_%s, which is %s", rule->symbol,
			      rule->needs,
			      !value			    ? "not there"
			      : strcmp(value, "m") == 0 ? "a module"
							    : "not set");
}

/* certs/Kconfig: MODULE_SIG_KEY_TYPE_*; MODULE_SIG itself needs RSA. */
static int check_key_types(struct ms_check *check)
{
	const struct ms_key_type *type;
	int r = 0;

	for (size_t i = 0; (type = ms_key_type_at(i)) && r == 0; i++) {
		const struct requirement rule = { type->config, type->crypto };

		if (type->is_built && type->family != MS_KEY_RSA &&
		    ms_check_yes(check, type->config))
			r = check_one(check, &rule);
	}
	return r;
}

int ms_check_requirements(struct ms_check *check)
{
	int r = check_signing(check);

	for (size_t i = 0; i < MS_ARRAY_SIZE(requirements) && r == 0; i++)
		if (ms_check_yes(check, requirements[i].symbol))
			r = check_one(check, &requirements[i]);
	return r < 0 ? r : check_key_types(check);
}
