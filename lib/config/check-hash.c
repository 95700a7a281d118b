/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The digest algorithm: chosen by one of CONFIG_MODULE_SIG_SHA*, repeated as a string in
 * CONFIG_MODULE_SIG_HASH, and to be built in, "because it is not possible to load a signed
 * module containing the algorithm to check the signature on that module"
 * (kernel/module/Kconfig). SHA-1 and SHA-224 were choices until Linux 6.6 and 7.0.
 */

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "../base/buffer.h"
#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"

static const struct choice {
	const char *symbol, *name, *crypto;
	bool usable;
} choices[] = {
	{ "MODULE_SIG_SHA1", "sha1", "CRYPTO_SHA1", false },
	{ "MODULE_SIG_SHA224", "sha224", "CRYPTO_SHA256", false },
	{ "MODULE_SIG_SHA256", "sha256", "CRYPTO_SHA256", true },
	{ "MODULE_SIG_SHA384", "sha384", "CRYPTO_SHA512", true },
	{ "MODULE_SIG_SHA512", "sha512", "CRYPTO_SHA512", true },
	{ "MODULE_SIG_SHA3_256", "sha3-256", "CRYPTO_SHA3", true },
	{ "MODULE_SIG_SHA3_384", "sha3-384", "CRYPTO_SHA3", true },
	{ "MODULE_SIG_SHA3_512", "sha3-512", "CRYPTO_SHA3", true },
};

static const struct choice *by_name(const char *name)
{
	for (size_t i = 0; name && i < MS_ARRAY_SIZE(choices); i++)
		if (strcmp(choices[i].name, name) == 0)
			return &choices[i];
	return NULL;
}

/* The command that chooses @wanted and nothing else. */
static char *mend(struct ms_check *check, const struct choice *wanted)
{
	_cleanup_(ms_buf_done) struct ms_buf settings = { 0 };
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(choices) && r == 0; i++)
		if (&choices[i] != wanted && ms_check_yes(check, choices[i].symbol))
			r = ms_buf_printf(&settings, "%s=n ", choices[i].symbol);
	r = r < 0 ? r
		  : ms_buf_printf(&settings, "%s=y MODULE_SIG_HASH=%s %s=y",
				  wanted->symbol, wanted->name, wanted->crypto);
	return r < 0 ? NULL
		     : ms_check_set(check, "%.*s", (int)settings.len,
				    (const char *)settings.data);
}

static const struct choice *chosen(struct ms_check *check, size_t *ret_count)
{
	const struct choice *last = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < MS_ARRAY_SIZE(choices); i++)
		if (ms_check_yes(check, choices[i].symbol)) {
			last = &choices[i];
			++*ret_count;
		}
	return last;
}

static int check_built_in(struct ms_check *check, const struct choice *hash)
{
	const char *value = ms_check_value(check, hash->crypto);

	if (value && strcmp(value, "y") == 0)
		return 0;
	return ms_check_found(check, "hash-not-built-in", MS_SEVERITY_ERROR,
			      ms_check_set(check, "%s=y", hash->crypto),
			      "modules are signed with %s, and CONFIG_%s is %s: it must be "
			      "built in",
			      hash->name, hash->crypto,
			      value && strcmp(value, "m") == 0 ? "a module" : "not set");
}

static int check_name(struct ms_check *check, const char *name,
		      const struct choice *choice)
{
	const struct choice *named = by_name(name);

	if (!named)
		return ms_check_found(check, "hash-unknown", MS_SEVERITY_ERROR,
				      mend(check, by_name("sha512")),
				      "CONFIG_MODULE_SIG_HASH is '%s', which is no digest "
				      "algorithm for modules",
				      name);
	if (!named->usable)
		return ms_check_found(check, "hash-weak", MS_SEVERITY_ERROR,
				      mend(check, by_name("sha512")),
				      "modules are signed with %s, which is too weak, and "
				      "newer kernels and modseal do not sign with it",
				      name);
	if (choice && choice != named)
		return ms_check_found(check, "hash-contradiction", MS_SEVERITY_ERROR,
				      mend(check, choice),
				      "CONFIG_MODULE_SIG_HASH is '%s', and CONFIG_%s is set",
				      name, choice->symbol);
	return ms_check_found(check, "hash", MS_SEVERITY_INFO, NULL,
			      "modules are signed with %s", name);
}

int ms_check_hash(struct ms_check *check)
{
	const char *name = ms_check_text(check, "MODULE_SIG_HASH");
	const struct choice *choice, *hash;
	size_t count;
	int r = 0;

	if (!ms_check_yes(check, "MODULE_SIG"))
		return 0;
	choice = chosen(check, &count);
	if (count > 1)
		return ms_check_found(check, "hash-choice", MS_SEVERITY_ERROR,
				      mend(check, name && by_name(name) ? by_name(name)
									: choice),
				      "%zu digest algorithms are chosen at once", count);
	if (!name && !choice)
		return ms_check_found(check, "hash-default", MS_SEVERITY_WARNING,
				      mend(check, by_name("sha512")),
				      "no digest algorithm is chosen: the build takes the "
				      "default of its version");
	hash = name ? by_name(name) : choice;
	r = check_name(check, name ? name : choice->name, choice);
	return r < 0 || !hash ? r : check_built_in(check, hash);
}
