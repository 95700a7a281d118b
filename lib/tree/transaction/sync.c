/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../base/context.h"

int ms_sync_add(struct ms_ctx *ctx, struct ms_sync *sync, int fd)
{
	struct ms_sync_fs *list;
	struct stat st;
	int copy;

	if (fstat(fd, &st) < 0)
		return ms_fail_errno(ctx, -errno, "cannot stat a directory");
	for (size_t i = 0; i < sync->n; i++)
		if (sync->list[i].device == st.st_dev)
			return 0;
	list = reallocarray(sync->list, sync->n + 1, sizeof(*list));
	if (!list)
		return ms_fail_nomem(ctx);
	sync->list = list;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return ms_fail_errno(ctx, -errno, "cannot sync");
	list[sync->n++] = (struct ms_sync_fs){ .device = st.st_dev, .fd = copy };
	return 0;
}

int ms_sync_run(struct ms_ctx *ctx, const struct ms_sync *sync)
{
	for (size_t i = 0; i < sync->n; i++)
		if (syncfs(sync->list[i].fd) < 0)
			return ms_fail_errno(ctx, -errno, "cannot sync the file system");
	return 0;
}

void ms_sync_done(struct ms_sync *sync)
{
	for (size_t i = 0; i < sync->n; i++)
		close(sync->list[i].fd);
	free(sync->list);
	*sync = (struct ms_sync){ 0 };
}
