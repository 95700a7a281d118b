/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The progress bar. Progress and messages come from different threads, so what is on
 * the screen is kept under one lock: a message first erases the bar.
 */

#include "progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 500, /* shorter work shows no bar */
	INTERVAL_MS = 100,
	NARROWEST = 40, /* columns; below that there is no room */
	WIDEST_BAR = 40,
};

static struct {
	pthread_mutex_t lock;
	const char *what; /* NULL: no bar is wanted */
	struct timespec begun;
	struct timespec drawn;
	bool visible;
} bar = {.lock = PTHREAD_MUTEX_INITIALIZER};

static long elapsed_ms(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1000L +
	       (to->tv_nsec - from->tv_nsec) / 1000000L;
}

static unsigned columns(void)
{
	struct winsize size = {0};

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static void erase(void)
{
	if (bar.visible)
		fputs("\r\033[K", stderr);
	bar.visible = false;
}

static void draw(uint64_t done, uint64_t total, size_t items_done, size_t items)
{
	char cells[WIDEST_BAR + 1];
	char counts[64];
	unsigned width = columns();
	size_t used, filled;
	double part = total ? (double)done / (double)total : 0;
	size_t room;

	if (part > 1)
		part = 1;
	snprintf(counts, sizeof(counts), " %3.0f%% %zu/%zu", part * 100, items_done,
		 items);
	used = strlen("modseal : []") + strlen(bar.what) + strlen(counts) + 1;
	if (width < NARROWEST || used + 4 > width)
		return;
	room = width - used < WIDEST_BAR ? width - used : WIDEST_BAR;
	filled = (size_t)(part * (double)room);
	memset(cells, '#', filled);
	memset(cells + filled, '.', room - filled);
	cells[room] = '\0';
	fprintf(stderr, "\rmodseal %s: [%s]%s\033[K", bar.what, cells, counts);
	bar.visible = true;
}

void cli_progress_begin(const char *what)
{
	const char *term = getenv("TERM");

	if (!isatty(STDERR_FILENO) || (term && strcmp(term, "dumb") == 0))
		return;
	pthread_mutex_lock(&bar.lock);
	bar.what = what;
	clock_gettime(CLOCK_MONOTONIC, &bar.begun);
	bar.drawn = bar.begun;
	pthread_mutex_unlock(&bar.lock);
}

void cli_progress(void *userdata, uint64_t done, uint64_t total, size_t items_done,
		  size_t items)
{
	struct timespec now;

	(void)userdata;
	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&bar.lock);
	if (bar.what && elapsed_ms(&bar.begun, &now) >= PATIENCE_MS &&
	    elapsed_ms(&bar.drawn, &now) >= INTERVAL_MS) {
		draw(done, total, items_done, items);
		bar.drawn = now;
	}
	pthread_mutex_unlock(&bar.lock);
}

void cli_progress_hide(void)
{
	pthread_mutex_lock(&bar.lock);
	erase();
	pthread_mutex_unlock(&bar.lock);
}

void cli_progress_end(void)
{
	pthread_mutex_lock(&bar.lock);
	erase();
	bar.what = NULL;
	pthread_mutex_unlock(&bar.lock);
}
