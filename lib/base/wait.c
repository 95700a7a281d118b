/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wait.h"

#include <errno.h>
#include <time.h>

#include "context.h"

enum { TELL_AFTER = 300, PAUSE_MAX = 50 }; /* milliseconds */

bool ms_wait_is_long(const struct ms_wait *wait)
{
	return wait->waited >= TELL_AFTER;
}

int ms_wait_for_run(struct ms_ctx *ctx, struct ms_wait *wait, bool no_wait,
		    const char *what, const char *shown)
{
	bool was_long = ms_wait_is_long(wait);
	struct timespec time = {0};
	int r = ms_check_cancelled(ctx);

	if (r < 0)
		return r;
	if (no_wait)
		return ms_fail(ctx, -EWOULDBLOCK, "another run is at work on %s'%s'",
			       what, shown);
	wait->pause = wait->pause ? wait->pause * 2 : 1;
	if (wait->pause > PAUSE_MAX)
		wait->pause = PAUSE_MAX;
	wait->waited += wait->pause;
	if (!was_long && ms_wait_is_long(wait))
		ms_warn(ctx, "waiting for another run on %s'%s'", what, shown);
	time.tv_nsec = wait->pause * 1000000;
	nanosleep(&time, NULL);
	return 0;
}
