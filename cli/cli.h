/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/*
 * One run of the program: how it was asked to speak, what it has found out.
 *
 * Output goes through here. Standard output carries results (text, or exactly one
 * JSON document), standard error messages. Whatever came from outside is escaped on
 * its way to either. From texts the PIN of a pkcs11: URI is taken out (modseal/secret.h);
 * but the path of a file that is there stays whole, or its name could hide which it is. A
 * command returns its exit status; main() turns it into 2 where standard output could not
 * be written.
 */

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>
#include <modseal/base.h>

#include "memory.h"
#include "parse/command.h"

enum cli_status {
	CLI_YES = 0,	 /* done, all is well */
	CLI_NO = 1,	 /* a check came out negative */
	CLI_TROUBLE = 2, /* the question could not be answered, or not all was done */
};

/** The higher of two statuses. */
static inline int cli_worse(int a, int b)
{
	return a > b ? a : b;
}

struct cli {
	struct ms_ctx *ctx;
	const struct cli_command *command; /* NULL before one is known */
	bool json;
	bool quiet;
	bool verbose;
	bool color;	  /* colours on standard output */
	bool has_error;	  /* the document has its error */
	size_t links;	  /* left out, though depmod would follow them to a module */
	json_object *doc; /* the document, written by cli_end() */
};

enum cli_color {
	CLI_PLAIN = 0,
	CLI_GREEN,
	CLI_YELLOW,
	CLI_RED,
	CLI_BOLD,
};

/** Begins the document. 0, or -ENOMEM. */
int cli_begin(struct cli *cli);

/**
 * Writes the document where JSON is wanted, with @status in it, and flushes standard
 * output. Returns @status, or CLI_TROUBLE where writing failed.
 */
int cli_end(struct cli *cli, int status);

/** Adds @value to the document. Takes @value; NULL becomes null. */
void cli_doc_add(struct cli *cli, const char *key, json_object *value);

/**
 * Reports an error: to standard error, and into the document where it is the first.
 * @hint: what would mend it, or NULL. Returns CLI_TROUBLE.
 */
int cli_error_text(struct cli *cli, const char *text, const char *hint);

/** As cli_error_text(), with a format and without a hint. */
__attribute__((format(printf, 2, 3))) int cli_error(struct cli *cli, const char *format,
						    ...);

/** Reports the library's last failure. Returns CLI_TROUBLE. */
int cli_error_ctx(struct cli *cli);

/**
 * Reports a run that failed as a whole: that it was interrupted, or the library's last
 * failure. Returns CLI_TROUBLE.
 */
int cli_run_failed(struct cli *cli);

/** Reports a fault in the command line, pointing to the command's help. */
__attribute__((format(printf, 2, 3))) int cli_usage(struct cli *cli, const char *format,
						    ...);

/**
 * A message of something that did not end the run (one item's error, a warning):
 * `modseal: TEXT`, then `hint: HINT` where @hint is not NULL.
 */
void cli_message(const char *text, const char *hint);

/** As cli_message(), with `'PATH': ` before the text; NULL: without. */
void cli_path_message(const char *path, const char *text, const char *hint);

/** A warning, unless quiet. */
__attribute__((format(printf, 2, 3))) void cli_warn(const struct cli *cli,
						    const char *format, ...);

/** Where the library's warnings and information go; @userdata is the cli. */
void cli_log(void *userdata, enum ms_log_level level, const char *text);

/** Prints a line to standard output, escaped; nothing where JSON is wanted. */
__attribute__((format(printf, 2, 3))) void cli_line(const struct cli *cli,
						    const char *format, ...);

/** As cli_line(), of something about the file @path: `PATH: TEXT`. */
__attribute__((format(printf, 3, 4))) void cli_path_line(const struct cli *cli,
							 const char *path,
							 const char *format, ...);

/** As cli_line(): the text @before, and behind it the path of a file. */
void cli_line_with_path(const struct cli *cli, const char *before, const char *path);

/** Writes @text to @path; "-" or NULL: to standard output. CLI_YES or CLI_TROUBLE. */
int cli_text_write(struct cli *cli, const char *path, const char *text, size_t len,
		   bool sync);

/**
 * Prints `SUBJECT: WORD REST`, @word in @color. @subject is a path or a name of ours, @rest
 * a text, which may be "".
 */
void cli_verdict_line(const struct cli *cli, const char *subject, enum cli_color color,
		      const char *word, const char *rest);

/** @text for a terminal or a log: escaped, and without the PIN of a URI. To free(). */
char *cli_shown(const char *text);

#endif
