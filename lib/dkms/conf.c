/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The files of DKMS's configuration, in the order in which DKMS reads them:
 *
 *	for i in /etc/dkms/framework.conf /etc/dkms/framework.conf.d/\*.conf
 *
 * The shell sorts names by the locale of whoever runs DKMS. Here it is the locale C, which
 * differs for names with capitals or marks at their beginning.
 */

#include "conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/listing.h"
#include "../base/text.h"
#include "../system/system.h"

enum {
	MOST_FILES = 1000,
	MOST_BYTES = 16 << 20, /* of all files together */
};

/* One reading of all. */
struct reading {
	struct ms_ctx *ctx;
	const struct ms_system *system;
	const char *release;
	struct ms_dkms_settings *settings;
	size_t bytes; /* read so far */
};

static int read_conf(void *userdata, const char *path)
{
	struct reading *reading = userdata;
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 };
	int r = ms_system_read(reading->ctx, reading->system, path, &file);

	if (r == -ENOENT || r == -ENOTDIR || r == -ENOMEM)
		return r == -ENOMEM ? r : 0; /* DKMS passes over a file that is not there */
	reading->bytes += file.len;
	if (r == 0 && reading->bytes > MOST_BYTES)
		r = -E2BIG;
	if (r < 0)
		return ms_dkms_settings_note_unread(reading->settings, path, r);
	return ms_dkms_settings_text(reading->settings, path, reading->release,
				     file.len ? (const char *)file.data : "", file.len);
}

/* As the shell's *.conf: not hidden. */
static int is_snippet(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ms_ends_with(entry->d_name, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int ms_dkms_each_snippet(struct ms_ctx *ctx, const struct ms_system *system,
			 int (*each)(void *userdata, const char *path), void *userdata)
{
	_cleanup_(ms_listing_done) struct ms_listing entries = { 0 };
	_cleanup_free_ char *dir = NULL;
	int r = ms_system_path(ctx, system, MS_DKMS_SNIPPETS, &dir);

	if (r == 0)
		entries.n = scandir(dir, &entries.list, is_snippet, by_bytes);
	if (entries.n < 0)
		r = -errno;
	else if (entries.n > MOST_FILES)
		r = -E2BIG;
	for (int i = 0; i < entries.n && r == 0; i++) {
		_cleanup_free_ char *path =
			ms_format(MS_DKMS_SNIPPETS "/%s", entries.list[i]->d_name);

		r = path ? each(userdata, path) : -ENOMEM;
	}
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

bool ms_dkms_sets_signing(struct ms_ctx *ctx, const struct ms_system *system,
			  const char *path)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings = NULL;
	struct reading reading = { .ctx = ctx, .system = system };

	if (ms_dkms_settings_new(ctx, "", &settings) < 0)
		return true;
	reading.settings = settings;
	if (read_conf(&reading, path) < 0)
		return true;
	for (int i = MS_DKMS_SIGN_FILE; i <= MS_DKMS_CERTIFICATE; i++)
		if (ms_dkms_setting_state(settings, (enum ms_dkms_setting)i) !=
		    MS_DKMS_UNSET)
			return true;
	return false;
}

int ms_dkms_settings_read(struct ms_ctx *ctx, const struct ms_system *system,
			  const char *release, struct ms_dkms_settings **ret)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings = NULL;
	struct reading reading = {
		.ctx = ctx,
		.system = system,
		.release = release,
	};
	int r = ms_dkms_settings_new(ctx, ms_system_root(system), &settings);

	if (r < 0)
		return r;
	reading.settings = settings;
	r = read_conf(&reading, MS_DKMS_FRAMEWORK);
	if (r == 0)
		r = ms_dkms_each_snippet(ctx, system, read_conf, &reading);
	if (r < 0 && r != -ENOMEM)
		r = ms_dkms_settings_note_unread(settings, MS_DKMS_SNIPPETS, r);
	if (r < 0)
		return ms_fail_nomem(ctx);
	*ret = ms_steal(&settings);
	return 0;
}
