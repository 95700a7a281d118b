/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_FILE_SET_H
#define MS_BASE_FILE_SET_H

/* Several files that are replaced together: all of them or none. */

#include "file.h"

struct ms_file_set;

/** An empty set; NULL where there is no memory. */
struct ms_file_set *ms_file_set_new(void);

/** Frees the set, which may be NULL, and removes what was staged and not committed. */
struct ms_file_set *ms_file_set_free(struct ms_file_set *set);

/**
 * Writes what @path is to become to a file beside it, and syncs that. Mode and owner are
 * those of the file that is there; a new one gets @mode less the umask. A link is
 * followed, and what it leads to replaced. @data is not needed afterwards.
 *
 * @was: the file as it was read, or NULL where it was not: then it is not checked that it
 * is still the same.
 *
 * Errors: those of opening and writing; -EPERM the owner cannot be kept; -EBUSY @path is
 * in the set already.
 */
int ms_file_set_add(struct ms_ctx *ctx, struct ms_file_set *set, const char *path,
		    const void *data, size_t len, mode_t mode,
		    const struct ms_identity *was);

/**
 * Puts every file of the set in its place. On failure all of them are as they were.
 * Killed in its midst, each file is whole, the old or the new one.
 *
 * Errors: -EBUSY a file has changed since it was read; those of renaming and syncing.
 */
int ms_file_set_commit(struct ms_ctx *ctx, struct ms_file_set *set);

#endif
