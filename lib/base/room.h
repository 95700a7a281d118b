/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_ROOM_H
#define MS_BASE_ROOM_H

/* Arrays that grow by one element at a time. */

#include <stdlib.h>

#include "checked.h"

/**
 * Makes room for one more element of @size bytes in @array, which has @count of them and
 * room for *@capacity: twice as many where it was full. Returns what @array is from now
 * on, or NULL where there is no memory, and @array is as it was.
 */
static inline void *ms_room(void *array, size_t count, size_t *capacity, size_t size)
{
	size_t more, bytes;
	void *grown;

	if (count < *capacity)
		return array;
	if (!ms_mul_ok(*capacity ? *capacity : 32, 2, &more) ||
	    !ms_mul_ok(more, size, &bytes))
		return NULL;
	grown = realloc(array, bytes);
	if (grown)
		*capacity = more;
	return grown;
}

#endif
