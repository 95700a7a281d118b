/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writes the completions of bash, zsh and fish from the table of commands. Runs on the
 * building machine, so it is linked from the table and libc alone.
 */

#include <stdio.h>
#include <string.h>

#include "parse/command.h"

/* Prints @text for single quotes, with a backslash before each of @special. */
static void quoted(const char *text, const char *special, const char *apostrophe)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'') {
			fputs(apostrophe, stdout);
			continue;
		}
		if (strchr(special, *text))
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static const struct cli_group *group_of(const struct cli_command *command)
{
	for (const struct cli_group *group = cli_groups; group->name; group++)
		if (cli_name_in_group(command, group))
			return group;
	return NULL;
}

/* The command's first word and what to say of it; NULL: it was there before. */
static const char *first_word(const struct cli_command *command, const char **ret_summary)
{
	const struct cli_group *group = group_of(command);

	*ret_summary = group ? group->summary : command->summary;
	if (group && command > cli_commands && group_of(command - 1) == group)
		return NULL;
	return group ? group->name : command->name;
}

static void first_words(void)
{
	for (const struct cli_command *command = cli_commands; command->name; command++) {
		const char *summary;
		const char *word = first_word(command, &summary);

		if (word)
			printf("%s%s", command > cli_commands ? " " : "", word);
	}
}

/* Second words of the group's commands. */
static void names_in(const struct cli_group *group)
{
	const char *blank = "";

	for (const struct cli_command *command = cli_commands; command->name; command++) {
		const char *name = cli_name_in_group(command, group);

		if (name)
			printf("%s%s", blank, name);
		blank = name ? " " : blank;
	}
}

/* ---- bash ---- */

static void bash_values(enum cli_complete complete, const char *values)
{
	switch (complete) {
	case CLI_COMPLETE_NOTHING:
		puts(":");
		break;
	case CLI_COMPLETE_FILE:
	case CLI_COMPLETE_PATH:
		puts("_modseal_files -f");
		break;
	case CLI_COMPLETE_DIRECTORY:
		puts("_modseal_files -d");
		break;
	case CLI_COMPLETE_CHOICE:
		printf("_modseal_words '%s'\n", values);
		break;
	case CLI_COMPLETE_RELEASE:
		puts("_modseal_words \"$(command ls /lib/modules 2>/dev/null)\"");
		break;
	case CLI_COMPLETE_COMMAND:
		puts("(( COMP_CWORD == 2 )) && _modseal_words \"$commands\"");
		break;
	}
}

static void bash_command(const struct cli_command *command)
{
	printf("    '%s')\n        case $prev in\n", command->name);
	for (const enum cli_option_id *id = command->options; *id; id++) {
		const struct cli_option *option = &cli_options[*id];

		if (!option->arg)
			continue;
		printf("        --%s", option->name);
		if (option->letter)
			printf("|-%c", option->letter);
		fputs(") ", stdout);
		bash_values(option->complete, option->values);
		puts("            return ;;");
	}
	fputs("        esac\n        options='", stdout);
	for (const enum cli_option_id *id = command->options; *id; id++)
		printf("%s--%s", id == command->options ? "" : " ",
		       cli_options[*id].name);
	fputs("'\n        [[ $cur == -* ]] && _modseal_words \"$options\" && return\n"
	      "        ",
	      stdout);
	bash_values(command->operands, NULL);
	puts("        ;;");
}

static void bash_group(const struct cli_group *group)
{
	printf("    %s)\n"
	       "        if (( COMP_CWORD == 2 )); then\n"
	       "            _modseal_words '",
	       group->name);
	names_in(group);
	puts(" --help'\n"
	     "            return\n"
	     "        fi\n"
	     "        name+=\" ${COMP_WORDS[2]}\" ;;");
}

static void bash(void)
{
	fputs("# bash completion for modseal, made from its table of commands\n"
	      "# SPDX-License-Identifier: LGPL-2.1-or-later\n"
	      "\n"
	      "_modseal_words()\n"
	      "{\n"
	      "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	      "}\n"
	      "\n"
	      "_modseal_files()\n"
	      "{\n"
	      "    compopt -o filenames 2>/dev/null\n"
	      "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
	      "}\n"
	      "\n"
	      "_modseal()\n"
	      "{\n"
	      "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "    local options commands='",
	      stdout);
	first_words();
	fputs("'\n"
	      "    local name=${COMP_WORDS[1]}\n"
	      "    COMPREPLY=()\n"
	      "    # '=' is a word of its own to bash\n"
	      "    if [[ $cur == = ]]; then\n"
	      "        cur=\n"
	      "    elif [[ $prev == = ]]; then\n"
	      "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "    fi\n"
	      "    if (( COMP_CWORD == 1 )); then\n"
	      "        _modseal_words \"$commands --help --version\"\n"
	      "        return\n"
	      "    fi\n"
	      "    case $name in\n",
	      stdout);
	for (const struct cli_group *group = cli_groups; group->name; group++)
		bash_group(group);
	puts("    esac\n    case $name in");
	for (const struct cli_command *command = cli_commands; command->name; command++)
		bash_command(command);
	puts("    esac\n}\n\ncomplete -F _modseal modseal");
}

/* ---- zsh ---- */

#define ZSH_APOSTROPHE "'\\''"

static const char *zsh_action(enum cli_complete complete)
{
	switch (complete) {
	case CLI_COMPLETE_FILE:
	case CLI_COMPLETE_PATH:
		return "_files";
	case CLI_COMPLETE_DIRECTORY:
		return "_files -/";
	case CLI_COMPLETE_RELEASE:
		return "_path_files -W /lib/modules -/";
	case CLI_COMPLETE_COMMAND:
		return "_modseal_commands";
	default:
		return "";
	}
}

static void zsh_option(const struct cli_option *option)
{
	char help[512];

	snprintf(help, sizeof(help), "[%s]", option->help);
	fputs("            ", stdout);
	if (option->repeats)
		fputs("'*'", stdout);
	else if (option->letter)
		printf("'(-%c --%s)'", option->letter, option->name);
	if (option->letter)
		printf("{-%c%s,--%s%s}", option->letter, option->arg ? "+" : "",
		       option->name, option->arg ? "=" : "");
	else
		printf("--%s%s", option->name, option->arg ? "=" : "");
	/* no help holds a bracket; colons would end the explanation */
	quoted(help, ":", ZSH_APOSTROPHE);
	if (option->complete == CLI_COMPLETE_CHOICE)
		printf("':%s:(%s)'", option->arg, option->values);
	else if (option->arg)
		printf("':%s:%s'", option->arg, zsh_action(option->complete));
	puts(" \\");
}

static void zsh_command(const struct cli_command *command)
{
	printf("    '%s')\n        _arguments -s -S \\\n", command->name);
	for (const enum cli_option_id *id = command->options; *id; id++)
		zsh_option(&cli_options[*id]);
	printf("            '%s:argument:%s'\n        ;;\n",
	       command->max_operands == 1 ? "1" : "*", zsh_action(command->operands));
}

static void zsh_group(const struct cli_group *group)
{
	printf("    %s)\n"
	       "        if (( CURRENT == 2 )); then\n"
	       "            compadd -- ",
	       group->name);
	names_in(group);
	puts("\n"
	     "            return\n"
	     "        fi\n"
	     "        name+=\" $words[2]\"\n"
	     "        shift words\n"
	     "        (( CURRENT-- ))\n"
	     "        ;;");
}

static void zsh(void)
{
	fputs("#compdef modseal\n"
	      "# zsh completion for modseal, made from its table of commands\n"
	      "# SPDX-License-Identifier: LGPL-2.1-or-later\n"
	      "\n"
	      "_modseal_commands() {\n"
	      "    local -a commands\n"
	      "    commands=(\n",
	      stdout);
	for (const struct cli_command *command = cli_commands; command->name; command++) {
		char entry[256];
		const char *summary;
		const char *word = first_word(command, &summary);

		if (!word)
			continue;
		snprintf(entry, sizeof(entry), "%s:%s", word, summary);
		fputs("        ", stdout);
		quoted(entry, "", ZSH_APOSTROPHE);
		putchar('\n');
	}
	fputs("    )\n"
	      "    _describe command commands\n"
	      "}\n"
	      "\n"
	      "_modseal() {\n"
	      "    local curcontext=$curcontext state line\n"
	      "    _arguments -C '--version[show the version]' '--help[show help]' \\\n"
	      "        '1:command:_modseal_commands' '*::argument:->argument' && return\n"
	      "    [[ $state == argument ]] || return\n"
	      "    local name=$words[1]\n"
	      "    case $name in\n",
	      stdout);
	for (const struct cli_group *group = cli_groups; group->name; group++)
		zsh_group(group);
	puts("    esac\n    case $name in");
	for (const struct cli_command *command = cli_commands; command->name; command++)
		zsh_command(command);
	puts("    esac\n}\n\n_modseal \"$@\"");
}

/* ---- fish ---- */

#define FISH_APOSTROPHE "\\'"

static void fish_option(const struct cli_command *command,
			const struct cli_option *option)
{
	printf("complete -c modseal -n '__modseal_is %s'", command->name);
	if (option->letter)
		printf(" -s %c", option->letter);
	printf(" -l %s", option->name);
	switch (option->complete) {
	case CLI_COMPLETE_FILE:
	case CLI_COMPLETE_PATH:
		fputs(" -r -F", stdout);
		break;
	case CLI_COMPLETE_DIRECTORY:
		fputs(" -x -a '(__fish_complete_directories)'", stdout);
		break;
	case CLI_COMPLETE_CHOICE:
		printf(" -x -a '%s'", option->values);
		break;
	case CLI_COMPLETE_RELEASE:
		fputs(" -x -a '(command ls /lib/modules 2>/dev/null)'", stdout);
		break;
	default:
		fputs(option->arg ? " -x" : "", stdout);
	}
	fputs(" -d ", stdout);
	quoted(option->help, "\\", FISH_APOSTROPHE);
	putchar('\n');
}

/* The command's name, where its words may be completed. */
static void fish_word(const struct cli_command *command)
{
	const struct cli_group *group = group_of(command);
	const char *summary;
	const char *word = first_word(command, &summary);

	if (word) {
		printf("complete -c modseal -n __fish_use_subcommand -a %s -d ", word);
		quoted(summary, "\\", FISH_APOSTROPHE);
		putchar('\n');
	}
	if (group) {
		printf("complete -c modseal -n '__modseal_in %s' -x -a %s -d ",
		       group->name, cli_name_in_group(command, group));
		quoted(command->summary, "\\", FISH_APOSTROPHE);
		putchar('\n');
	}
}

static void fish(void)
{
	fputs("# fish completion for modseal, made from its table of commands\n"
	      "# SPDX-License-Identifier: LGPL-2.1-or-later\n"
	      "\n"
	      "# is this the command, whose name is one word or two?\n"
	      "function __modseal_is\n"
	      "    set -l words (commandline -opc)\n"
	      "    set -e words[1]\n"
	      "    set -l n (count $argv)\n"
	      "    test (count $words) -ge $n\n"
	      "    and test \"$words[1..$n]\" = \"$argv\"\n"
	      "end\n"
	      "\n"
	      "# is a group's name there, and its command still missing?\n"
	      "function __modseal_in\n"
	      "    set -l words (commandline -opc)\n"
	      "    test (count $words) -eq 2\n"
	      "    and test $words[2] = $argv[1]\n"
	      "end\n"
	      "\n"
	      "complete -c modseal -n __fish_use_subcommand -f\n"
	      "complete -c modseal -n __fish_use_subcommand -l version "
	      "-d 'show the version'\n"
	      "complete -c modseal -n __fish_use_subcommand -l help -d 'show help'\n",
	      stdout);
	for (const struct cli_command *command = cli_commands; command->name; command++) {
		fish_word(command);
		for (const enum cli_option_id *id = command->options; *id; id++)
			fish_option(command, &cli_options[*id]);
		if (command->operands != CLI_COMPLETE_COMMAND)
			continue;
		printf("complete -c modseal -n '__modseal_is %s' -x -a '", command->name);
		first_words();
		puts("'");
	}
}

int main(int argc, char **argv)
{
	const char *shell = argc == 2 ? argv[1] : "";

	if (strcmp(shell, "bash") == 0)
		bash();
	else if (strcmp(shell, "zsh") == 0)
		zsh();
	else if (strcmp(shell, "fish") == 0)
		fish();
	else
		return 2;
	return fflush(stdout) == 0 ? 0 : 1;
}
