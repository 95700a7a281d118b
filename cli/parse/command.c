/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Commands and groups of them, found by name. */

#include "command.h"

#include <string.h>

const char *cli_name_in_group(const struct cli_command *command,
			      const struct cli_group *group)
{
	size_t len = strlen(group->name);

	if (strncmp(command->name, group->name, len) != 0 || command->name[len] != ' ')
		return NULL;
	return command->name + len + 1;
}

const struct cli_group *cli_group_find(const char *name)
{
	for (const struct cli_group *group = cli_groups; group->name; group++)
		if (strcmp(group->name, name) == 0)
			return group;
	return NULL;
}

const struct cli_command *cli_command_find(const char *const *words, size_t n_words,
					   size_t *ret_words)
{
	const struct cli_group *group = n_words ? cli_group_find(words[0]) : NULL;

	*ret_words = group ? 2 : 1;
	if (n_words < *ret_words)
		return NULL;
	for (const struct cli_command *command = cli_commands; command->name; command++) {
		const char *name = group ? cli_name_in_group(command, group)
					 : command->name;

		if (name && strcmp(name, words[*ret_words - 1]) == 0)
			return command;
	}
	return NULL;
}
