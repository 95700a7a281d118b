/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TREE_TRANSACTION_SYNC_H
#define MS_TREE_TRANSACTION_SYNC_H

/* One syncfs() for each file system that was written to, instead of an fsync() a file. */

#include <stddef.h>
#include <sys/types.h>

#include <modseal/base.h>

struct ms_sync {
	struct ms_sync_fs {
		dev_t device;
		int fd;
	} *list;
	size_t n;
};

/** Notes the file system that @fd is on; @fd is duplicated where it is a new one. */
int ms_sync_add(struct ms_ctx *ctx, struct ms_sync *sync, int fd);

/** Brings all of them to disk. Errors of syncfs(). */
int ms_sync_run(struct ms_ctx *ctx, const struct ms_sync *sync);

void ms_sync_done(struct ms_sync *sync);

#endif
