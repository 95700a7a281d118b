/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_SYSTEM_TEST_ROOT_H
#define MS_SYSTEM_TEST_ROOT_H

/* For the tests of lib/system: a root of their own, empty at the start of each. */

#include "../../tests/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "system.h"

static char root[] = "/tmp/modseal-test-system-XXXXXX";
static struct ms_ctx *ctx;
static struct ms_system *made_up;

/* Has a shell make things, in the root. */
static bool make(const char *script)
{
	return system(script) == 0;
}

static int setup_root(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(root) && chdir(root) == 0 &&
			       ms_system_open(ctx, root, &made_up) == 0
		       ? 0
		       : -1;
}

static int empty_root(void **state)
{
	(void)state;
	return make("find . -mindepth 1 -delete") ? 0 : -1;
}

static int teardown_root(void **state)
{
	ms_system_free(made_up);
	ms_ctx_free(ctx);
	return empty_root(state) == 0 && rmdir(root) == 0 ? 0 : -1;
}

#endif
