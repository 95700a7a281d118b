/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KCONFIG_KCONFIG_H
#define MS_KCONFIG_KCONFIG_H

/* A kernel's .config: what is =y, =m, "string" or "is not set". */

#include <modseal/base.h>

struct ms_kconfig;

enum ms_kconfig_state {
	MS_KCONFIG_ABSENT = 0, /* "is not set", or not mentioned */
	MS_KCONFIG_MODULE,
	MS_KCONFIG_YES,
};

/**
 * Parses text that was read from @shown (scripts/kconfig/confdata.c of Linux has the
 * grammar). @ret: free with ms_kconfig_free(). -EBADMSG: a line that is none of a config,
 * which the message names, or no symbol at all; -ENOMEM.
 */
int ms_kconfig_parse(struct ms_ctx *ctx, const char *text, size_t len, const char *shown,
		     struct ms_kconfig **ret);
/** Reads a file, which may be gzipped (/proc/config.gz). Errors as above, of opening. */
int ms_kconfig_read(struct ms_ctx *ctx, const char *path, struct ms_kconfig **ret);
struct ms_kconfig *ms_kconfig_free(struct ms_kconfig *config);

/** The state of a symbol, named without CONFIG_. Numbers and strings are ABSENT. */
enum ms_kconfig_state ms_kconfig_state(const struct ms_kconfig *config, const char *name);

/** The value of a string symbol without its quotes, NULL where absent. Borrowed. */
const char *ms_kconfig_string(const struct ms_kconfig *config, const char *name);

#endif
