/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_DKMS_CONF_H
#define MS_DKMS_CONF_H

/* Inside lib/dkms: where DKMS's files are. Paths are those of the system below the root. */

#include <modseal/dkms.h>

#include "../base/cleanup.h"

MS_DEFINE_CLEANUP(ms_cleanup_dkms_settings, struct ms_dkms_settings *,
		  ms_dkms_settings_free)

#define MS_DKMS_ETC	  "/etc/dkms"
#define MS_DKMS_FRAMEWORK MS_DKMS_ETC "/framework.conf"
#define MS_DKMS_SNIPPETS  MS_DKMS_ETC "/framework.conf.d"
#define MS_DKMS_OUR_CONF  MS_DKMS_SNIPPETS "/modseal.conf"

/** Makes settings of no file at all. @root: of the system, for messages. -ENOMEM. */
int ms_dkms_settings_new(struct ms_ctx *ctx, const char *root,
			 struct ms_dkms_settings **ret);
const char *ms_dkms_settings_root(const struct ms_dkms_settings *settings);

/** Reads the text of the file @path, which comes after those that were read. -ENOMEM. */
int ms_dkms_settings_text(struct ms_dkms_settings *settings, const char *path,
			  const char *release, const char *text, size_t len);

/** Notes that @path cannot be read because of @error. -ENOMEM. */
int ms_dkms_settings_note_unread(struct ms_dkms_settings *settings, const char *path,
				 int error);

/**
 * Calls @each for each file of framework.conf.d/, in the order of their names, until it
 * returns other than 0, which is returned then. Errors: of reading the directory, which
 * need not be there, without a message; -E2BIG there are more than 1000; -ENOMEM.
 */
int ms_dkms_each_snippet(struct ms_ctx *ctx, const struct ms_system *system,
			 int (*each)(void *userdata, const char *path), void *userdata);

/** True where @path, one of the system's, assigns a setting, or may do so. */
bool ms_dkms_sets_signing(struct ms_ctx *ctx, const struct ms_system *system,
			  const char *path);

#endif
