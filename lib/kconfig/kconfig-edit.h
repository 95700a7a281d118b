/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KCONFIG_KCONFIG_EDIT_H
#define MS_KCONFIG_KCONFIG_EDIT_H

/* A kernel's .config that is looked at line by line, and changed without touching others. */

#include <stdbool.h>

#include <modseal/base.h>

#include "../files/file-set.h"

/** A .config in memory: every byte of it, and what has been changed since. */
struct ms_config_edit;

/**
 * Reads @path, which may be gzipped (/proc/config.gz: readable, not to be saved). Every
 * line must be one of a configuration, as ms_kconfig_parse() has it.
 *
 * @ret: free with ms_config_edit_free().
 * Errors: those of opening; -EBADMSG no configuration, binary; -EFBIG more than 16 MiB.
 */
int ms_config_edit_open(struct ms_ctx *ctx, const char *path,
			struct ms_config_edit **ret);

/** The same over bytes, for tests and fuzzing. It cannot be saved. */
int ms_config_edit_parse(struct ms_ctx *ctx, const char *text, size_t len,
			 const char *shown, struct ms_config_edit **ret);

/** Frees @edit, which may be NULL, and with it what was not saved. Returns NULL. */
struct ms_config_edit *ms_config_edit_free(struct ms_config_edit *edit);

/** True where @name, with or without CONFIG_ in front, can be a symbol's. */
bool ms_config_edit_is_name(const char *name);

/** The whole text, as it is now. Owned by @edit until it is changed. */
const char *ms_config_edit_text(const struct ms_config_edit *edit, size_t *ret_len);

/** The path that it was opened by. Owned by @edit. */
const char *ms_config_edit_path(const struct ms_config_edit *edit);

/**
 * The value of a symbol: "y", "m", a number as it stands, a string without quotes and
 * escapes; "n" where a line says "is not set".
 * @name: with or without CONFIG_ in front of it. @ret_text: to free().
 *
 * Errors: -ENOENT no line names it; -EEXIST several lines do, with different values;
 * -ENOMEM. No message: there is no context.
 */
int ms_config_edit_get(const struct ms_config_edit *edit, const char *name,
		       char **ret_text);

/** True where @name is a string here: its line has quotes, or must have them. */
bool ms_config_edit_is_string(const struct ms_config_edit *edit, const char *name);

/**
 * Gives a symbol a value: "y", "m", "n" (which becomes "is not set"), a number, or a
 * string, which is quoted. The line that is there is replaced in its place, also one that
 * says "is not set"; where there is none, one is appended. A line whose quotes or place
 * in Linux's Kconfig make it a string gets a string, whatever @value looks like.
 *
 * Errors: -EINVAL @name is no symbol's, @value cannot stand in a line, or is none for the
 * kind of line that is there; -EEXIST several lines name it; -ENOMEM.
 */
int ms_config_edit_set(struct ms_ctx *ctx, struct ms_config_edit *edit, const char *name,
		       const char *value);

/** As ms_config_edit_set(), but @value is a string even where it looks like none. */
int ms_config_edit_set_string(struct ms_ctx *ctx, struct ms_config_edit *edit,
			      const char *name, const char *value);

/** True where saving would write other bytes than were read. */
bool ms_config_edit_changed(const struct ms_config_edit *edit);

/**
 * Adds the changed configuration to a set of files that are replaced together, with mode
 * and owner kept; a link is followed. An unchanged one is not added. Afterwards @edit is
 * of no more use but to be freed.
 *
 * Errors: -EOPNOTSUPP it is gzipped; those of ms_file_set_add(). Committing the set is
 * -EBUSY where the file has changed since it was read.
 */
int ms_config_edit_stage(struct ms_ctx *ctx, struct ms_config_edit *edit,
			 struct ms_file_set *files);

#endif
