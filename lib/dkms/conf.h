/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_DKMS_CONF_H
#define MS_DKMS_CONF_H

/* Inside lib/dkms: where DKMS's files are. Paths are those of the system below the root. */

#include <modseal/dkms.h>

#define MS_DKMS_ETC	  "/etc/dkms"
#define MS_DKMS_FRAMEWORK MS_DKMS_ETC "/framework.conf"
#define MS_DKMS_SNIPPETS  MS_DKMS_ETC "/framework.conf.d"
#define MS_DKMS_OUR_CONF  MS_DKMS_SNIPPETS "/modseal.conf"

/** Makes settings of no file at all. -ENOMEM. */
int ms_dkms_settings_new(struct ms_ctx *ctx, struct ms_dkms_settings **ret);

/** Reads the text of the file @path, which comes after those that were read. -ENOMEM. */
int ms_dkms_settings_text(struct ms_dkms_settings *settings, const char *path,
			  const char *release, const char *text, size_t len);

/** Notes that @path cannot be read because of @error. -ENOMEM. */
int ms_dkms_settings_note_unread(struct ms_dkms_settings *settings, const char *path,
				 int error);

#endif
