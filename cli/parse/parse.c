/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading the command line. Not getopt_long(): its messages cannot be put into a JSON
 * document, and it takes abbreviations, which break as soon as an option is added.
 */

#include "parse.h"

#include <stdlib.h>
#include <string.h>

#include "../cleanup.h"

struct parser {
	struct cli *cli;
	const struct cli_command *command;
	int argc;
	char **argv;
	int next;
	struct cli_args *args;
};

bool cli_parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	if (number == 0)
		return false;
	*ret = number;
	return true;
}

bool cli_parse_size(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMG";
	_cleanup_string_ char *digits = cli_check(strdup(text));
	size_t len = strlen(digits);
	unsigned shift = 0;
	uint64_t number;

	for (unsigned i = 0; i < 3; i++)
		if (len && digits[len - 1] == suffixes[i])
			shift = 10 * (i + 1);
	if (shift)
		digits[len - 1] = '\0';
	if (!cli_parse_number(digits, INT64_MAX >> shift, &number))
		return false;
	*ret = number << shift;
	return true;
}

int cli_parse_choice(const char *values, const char *value)
{
	size_t len = strlen(value);

	for (int i = 0; *values; i++) {
		size_t n = strcspn(values, " ");

		if (n == len && memcmp(values, value, n) == 0)
			return i;
		values += n + (values[n] == ' ');
	}
	return -1;
}

/* Levenshtein's distance; names are short, a longer one is far from all. */
static unsigned distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	unsigned row[LONGEST + 1];
	size_t len = strlen(b);

	if (len > LONGEST || strlen(a) > LONGEST)
		return LONGEST;
	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

/* near: at most two slips, in no more than half of the letters */
static void consider(const char *name, const char *candidate, const char **best,
		     unsigned *best_distance)
{
	unsigned d = distance(name, candidate);

	if (d < *best_distance && d <= 2 && 2 * d <= strlen(candidate)) {
		*best = candidate;
		*best_distance = d;
	}
}

const char *cli_nearest_command(const char *name)
{
	const char *best = NULL;
	unsigned best_distance = ~0U;

	for (const struct cli_command *command = cli_commands; command->name; command++)
		consider(name, command->name, &best, &best_distance);
	return best;
}

static const char *nearest_option(const struct cli_command *command, const char *name)
{
	const char *best = NULL;
	unsigned best_distance = ~0U;

	for (const enum cli_option_id *id = command->options; *id; id++)
		consider(name, cli_options[*id].name, &best, &best_distance);
	return best;
}

static void append(const char ***list, size_t *count, const char *value)
{
	*list = cli_check(reallocarray(*list, *count + 1, sizeof(**list)));
	(*list)[(*count)++] = value;
}

static int check_value(struct parser *p, enum cli_option_id id, const char *value)
{
	const struct cli_option *option = &cli_options[id];

	if (option->complete == CLI_COMPLETE_CHOICE &&
	    cli_parse_choice(option->values, value) < 0)
		return cli_usage(p->cli, "'%s' is no value of --%s: %s", value,
				 option->name, option->values);
	if (!*value)
		return cli_usage(p->cli, "--%s has an empty argument", option->name);
	return CLI_YES;
}

/* @joined: the argument that stood in the same word, NULL where there was none */
static int take_option(struct parser *p, enum cli_option_id id, const char *joined)
{
	const struct cli_option *option = &cli_options[id];
	const char *value = joined;

	if (!option->arg) {
		if (joined)
			return cli_usage(p->cli, "--%s takes no argument", option->name);
		p->args->counts[id]++;
		return CLI_YES;
	}
	if (!value) {
		if (p->next >= p->argc)
			return cli_usage(p->cli, "--%s needs an argument: %s",
					 option->name, option->arg);
		value = p->argv[p->next++];
	}
	if (check_value(p, id, value) != CLI_YES)
		return CLI_TROUBLE;
	append(&p->args->values[id], &p->args->counts[id], value);
	return CLI_YES;
}

static int parse_long(struct parser *p, const char *word)
{
	size_t len = strcspn(word, "=");
	_cleanup_string_ char *name = cli_check(strndup(word, len));
	_cleanup_string_ char *text = NULL;
	_cleanup_string_ char *hint = NULL;
	const char *near;

	for (const enum cli_option_id *id = p->command->options; *id; id++)
		if (strcmp(cli_options[*id].name, name) == 0)
			return take_option(p, *id, word[len] ? word + len + 1 : NULL);

	near = nearest_option(p->command, name);
	if (!near)
		return cli_usage(p->cli, "unknown option '--%s'", name);
	text = cli_format("unknown option '--%s'", name);
	hint = cli_format("did you mean '--%s'?", near);
	return cli_error_text(p->cli, text, hint);
}

static int parse_short(struct parser *p, const char *word)
{
	for (; *word; word++) {
		const enum cli_option_id *id = p->command->options;
		bool rest;

		while (*id && cli_options[*id].letter != *word)
			id++;
		if (!*id)
			return cli_usage(p->cli, "unknown option '-%c'", *word);
		rest = cli_options[*id].arg && word[1];
		if (take_option(p, *id, rest ? word + 1 : NULL) != CLI_YES)
			return CLI_TROUBLE;
		if (rest)
			break;
	}
	return CLI_YES;
}

static int parse_words(struct parser *p)
{
	struct cli_args *args = p->args;
	bool operands_only = false;

	while (p->next < p->argc) {
		const char *word = p->argv[p->next++];
		int status = CLI_YES;

		if (operands_only || word[0] != '-' || !word[1])
			append(&args->operands, &args->n_operands, word);
		else if (strcmp(word, "--") == 0)
			operands_only = true;
		else if (word[1] == '-')
			status = parse_long(p, word + 2);
		else
			status = parse_short(p, word + 1);
		if (status != CLI_YES)
			return status;
	}
	return CLI_YES;
}

static int check_operands(const struct parser *p)
{
	const struct cli_command *command = p->command;
	size_t n = p->args->n_operands;

	/* --help needs nothing else */
	if (cli_args_has(p->args, CLI_OPT_HELP))
		return CLI_YES;
	for (size_t i = 0; i < n; i++)
		if (!*p->args->operands[i])
			return cli_usage(p->cli, "an argument is empty");
	if (n < command->min_operands)
		return cli_usage(p->cli, "an argument is missing: modseal %s %s",
				 command->name, command->synopsis);
	if (n > command->max_operands)
		return cli_usage(p->cli, "one argument too many: '%s'",
				 p->args->operands[command->max_operands]);
	return CLI_YES;
}

int cli_args_parse(struct cli *cli, const struct cli_command *command, int argc,
		   char **argv, struct cli_args *ret)
{
	struct parser p = {
		.cli = cli,
		.command = command,
		.argc = argc,
		.argv = argv,
		.args = ret,
	};
	int status;

	memset(ret, 0, sizeof(*ret));
	status = parse_words(&p);
	if (status == CLI_YES)
		status = check_operands(&p);
	return status;
}

void cli_args_done(struct cli_args *args)
{
	for (size_t i = 0; i < CLI_OPT_COUNT; i++)
		free(args->values[i]);
	free(args->operands);
	memset(args, 0, sizeof(*args));
}

bool cli_args_has(const struct cli_args *args, enum cli_option_id option)
{
	return args->counts[option] > 0;
}

const char *cli_args_value(const struct cli_args *args, enum cli_option_id option)
{
	size_t n = args->counts[option];

	return n && args->values[option] ? args->values[option][n - 1] : NULL;
}
