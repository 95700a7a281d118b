/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "context.h"
#include "sized.h"

/* The size that a caller's struct begins with. -EINVAL: it cannot be one. */
static int size_of(struct ms_ctx *ctx, const void *caller, size_t *ret)
{
	memcpy(ret, caller, sizeof(*ret));
	if (*ret >= sizeof(*ret))
		return 0;
	return ms_fail(ctx, -EINVAL,
		       "a program called libmodseal with a struct whose size is not set");
}

int ms_sized_in(struct ms_ctx *ctx, void *to, size_t known, const void *from)
{
	const uint8_t *bytes = from;
	size_t size = known;
	int r = from ? size_of(ctx, from, &size) : 0;

	if (r < 0)
		return r;
	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return ms_fail(ctx, -E2BIG,
				       "a program asked libmodseal %s for what this version "
				       "does not know",
				       ms_version());
	memset(to, 0, known);
	if (from)
		memcpy(to, from, size < known ? size : known);
	memcpy(to, &known, sizeof(known));
	return 0;
}

int ms_sized_at(struct ms_ctx *ctx, void *to, size_t known, const void *array, size_t i)
{
	size_t stride;
	int r = size_of(ctx, array, &stride);

	return r < 0 ? r
		     : ms_sized_in(ctx, to, known, (const uint8_t *)array + i * stride);
}

int ms_sized_out(struct ms_ctx *ctx, void *to, const void *from, size_t known)
{
	size_t size, both;
	int r = size_of(ctx, to, &size);

	if (r < 0)
		return r;
	both = size < known ? size : known;
	memcpy(to, from, both);
	memset((uint8_t *)to + both, 0, size - both);
	memcpy(to, &size, sizeof(size));
	return 0;
}
