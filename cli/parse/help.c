/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Help: the table, set in 80 columns. */

#include "help.h"

#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 26, EXIT_COLUMN = 5 };

/*
 * Prints @text from column @column on, broken between words, further lines indented
 * by @indent. A newline in it begins a new paragraph.
 */
static void wrap(FILE *stream, const char *text, size_t column, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t word = strcspn(text, " \n");

		if (!first && column + 1 + word > WIDTH) {
			fprintf(stream, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			putc(' ', stream);
			column++;
		}
		fwrite(text, 1, word, stream);
		column += word;
		text += word;
		first = false;
		if (*text == '\n') {
			fprintf(stream, "\n\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		if (*text)
			text++;
	}
	putc('\n', stream);
}

static void help_option(FILE *stream, const struct cli_option *option)
{
	char letter[] = "-x, ";
	int column;

	letter[1] = option->letter;
	column = fprintf(stream, "  %s--%s%s%s", option->letter ? letter : "    ",
			 option->name, option->arg ? " " : "",
			 option->arg ? option->arg : "");
	if (column + 2 > OPTION_COLUMN) {
		putc('\n', stream);
		column = 0;
	}
	fprintf(stream, "%*s", OPTION_COLUMN - column, "");
	wrap(stream, option->help, OPTION_COLUMN, OPTION_COLUMN);
}

void cli_help_command(FILE *stream, const struct cli_command *command)
{
	int column = fprintf(stream, "Usage: modseal %s ", command->name);

	wrap(stream, command->synopsis, (size_t)column, (size_t)column);
	putc('\n', stream);
	wrap(stream, command->description, 0, 0);
	fputs("\nOptions:\n", stream);
	for (const enum cli_option_id *id = command->options; *id; id++)
		help_option(stream, &cli_options[*id]);
	fputs("\nExit status:\n", stream);
	for (int i = 0; i < 3; i++) {
		if (!command->exit[i])
			continue;
		fprintf(stream, "  %d  ", i);
		wrap(stream, command->exit[i], EXIT_COLUMN, EXIT_COLUMN);
	}
}

/* The commands of @group, or all. */
static void list_commands(FILE *stream, const struct cli_group *group)
{
	const struct cli_command *command;
	int width = 0;

	for (command = cli_commands; command->name; command++) {
		int len = (int)strlen(command->name);

		width = len > width ? len : width;
	}
	for (command = cli_commands; command->name; command++)
		if (!group || cli_name_in_group(command, group))
			fprintf(stream, "  %-*s  %s\n", width, command->name,
				command->summary);
}

void cli_help_group(FILE *stream, const struct cli_group *group)
{
	fprintf(stream, "Usage: modseal %s COMMAND [options]\n\nCommands:\n",
		group->name);
	list_commands(stream, group);
	fprintf(stream, "\n'modseal help %s COMMAND' says more.\n", group->name);
}

void cli_help_program(FILE *stream)
{
	fputs("Usage: modseal COMMAND [options] [PATH...]\n"
	      "       modseal help [COMMAND]\n"
	      "       modseal --version\n"
	      "\n"
	      "Signs, verifies and accounts for Linux kernel modules, exactly as the "
	      "kernel\n"
	      "reads them.\n"
	      "\n"
	      "Commands:\n",
	      stream);
	list_commands(stream, NULL);
	fputs("\nA PATH is a module file or a directory, which is searched for *.ko, "
	      "*.ko.gz,\n"
	      "*.ko.xz and *.ko.zst. 'modseal help COMMAND' says more.\n",
	      stream);
}
