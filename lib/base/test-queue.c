/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <stdatomic.h>

#include "context.h"
#include "queue.h"

enum { ITEMS = 1000 };

static atomic_int done[ITEMS];
static atomic_int total;

static int count(struct ms_ctx *ctx, unsigned worker, size_t index, void *userdata)
{
	(void)ctx;
	(void)userdata;
	assert_in_range(worker, 0, 7);
	atomic_fetch_add(&done[index], 1);
	atomic_fetch_add(&total, 1);
	return 0;
}

static int fail_at_10(struct ms_ctx *ctx, unsigned worker, size_t index, void *userdata)
{
	count(ctx, worker, index, userdata);
	return index == 10 ? ms_fail(ctx, -EIO, "item %zu", index) : 0;
}

static int cancel_at_10(struct ms_ctx *ctx, unsigned worker, size_t index, void *userdata)
{
	count(ctx, worker, index, userdata);
	if (index == 10)
		ms_ctx_cancel(ctx);
	return 0;
}

static void run(ms_work_fn fn, unsigned jobs, int expected, const char *message)
{
	struct ms_ctx *ctx = ms_ctx_new();
	size_t order[ITEMS];

	total = 0;
	for (size_t i = 0; i < ITEMS; i++) {
		order[i] = i;
		done[i] = 0;
	}
	assert_int_equal(ms_queue_run(ctx, jobs, order, ITEMS, fn, NULL), expected);
	assert_string_equal(ms_ctx_message(ctx), message);
	ms_ctx_free(ctx);
}

static void every_item_is_done_once(void **state)
{
	(void)state;
	run(count, 8, 0, "");
	for (size_t i = 0; i < ITEMS; i++)
		assert_int_equal(done[i], 1);
}

static void a_failure_stops_the_queue_and_its_message_arrives(void **state)
{
	(void)state;
	run(fail_at_10, 8, -EIO, "item 10");
	run(fail_at_10, 1, -EIO, "item 10");
	assert_int_equal(total, 11);
}

static void a_cancelled_run_says_so(void **state)
{
	(void)state;
	run(cancel_at_10, 1, -ECANCELED, "interrupted");
	assert_int_equal(total, 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_done_once),
		cmocka_unit_test(a_failure_stops_the_queue_and_its_message_arrives),
		cmocka_unit_test(a_cancelled_run_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
