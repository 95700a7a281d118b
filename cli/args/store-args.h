/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_STORE_ARGS_H
#define CLI_STORE_ARGS_H

/* The key store that the command line asks for, and what is said of its generations. */

#include <modseal/keystore.h>

#include "../cli.h"
#include "../parse/parse.h"

/** --store, else $MODSEAL_STORE, else MS_SYSTEM_KEY_STORE. */
const char *cli_store_path(const struct cli_args *args);

/**
 * Opens that store, with kernels looked for under --root. @create: it is made where it is
 * not there. CLI_YES, or CLI_TROUBLE after reporting.
 */
int cli_store_open(struct cli *cli, const struct cli_args *args, bool create,
		   struct ms_keystore **ret);

static inline void cli_free_store(struct ms_keystore **store)
{
	ms_keystore_free(*store);
}

/** A generation as a JSON object; null for NULL. */
json_object *cli_generation_json(const struct ms_generation *generation);

/** Paths, owned. */
struct cli_paths {
	char **list;
	size_t count;
};

void cli_paths_done(struct cli_paths *paths);

/**
 * Adds the files that @pattern names: itself where it is there, else those that it fits as
 * a shell's pattern. CLI_TROUBLE after reporting where there is none.
 */
int cli_paths_add(struct cli *cli, struct cli_paths *paths, const char *pattern);

/** Every --config, expanded. */
int cli_config_paths(struct cli *cli, const struct cli_args *args,
		     enum cli_option_id option, struct cli_paths *ret);

/** A time as ISO 8601 in UTC, to free(). */
char *cli_time_text(int64_t seconds);

#endif
