// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the trailer's reader against the naive rules of trailer-rules.h: not only must it
 * stay in its buffer, it must be right. Each input is read as it stands, and once more with
 * the marker behind it, which a fuzzer seldom finds by itself.
 */
#include <stdlib.h>

#include "require.h"
#include "trailer-rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The kernel goes on with a trailer exactly where its end is one that modseal writes. */
static bool ends_as_written(const uint8_t *data, size_t len, const struct ms_trailer *t)
{
	uint8_t end[MS_TRAILER_END_LEN];

	if (t->state != MS_TRAILER_PRESENT)
		return false;
	ms_trailer_write((uint32_t)t->sig_len, end);
	return memcmp(data + len - sizeof(end), end, sizeof(end)) == 0;
}

/* The file, and then what is left of it trailer by trailer. */
static void check(const uint8_t *data, size_t len)
{
	for (;;) {
		struct ms_trailer t = ms_trailer_read(data, len);

		require(rules_places(data, len, &t));
		require(ms_trailer_errno(&t) == rules_errno(data, len));
		require((ms_trailer_errno(&t) == 0) == ends_as_written(data, len, &t));
		require((ms_trailer_reason(&t) == NULL) == (ms_trailer_errno(&t) == 0));
		if (t.state != MS_TRAILER_PRESENT)
			return;
		require(t.payload_len > 0 && t.payload_len < len);
		len = t.payload_len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *marked = malloc(size + MS_MARKER_LEN);

	check(data, size);
	if (marked) {
		if (size)
			memcpy(marked, data, size);
		memcpy(marked + size, ms_marker, sizeof(ms_marker));
		check(marked, size + MS_MARKER_LEN);
	}
	free(marked);
	return 0;
}
