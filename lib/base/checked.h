/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_CHECKED_H
#define MS_BASE_CHECKED_H

/* Arithmetic on sizes that says when it does not fit. */

#include <stdbool.h>
#include <stddef.h>

/** *@ret = @a + @b; false where that does not fit, and *@ret is not to be used. */
static inline bool ms_add_ok(size_t a, size_t b, size_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}

/** *@ret = @a * @b; false where that does not fit, and *@ret is not to be used. */
static inline bool ms_mul_ok(size_t a, size_t b, size_t *ret)
{
	return !__builtin_mul_overflow(a, b, ret);
}

#define MS_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
