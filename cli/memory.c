/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "memory.h"

#include <stdio.h>
#include <unistd.h>

#include "cli.h"

void cli_out_of_memory(void)
{
	static const char text[] = "modseal: out of memory\n";

	/* nothing can be done where even this fails */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(CLI_TROUBLE);
	_exit(CLI_TROUBLE);
}

void *cli_check(void *memory)
{
	if (!memory)
		cli_out_of_memory();
	return memory;
}

char *cli_format_va(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		cli_out_of_memory();
	return text;
}

char *cli_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = cli_format_va(format, args);
	va_end(args);
	return text;
}
