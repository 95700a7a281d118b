/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TESTS_ANALYZER_H
#define MS_TESTS_ANALYZER_H

/*
 * What clang's analyzer cannot see from one file: a failure that was recorded in the
 * context is a negative number. Without that it follows a thousand paths on which a
 * function failed and returned 0. tests/support/check/tidy includes this before each file but
 * those that define these functions.
 */

#include <errno.h>

#include "../../../lib/base/context.h"
#include "../../../lib/hash/hash.h"

#define MS_IS_NEGATIVE(value)                   \
	({                                      \
		int _value = (value);           \
		if (_value >= 0)                \
			__builtin_unreachable(); \
		_value;                         \
	})

#define ms_fail(...)         MS_IS_NEGATIVE(ms_fail(__VA_ARGS__))
#define ms_fail_errno(...)   MS_IS_NEGATIVE(ms_fail_errno(__VA_ARGS__))
#define ms_fail_nomem(...)   MS_IS_NEGATIVE(ms_fail_nomem(__VA_ARGS__))
#define ms_fail_prefix(...)  MS_IS_NEGATIVE(ms_fail_prefix(__VA_ARGS__))
#define ms_fail_openssl(...) MS_IS_NEGATIVE(ms_fail_openssl(__VA_ARGS__))
#define ms_hint(...)         MS_IS_NEGATIVE(ms_hint(__VA_ARGS__))

#endif
