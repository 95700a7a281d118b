/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TESTS_UNIT_H
#define MS_TESTS_UNIT_H

/* cmocka and what it wants to be included before it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
