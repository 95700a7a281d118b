/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Signals. The handler only sets flags: the library notices, leaves every module whole
 * and returns -ECANCELED. A second signal does nothing more: some senders (sudo, make)
 * deliver each twice. System calls are not restarted, so that waiting for a lock or
 * for somebody to type ends, too; streams.c does that for somebody who is to read.
 */

#include "signals.h"

#include <signal.h>
#include <string.h>

#include "streams.h"

static struct ms_ctx *context;
static volatile sig_atomic_t interrupted;

static void handle(int signal)
{
	(void)signal;
	interrupted = 1;
	ms_ctx_cancel(context);
}

void cli_signals_init(struct ms_ctx *ctx)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;

	context = ctx;
	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		/* nohup and background shells have them ignored: leave that */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		action.sa_handler = handle;
		sigaction(signals[i], &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	cli_streams_init();
}

bool cli_interrupted(void)
{
	return interrupted;
}
