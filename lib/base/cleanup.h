/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_CLEANUP_H
#define MS_BASE_CLEANUP_H

/*
 * The one way of cleaning up: what a function acquires it binds to its scope, and
 * hands on with ms_steal() when it succeeds. Destructors take NULL and return NULL.
 *
 *	_cleanup_free_ char *name = strdup(path);
 *	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
 *	...
 *	*ret = ms_steal(&name);
 */

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/** Takes the pointer out of *@p, which is NULL then. */
#define ms_steal(p)                           \
	({                                    \
		__typeof__(p) _p = (p);       \
		__typeof__(*_p) _value = *_p; \
		*_p = NULL;                   \
		_value;                       \
	})

/** Takes the descriptor out of *@fd, which is -1 then. */
static inline int ms_steal_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

/** Defines the cleanup function @name, which frees a @type by @function. */
#define MS_DEFINE_CLEANUP(name, type, function)   \
	static inline void name(type *p)          \
	{                                         \
		if (*p)                           \
			*p = function(*p);        \
	}

static inline void ms_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void ms_cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_ _cleanup_(ms_cleanup_free)
#define _cleanup_fd_   _cleanup_(ms_cleanup_fd)

#endif
