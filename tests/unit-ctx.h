/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TESTS_UNIT_CTX_H
#define MS_TESTS_UNIT_CTX_H

/* One context for all tests of a file; setup() and teardown() are the group's. */

#include "unit.h"

#include <modseal/base.h>

static struct ms_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ctx = ms_ctx_free(ctx);
	return 0;
}

#endif
