/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "dump.h"

#include "cli.h"
#include "output/json.h"

static json_object *dump_option(const struct cli_option *option)
{
	json_object *object = cli_check(json_object_new_object());
	char letter[] = {option->letter, '\0'};

	cli_json_add(object, "letter", option->letter ? cli_json_text(letter) : NULL);
	cli_json_add(object, "name", cli_json_text(option->name));
	cli_json_add(object, "arg", cli_json_text(option->arg));
	cli_json_add(object, "values", cli_json_text(option->values));
	cli_json_add(object, "repeats", cli_json_bool(true, option->repeats));
	cli_json_add(object, "help", cli_json_text(option->help));
	return object;
}

static json_object *dump_command(const struct cli_command *command)
{
	json_object *object = cli_check(json_object_new_object());
	json_object *options = cli_check(json_object_new_array());
	json_object *statuses = cli_check(json_object_new_array());

	for (const enum cli_option_id *id = command->options; *id; id++)
		json_object_array_add(options, dump_option(&cli_options[*id]));
	for (int i = 0; i < 3; i++)
		json_object_array_add(statuses, cli_json_text(command->exit[i]));
	cli_json_add(object, "name", cli_json_text(command->name));
	cli_json_add(object, "synopsis", cli_json_text(command->synopsis));
	cli_json_add(object, "summary", cli_json_text(command->summary));
	cli_json_add(object, "min_operands",
		     cli_check(json_object_new_int64(command->min_operands)));
	cli_json_add(object, "options", options);
	cli_json_add(object, "exit", statuses);
	return object;
}

json_object *cli_dump_commands(void)
{
	json_object *list = cli_check(json_object_new_array());

	for (const struct cli_command *command = cli_commands; command->name; command++)
		json_object_array_add(list, dump_command(command));
	return list;
}
