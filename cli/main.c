/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The program's entry: which command, with which manner of speaking, and what becomes
 * of its exit status. What a command does is in commands/; what it takes, in
 * parse/command-table.c.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <modseal/secret.h>

#include "cleanup.h"
#include "commands/commands.h"
#include "dump.h"
#include "names/names.h"
#include "output/progress.h"
#include "parse/help.h"
#include "secret.h"
#include "signals.h"

/*
 * A standard stream that is closed would be given to the next file opened, and
 * messages would be written into it. What stands in its place cannot be written, so
 * that lost output is still noticed.
 */
static void fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * Each PATH that is written keeps two descriptors for the whole run, and the soft limit is
 * made for programs that use select(), which this one does not.
 */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/*
 * No key or PIN in a core dump, from the first moment on. A build for debugging or with
 * AddressSanitizer can do without: both attach to the process.
 */
static void keep_secrets(void)
{
#if !MODSEAL_CORE_DUMPS
	if (ms_forbid_core_dumps() < 0)
		fputs("modseal: warning: cannot keep secrets out of core dumps\n",
		      stderr);
#endif
	cli_secret_take();
}

/* Faults in the command line are reported in JSON, too, so this is known first. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && argv[i] && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* auto: NO_COLOR (no-color.org) forbids it where it is set and not empty */
static bool wants_color(const struct cli_args *args)
{
	const char *when = cli_args_value(args, CLI_OPT_COLOR);
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (when && strcmp(when, "always") == 0)
		return true;
	if (when && strcmp(when, "never") == 0)
		return false;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && strcmp(term, "dumb") == 0);
}

/* It is not to be hidden there any more; but the next time it can be given otherwise. */
static void warn_of_pins(const struct cli *cli, const char *const *words, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++) {
		if (!ms_holds_pin(words[i]))
			continue;
		cli_warn(cli,
			 "a PIN in the arguments can be read by all users while this "
			 "runs: give it by --pin-file, or pin-source in the URI");
		return;
	}
}

static int run_command(struct cli *cli, const struct cli_args *args,
		       const char *const *words, size_t n_words)
{
	cli->quiet = cli_args_has(args, CLI_OPT_QUIET);
	cli->verbose = cli_args_has(args, CLI_OPT_VERBOSE);
	cli->color = !cli->json && wants_color(args);
	warn_of_pins(cli, words, n_words);
	if (cli_args_has(args, CLI_OPT_HELP)) {
		cli->json = false;
		cli_help_command(stdout, cli->command);
		return CLI_YES;
	}
	return cli->command->run(cli, args);
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* What is no command: --version, --help, nothing at all, something unknown. */
static int without_command(struct cli *cli, const char *const *words, size_t n_words)
{
	const char *word = n_words ? words[0] : NULL;
	const struct cli_group *group = word ? cli_group_find(word) : NULL;

	if (!word) {
		cli_help_program(stderr);
		return CLI_TROUBLE;
	}
	if (strcmp(word, "--version") == 0) {
		printf("modseal %s\n", ms_version());
		return CLI_YES;
	}
	if (asks_for_help(word)) {
		cli_help_program(stdout);
		return CLI_YES;
	}
	if (group && n_words > 1 && asks_for_help(words[1])) {
		cli_help_group(stdout, group);
		return CLI_YES;
	}
	if (strcmp(word, "--dump-commands") == 0) {
		cli->json = true;
		cli_doc_add(cli, "commands", cli_dump_commands());
		return CLI_YES;
	}
	if (*word == '-')
		return cli_usage(cli, "unknown option '%s'", word);
	/* an option behind a group's name is not meant as the name's second word */
	if (group && n_words > 1 && *words[1] == '-')
		n_words = 1;
	return cli_unknown_command(cli, words, n_words);
}

int main(int argc, char **argv)
{
	const struct cli_name *other;
	const char *const *words;
	size_t n_words;
	struct cli_args args = {0};
	struct cli cli = {0};
	size_t name = 0;
	int status;

	fill_standard_streams();
	keep_secrets();
	other = argc > 0 ? cli_name_find(argv[0]) : NULL;
	if (other && other->run)
		return other->run(argc, argv);
	if (other)
		argv = cli_name_words(other, &argc, argv);
	raise_descriptor_limit();
	words = (const char *const *)argv + 1;
	n_words = argc > 1 ? (size_t)argc - 1 : 0;
	cli.ctx = cli_check(ms_ctx_new());
	ms_ctx_set_log(cli.ctx, cli_log, &cli);
	cli_signals_init(cli.ctx);
	cli.command = cli_command_find(words, n_words, &name);
	cli.json = wants_json(argc, argv);
	if (cli_begin(&cli) < 0)
		cli_out_of_memory();

	if (!cli.command)
		status = without_command(&cli, words, n_words);
	else if (cli_args_parse(&cli, cli.command, (int)(n_words - name), argv + 1 + name,
				&args) != CLI_YES)
		status = CLI_TROUBLE;
	else
		status = run_command(&cli, &args, words, n_words);
	cli_progress_end();
	status = cli_end(&cli, status);
	cli_args_done(&args);
	ms_ctx_free(cli.ctx);
	return status;
}
