/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writes the completions of bash, zsh and fish from the table of commands. Runs on the
 * building machine, so it is linked from the table and libc alone.
 */

#include <stdio.h>
#include <string.h>

#include "command.h"

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

static void command_names(void)
{
	for (size_t i = 0; i < CLI_CMD_COUNT; i++)
		printf("%s%s", i ? " " : "", cli_commands[i].name);
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
		puts("_modseal_words \"$commands\"");
		break;
	}
}

static void bash_command(const struct cli_command *command)
{
	printf("    %s)\n        case $prev in\n", command->name);
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
	command_names();
	fputs("'\n"
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
	      "    case ${COMP_WORDS[1]} in\n",
	      stdout);
	for (size_t i = 0; i < CLI_CMD_COUNT; i++)
		bash_command(&cli_commands[i]);
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
	printf("    %s)\n        _arguments -s -S \\\n", command->name);
	for (const enum cli_option_id *id = command->options; *id; id++)
		zsh_option(&cli_options[*id]);
	printf("            '%s:argument:%s'\n        ;;\n",
	       command->max_operands == 1 ? "1" : "*", zsh_action(command->operands));
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
	for (size_t i = 0; i < CLI_CMD_COUNT; i++) {
		char entry[256];

		snprintf(entry, sizeof(entry), "%s:%s", cli_commands[i].name,
			 cli_commands[i].summary);
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
	      "    case $words[1] in\n",
	      stdout);
	for (size_t i = 0; i < CLI_CMD_COUNT; i++)
		zsh_command(&cli_commands[i]);
	puts("    esac\n}\n\n_modseal \"$@\"");
}

/* ---- fish ---- */

#define FISH_APOSTROPHE "\\'"

static void fish_option(const struct cli_command *command,
			const struct cli_option *option)
{
	printf("complete -c modseal -n '__fish_seen_subcommand_from %s'", command->name);
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

static void fish(void)
{
	fputs("# fish completion for modseal, made from its table of commands\n"
	      "# SPDX-License-Identifier: LGPL-2.1-or-later\n"
	      "\n"
	      "complete -c modseal -n __fish_use_subcommand -f\n"
	      "complete -c modseal -n __fish_use_subcommand -l version "
	      "-d 'show the version'\n"
	      "complete -c modseal -n __fish_use_subcommand -l help -d 'show help'\n",
	      stdout);
	for (size_t i = 0; i < CLI_CMD_COUNT; i++) {
		const struct cli_command *command = &cli_commands[i];

		printf("complete -c modseal -n __fish_use_subcommand -a %s -d ",
		       command->name);
		quoted(command->summary, "\\", FISH_APOSTROPHE);
		putchar('\n');
		for (const enum cli_option_id *id = command->options; *id; id++)
			fish_option(command, &cli_options[*id]);
		if (command->operands != CLI_COMPLETE_COMMAND)
			continue;
		printf("complete -c modseal -n '__fish_seen_subcommand_from %s' -x -a '",
		       command->name);
		command_names();
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
