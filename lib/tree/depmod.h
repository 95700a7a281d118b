/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_DEPMOD_H
#define MS_TREE_DEPMOD_H

/* Would depmod find a module through a link to a directory? */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../base/context.h"

/** A directory that was looked into. */
struct ms_seen {
	dev_t device;
	ino_t inode;
	bool has_modules; /* below it; else: none, or not known yet */
};

/** What is known of directories, and how much more may be looked at. Zeroed: nothing. */
struct ms_depmod {
	struct ms_seen *dirs;
	size_t n;
	size_t looked_at; /* names read so far */
};

void ms_depmod_done(struct ms_depmod *depmod);

/** Does depmod pass over whatever has that name? */
bool ms_depmod_excludes(const char *name);

/** Does it take a file of that name for a module? */
bool ms_depmod_takes(const char *name);

/**
 * Would depmod list a module below the directory @name in @fd, or what that link leads
 * to? Where that cannot be found out, or only with too much reading, it would. -ENOMEM,
 * -ECANCELED.
 */
int ms_depmod_finds(struct ms_ctx *ctx, struct ms_depmod *depmod, int fd,
		    const char *name, bool *ret);

#endif
