/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_METADATA_H
#define MS_TREE_TRANSACTION_METADATA_H

/* What a new file takes over from the one it replaces. */

#include <sys/stat.h>

#include <modseal/base.h>

/** Which xattrs were left behind. */
struct ms_metadata_dropped {
	bool ima, evm;
	bool other; /* lenient only */
};

/**
 * Gives the new file @fd mode, owner, access time and xattrs of the file @source, whose
 * state when its content was read is @st. @shown: the name for messages.
 *
 * @lenient: a copy, not a replacement: keeps mtime as well; an owner or an xattr that
 * cannot be set is left out.
 *
 * security.ima and security.evm are never taken over: they vouch for other content.
 * Errors: -EPERM and others where something cannot be kept.
 */
int ms_metadata_copy(struct ms_ctx *ctx, int source, const struct stat *st, int fd,
		     bool lenient, const char *shown, struct ms_metadata_dropped *ret);

#endif
