/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The queue is an index that threads increment: nothing is pushed and popped, since
 * all work is known when it begins. The first failure is kept; the others that were
 * begun then are finished.
 */

#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cleanup.h"
#include "context.h"

struct queue {
	const size_t *order;
	size_t n;
	ms_work_fn fn;
	void *userdata;
	atomic_size_t next;
	atomic_int error;
	struct ms_ctx *ctx; /* of the caller: takes the first failure's message */
	pthread_mutex_t lock;
};

struct thread {
	struct queue *queue;
	struct ms_ctx *ctx;
	unsigned worker;
	pthread_t id;
	bool running;
};

unsigned ms_queue_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static void record_failure(struct queue *queue, struct ms_ctx *ctx, int error)
{
	pthread_mutex_lock(&queue->lock);
	if (queue->error == 0) {
		queue->error = error;
		if (ctx != queue->ctx)
			ms_fail(queue->ctx, error, "%s", ms_ctx_message(ctx));
		if (ctx != queue->ctx && ms_ctx_hint(ctx))
			ms_hint(queue->ctx, error, "%s", ms_ctx_hint(ctx));
	}
	pthread_mutex_unlock(&queue->lock);
}

static void *thread_main(void *arg)
{
	struct thread *thread = arg;
	struct queue *queue = thread->queue;

	while (queue->error == 0) {
		size_t i = atomic_fetch_add(&queue->next, 1);
		int r;

		if (i >= queue->n)
			break;
		r = ms_check_cancelled(thread->ctx);
		if (r == 0)
			r = queue->fn(thread->ctx, thread->worker, queue->order[i],
				      queue->userdata);
		if (r < 0)
			record_failure(queue, thread->ctx, r);
	}
	return NULL;
}

/* Fewer threads than asked for are no failure: the work is done all the same. */
static void start_threads(struct queue *queue, struct thread *threads, unsigned jobs)
{
	for (unsigned i = 1; i < jobs && i < queue->n; i++) {
		threads[i] = (struct thread){ .queue = queue, .worker = i };
		threads[i].ctx = ms_ctx_fork(queue->ctx);
		if (!threads[i].ctx)
			return;
		threads[i].running =
			pthread_create(&threads[i].id, NULL, thread_main, &threads[i]) == 0;
	}
}

int ms_queue_run(struct ms_ctx *ctx, unsigned jobs, const size_t *order, size_t n,
		 ms_work_fn fn, void *userdata)
{
	struct queue queue = {
		.order = order, .n = n, .fn = fn, .userdata = userdata, .ctx = ctx,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	_cleanup_free_ struct thread *threads = calloc(jobs, sizeof(*threads));

	if (!threads)
		return ms_fail_nomem(ctx);
	threads[0] = (struct thread){ .queue = &queue, .ctx = ctx };
	start_threads(&queue, threads, jobs);
	thread_main(&threads[0]);
	for (unsigned i = 1; i < jobs; i++) {
		if (threads[i].running)
			pthread_join(threads[i].id, NULL);
		ms_ctx_free(threads[i].ctx);
	}
	pthread_mutex_destroy(&queue.lock);
	return queue.error;
}
