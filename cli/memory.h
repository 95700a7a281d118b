/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

/* Memory, of which the program always has enough, or ends. */

#include <stdarg.h>

#define CLI_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/** sprintf into new memory; exits with a message where there is none. */
__attribute__((format(printf, 1, 2))) char *cli_format(const char *format, ...);

/** As cli_format(). */
__attribute__((format(printf, 1, 0))) char *cli_format_va(const char *format, va_list args);

/** Stops a run for want of memory: no file is changed then but by the transaction. */
__attribute__((noreturn)) void cli_out_of_memory(void);

/** Checks an allocation. */
void *cli_check(void *memory);

#endif
