/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Standard output and error, where nobody reads them: a pipe whose reader sleeps, a
 * terminal that is stopped. A write would wait there, and be taken up again at the next
 * line whatever signals came. So it is waited for here, a moment at a time, and only what
 * a pipe has room for is written. The descriptors are others', too, and stay blocking.
 */

#include "streams.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "signals.h"

enum {
	TICK = 50,     /* ms until signals are looked for again */
	PATIENCE = 40, /* ticks, in which a reader who is only slow reads after a signal */
};

/* Nobody has read for so long behind a signal: nothing is waited for any more. */
static atomic_bool gave_up;

/* False, with errno: what is there is no place to write to, or there is no more waiting. */
static bool wait_for_room(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLOUT};
	int ticks = 0;

	for (;;) {
		int r = poll(&waiting, 1, gave_up ? 0 : TICK);

		if (r > 0)
			return true;
		if (r < 0 && errno != EINTR)
			return false;
		if (!cli_interrupted())
			continue;
		if (gave_up || ++ticks > PATIENCE)
			break;
	}
	gave_up = true;
	errno = EINTR;
	return false;
}

/* As fopencookie() wants it: fewer than @len bytes are an error. */
static ssize_t write_all(void *cookie, const char *data, size_t len)
{
	int fd = (int)(intptr_t)cookie;
	size_t done = 0;

	while (done < len && wait_for_room(fd)) {
		size_t rest = len - done;
		ssize_t n = write(fd, data + done, rest < PIPE_BUF ? rest : PIPE_BUF);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)done;
}

static FILE *stream_of(int fd, int buffering)
{
	cookie_io_functions_t functions = {.write = write_all};
	FILE *stream = fopencookie((void *)(intptr_t)fd, "w", functions);

	if (stream)
		setvbuf(stream, NULL, buffering, 0);
	return stream;
}

void cli_streams_init(void)
{
#ifdef __GLIBC__ /* elsewhere these are no variables */
	FILE *out = stream_of(STDOUT_FILENO, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
	FILE *err = stream_of(STDERR_FILENO, _IONBF);

	stdout = out ? out : stdout;
	stderr = err ? err : stderr;
#endif
}
