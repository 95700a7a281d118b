/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which DKMS a system has, and which of its modules call modseal's checker. */

#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "../system/system.h"
#include "conf.h"

/* Reads @path, one of the system's, as text: to its first NUL. No message. */
static int read_text(struct ms_ctx *ctx, const struct ms_system *system, const char *path,
		     struct ms_buf *ret)
{
	int r = ms_system_read(ctx, system, path, ret);

	return r < 0 ? r : ms_buf_append(ret, "", 1);
}

/* A number below 100 at *@at, which is moved behind it and the point that may follow. */
static bool take_number(const char **at, unsigned *ret)
{
	size_t digits = strspn(*at, "0123456789");

	*ret = 0;
	for (size_t i = 0; i < digits; i++)
		*ret = *ret * 10 + (unsigned)((*at)[i] - '0');
	*at += digits;
	*at += **at == '.';
	return digits > 0 && digits <= 2;
}

/* "dkms-3.0.10" in the script's text, where it answers --version or fills in a log */
static unsigned version_in(const char *text)
{
	unsigned major, minor, patch;
	const char *at = text;

	while ((at = strstr(at, "dkms-"))) {
		at += 5;
		if (take_number(&at, &major) && take_number(&at, &minor) &&
		    take_number(&at, &patch) && major)
			return MS_DKMS_VERSION(major, minor, patch);
	}
	return 0;
}

static int read_version(struct ms_ctx *ctx, const struct ms_system *system,
			const char *path, unsigned *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf script = { 0 };
	int r = read_text(ctx, system, path, &script);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return ms_fail_errno(ctx, r, "cannot read '%s%s'", ms_system_root(system),
				     path);
	*ret = version_in((const char *)script.data);
	return 0;
}

int ms_dkms_version(struct ms_ctx *ctx, const struct ms_system *system, unsigned *ret,
		    char **ret_text)
{
	static const char *const places[] = { "/usr/sbin/dkms", "/usr/bin/dkms" };
	unsigned version = 0;
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(places) && r == 0 && !version; i++)
		r = read_version(ctx, system, places[i], &version);
	if (r < 0)
		return r;
	*ret = version;
	if (!ret_text)
		return 0;
	*ret_text = version ? ms_format("%u.%u.%u", version / 10000, version / 100 % 100,
					version % 100)
			    : NULL;
	return version && !*ret_text ? ms_fail_nomem(ctx) : 0;
}

/* Characters that are no shell's business, as DKMS's own modules have them. */
bool ms_dkms_is_module_name(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_+.-";

	return *name && *name != '.' && *name != '-' && !name[strspn(name, good)];
}

bool ms_dkms_has_hook(struct ms_ctx *ctx, const struct ms_system *system,
		      const char *module)
{
	_cleanup_free_ char *path = ms_format(MS_DKMS_ETC "/%s.conf", module);
	_cleanup_(ms_buf_done) struct ms_buf conf = { 0 };

	return path && read_text(ctx, system, path, &conf) == 0 &&
	       strstr((const char *)conf.data, MS_DKMS_CHECKER);
}
