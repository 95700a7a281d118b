/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a verdict rests on besides what was said: the release, the configuration, the
 * algorithms that a kernel has only if it loads their modules, hashes that do not show.
 */

#include "assumed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"

/* Adds a name to those that are parted by commas. */
static int add_name(struct ms_buf *out, const char *name)
{
	return ms_buf_printf(out, "%s%s", out->len ? ", " : "", name);
}

/*
 * What is there only if a module is loaded, as "sha512, ecdsa", of the algorithms that
 * modules are signed with.
 */
static int name_modules(const struct ms_rules *with, const struct ms_rules *without,
			struct ms_buf *out)
{
	const struct ms_key_type *type, *last = NULL;
	int r = 0;

	for (int i = MS_HASH_SHA256; i <= MS_HASH_SHA3_512 && r == 0; i++)
		if (with->hash[i] && !without->hash[i])
			r = add_name(out, ms_hash_name((enum ms_hash)i));
	for (size_t i = 0; (type = ms_key_type_at(i)) && r == 0; i++) {
		if (!type->signs || !with->pkey[type->pkey] || without->pkey[type->pkey] ||
		    (last && last->family == type->family))
			continue;
		r = add_name(out, ms_key_family_name(type->family));
		last = type;
	}
	return r;
}

static int list_modules(const struct ms_trust_known *known, struct ms_texts *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf names = { 0 };
	int r = name_modules(known->with_modules, known->without_modules, &names);

	if (r < 0 || names.len == 0)
		return r;
	return ms_texts_printf(ret, "algorithms that are modules count as %s: %.*s",
			       known->modules_count ? "there" : "missing", (int)names.len,
			       (const char *)names.data);
}

/*
 * Of the hashes. An image without sections (arm64's Image, zboot) does not show them, nor
 * does one that was stripped of the section: only the configuration tells then.
 */
static int list_hashes(const struct ms_trust_known *known, struct ms_texts *ret)
{
	int r = 0;

	if (!known->hashes)
		return known->config_has_hashes
			       ? ms_texts_printf(ret,
						 "CONFIG_MODULE_HASHES, but no image with a "
						 "section .module_hashes: no module is known "
						 "by its hash")
			       : 0;
	if (!ms_kernel_hashes_any(known->hashes))
		r = ms_texts_printf(ret, "section .module_hashes is empty: no module is "
					 "known by its hash");
	if (r < 0)
		return r;
	if (!known->config_path)
		return ms_texts_printf(ret, "no kernel configuration: signatures count "
					    "besides hashes");
	return known->with_modules->module_sig
		       ? 0
		       : ms_texts_printf(ret, "the kernel looks at no signatures: "
					      "CONFIG_MODULE_SIG is not set");
}

int ms_trust_list_assumed(const struct ms_trust_known *known, struct ms_texts *ret)
{
	unsigned version = known->with_modules->version;
	int r = 0;

	if (!known->release)
		r = ms_texts_printf(ret,
				    "no kernel release: the rules of Linux %u.%u apply",
				    version >> 16, version >> 8 & 0xff);
	r = r < 0 ? r : list_hashes(known, ret);
	if (r < 0)
		return r;
	if (!known->config_path)
		return ms_texts_printf(
			ret,
			"no kernel configuration: every algorithm of Linux "
			"%u.%u taken as built in",
			version >> 16, version >> 8 & 0xff);
	if (known->config_was_found)
		r = ms_texts_printf(ret, "the kernel's configuration is '%s'",
				    known->config_path);
	return r < 0 ? r : list_modules(known, ret);
}
