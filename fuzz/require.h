/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FUZZ_REQUIRE_H
#define MS_FUZZ_REQUIRE_H

/* What fuzzers hold a result against. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/base/buffer.h"
#include "../lib/base/cleanup.h"

/** Whatever has to hold; a crash is what a fuzzer reports. */
static inline void require(bool so)
{
	if (!so)
		abort();
}

/**
 * Does the path lead nowhere but below where it begins? Told by another way than the
 * readers': as a string that is searched for what must not be.
 */
static inline bool stays_below(const char *path)
{
	_cleanup_(ms_buf_done) struct ms_buf framed = { 0 };
	const char *text;

	require(ms_buf_printf(&framed, "/%s/", path) == 0 &&
		ms_buf_append(&framed, "", 1) == 0);
	text = (const char *)framed.data;
	return !strstr(text, "//") && !strstr(text, "/./") && !strstr(text, "/../");
}

#endif
