/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* modseal help: what there is, what each command takes, and what was probably meant. */

#include "commands.h"

#include "../cleanup.h"
#include "../parse/help.h"

int cli_unknown_command(struct cli *cli, const char *const *words, size_t n_words)
{
	const struct cli_group *group = cli_group_find(words[0]);
	_cleanup_string_ char *name = group && n_words > 1
					      ? cli_format("%s %s", words[0], words[1])
					      : cli_format("%s", words[0]);
	const char *near = cli_nearest_command(name);
	_cleanup_string_ char *text =
		group && n_words < 2 ? cli_format("'%s' is not all of a command", name)
				     : cli_format("unknown command '%s'", name);
	_cleanup_string_ char *hint = NULL;

	if (near)
		hint = cli_format("did you mean 'modseal %s'?", near);
	else if (group)
		hint = cli_format("'modseal help %s' lists its commands", group->name);
	else
		hint = cli_format("'modseal help' lists the commands");
	return cli_error_text(cli, text, hint);
}

int cmd_help(struct cli *cli, const struct cli_args *args)
{
	const struct cli_command *command;
	const struct cli_group *group;
	size_t n_words;

	if (!args->n_operands) {
		cli_help_program(stdout);
		return CLI_YES;
	}
	group = cli_group_find(args->operands[0]);
	if (group && args->n_operands == 1) {
		cli_help_group(stdout, group);
		return CLI_YES;
	}
	command = cli_command_find(args->operands, args->n_operands, &n_words);
	if (!command)
		return cli_unknown_command(cli, args->operands, args->n_operands);
	if (n_words < args->n_operands)
		return cli_usage(cli, "one argument too many: '%s'",
				 args->operands[n_words]);
	cli_help_command(stdout, command);
	return CLI_YES;
}
