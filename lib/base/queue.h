/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_QUEUE_H
#define MS_BASE_QUEUE_H

/*
 * One queue of work, many threads. Items are handed out in the order of the queue, one
 * at a time, so a queue sorted by size keeps all cores busy to the end.
 */

#include <stddef.h>

#include <modseal/base.h>

/**
 * Does the item @index on behalf of thread @worker (0 to jobs − 1), whose context is
 * @ctx. A negative return stops the queue: no further item is begun.
 */
typedef int (*ms_work_fn)(struct ms_ctx *ctx, unsigned worker, size_t index,
			  void *userdata);

/** The number of cores this process may run on, at least 1. */
unsigned ms_queue_cores(void);

/**
 * Calls @fn for each of order[0] to order[n - 1], on @jobs threads (the caller's is one
 * of them; jobs >= 1). Returns 0, or the error of the first item that failed, whose
 * message is then in @ctx; or -ECANCELED.
 */
int ms_queue_run(struct ms_ctx *ctx, unsigned jobs, const size_t *order, size_t n,
		 ms_work_fn fn, void *userdata);

#endif
