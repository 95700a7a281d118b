/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the program says, and in which form.
 *
 * With --json everything that a command finds out goes into one document, which is
 * written at the very end: a run that fails half-way still gives one whole document.
 * Messages go to standard error in either form.
 */

#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <modseal/secret.h>

#include "cleanup.h"
#include "output/json.h"
#include "output/progress.h"
#include "signals.h"

void cli_doc_add(struct cli *cli, const char *key, json_object *value)
{
	if (json_object_object_add(cli->doc, key, value) < 0)
		cli_out_of_memory();
}

int cli_begin(struct cli *cli)
{
	cli->doc = json_object_new_object();
	if (!cli->doc)
		return -ENOMEM;
	cli_doc_add(cli, "modseal", cli_json_text(ms_version()));
	cli_doc_add(cli, "command",
		    cli_json_text(cli->command ? cli->command->name : NULL));
	cli_doc_add(cli, "status", cli_check(json_object_new_int(CLI_TROUBLE)));
	return 0;
}

static int write_document(struct cli *cli, int status)
{
	const char *text;
	size_t len;

	cli_doc_add(cli, "status", cli_check(json_object_new_int(status)));
	text = json_object_to_json_string_length(
		cli->doc, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (!text)
		cli_out_of_memory();
	if (fwrite(text, 1, len, stdout) != len || putchar('\n') == EOF)
		return -1;
	return 0;
}

/* The error of the first write that failed; ferror() keeps no reason. */
static int output_error;

static void note_output_error(void)
{
	if (!output_error && ferror(stdout))
		output_error = errno ? errno : EIO;
}

int cli_end(struct cli *cli, int status)
{
	if (cli->json && write_document(cli, status) < 0)
		note_output_error();
	if (!output_error && fflush(stdout) == EOF)
		output_error = errno;
	note_output_error();
	json_object_put(cli->doc);
	cli->doc = NULL;
	if (!output_error)
		return status;
	fprintf(stderr, "modseal: cannot write to standard output: %s\n",
		strerror(output_error));
	return CLI_TROUBLE;
}

char *cli_shown(const char *text)
{
	_cleanup_string_ char *shown = cli_check(ms_without_pin(text));

	return cli_check(ms_text_escape(shown));
}

static void print_escaped(FILE *stream, const char *text)
{
	_cleanup_string_ char *escaped = cli_shown(text);

	fputs(escaped, stream);
}

static void print_path(FILE *stream, const char *path)
{
	_cleanup_string_ char *escaped = cli_check(ms_text_escape(path));

	fputs(escaped, stream);
}

void cli_message(const char *text, const char *hint)
{
	cli_path_message(NULL, text, hint);
}

void cli_path_message(const char *path, const char *text, const char *hint)
{
	cli_progress_hide();
	flockfile(stderr);
	fputs("modseal: ", stderr);
	if (path) {
		putc_unlocked('\'', stderr);
		print_path(stderr, path);
		fputs("': ", stderr);
	}
	print_escaped(stderr, text);
	putc_unlocked('\n', stderr);
	if (hint) {
		fputs("hint: ", stderr);
		print_escaped(stderr, hint);
		putc_unlocked('\n', stderr);
	}
	funlockfile(stderr);
}

int cli_error_text(struct cli *cli, const char *text, const char *hint)
{
	cli_message(text, hint);
	if (!cli->has_error) {
		cli_doc_add(cli, "error", cli_json_text(text));
		if (hint)
			cli_doc_add(cli, "hint", cli_json_text(hint));
		cli->has_error = true;
	}
	return CLI_TROUBLE;
}

int cli_error(struct cli *cli, const char *format, ...)
{
	_cleanup_string_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = cli_format_va(format, args);
	va_end(args);
	return cli_error_text(cli, text, NULL);
}

int cli_error_ctx(struct cli *cli)
{
	const char *text = ms_ctx_message(cli->ctx);

	return cli_error_text(cli, text[0] ? text : "failed", ms_ctx_hint(cli->ctx));
}

int cli_run_failed(struct cli *cli)
{
	if (cli_interrupted())
		return cli_error(cli, "interrupted");
	return cli_error_ctx(cli);
}

int cli_usage(struct cli *cli, const char *format, ...)
{
	_cleanup_string_ char *text = NULL;
	_cleanup_string_ char *hint = NULL;
	va_list args;

	va_start(args, format);
	text = cli_format_va(format, args);
	va_end(args);
	hint = cli->command ? cli_format("see 'modseal %s --help'", cli->command->name)
			    : cli_format("see 'modseal --help'");
	return cli_error_text(cli, text, hint);
}

void cli_warn(const struct cli *cli, const char *format, ...)
{
	_cleanup_string_ char *text = NULL;
	_cleanup_string_ char *line = NULL;
	va_list args;

	if (cli->quiet)
		return;
	va_start(args, format);
	text = cli_format_va(format, args);
	va_end(args);
	line = cli_format("warning: %s", text);
	cli_message(line, NULL);
}

void cli_log(void *userdata, enum ms_log_level level, const char *text)
{
	const struct cli *cli = userdata;

	if (level == MS_LOG_WARNING)
		cli_warn(cli, "%s", text);
	else if (cli->verbose && !cli->quiet)
		cli_message(text, NULL);
}

void cli_line(const struct cli *cli, const char *format, ...)
{
	_cleanup_string_ char *text = NULL;
	va_list args;

	if (cli->json)
		return;
	va_start(args, format);
	text = cli_format_va(format, args);
	va_end(args);
	print_escaped(stdout, text);
	putchar('\n');
	note_output_error();
}

void cli_line_with_path(const struct cli *cli, const char *before, const char *path)
{
	if (cli->json)
		return;
	print_escaped(stdout, before);
	print_path(stdout, path);
	putchar('\n');
	note_output_error();
}

void cli_path_line(const struct cli *cli, const char *path, const char *format, ...)
{
	_cleanup_string_ char *text = NULL;
	va_list args;

	va_start(args, format);
	text = cli_format_va(format, args);
	va_end(args);
	cli_verdict_line(cli, path, CLI_PLAIN, "", text);
}

static const char *color_code(enum cli_color color)
{
	switch (color) {
	case CLI_GREEN:
		return "\033[32m";
	case CLI_YELLOW:
		return "\033[33m";
	case CLI_RED:
		return "\033[31m";
	case CLI_BOLD:
		return "\033[1m";
	case CLI_PLAIN:
		break;
	}
	return "";
}

int cli_text_write(struct cli *cli, const char *path, const char *text, size_t len,
		   bool sync)
{
	if (path && strcmp(path, "-") != 0)
		return ms_text_save(cli->ctx, path, text, len, sync) < 0
			       ? cli_error_ctx(cli)
			       : CLI_YES;
	/* what cannot be written shows when the stream is flushed at the end */
	if (!cli->json)
		fwrite(text, 1, len, stdout);
	return CLI_YES;
}

void cli_verdict_line(const struct cli *cli, const char *subject, enum cli_color color,
		      const char *word, const char *rest)
{
	bool colored = cli->color && color != CLI_PLAIN;

	if (cli->json)
		return;
	print_path(stdout, subject);
	printf(": %s%s%s", colored ? color_code(color) : "", word,
	       colored ? "\033[0m" : "");
	print_escaped(stdout, rest);
	putchar('\n');
	note_output_error();
}
