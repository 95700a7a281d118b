/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_DKMS_SHELL_H
#define MS_DKMS_SHELL_H

/*
 * Inside lib/dkms: a file of assignments, read as bash would run it.
 *
 *	variables.c   what is known of variables
 *	shell.c       commands: assignments, export, declare; everything else ends the reading
 *	shell-word.c  the value of one assignment: quotes and variables
 *	shell-skip.c  passing over what only a shell can evaluate
 *
 * Nothing is run. There are two kinds of what cannot be read:
 *  - a value that a shell has to compute, "x=$(date)". Only that variable is unknown;
 *  - anything that may set variables, leave the file, or be an error of syntax, which a
 *    reader that does not run it cannot tell from each other: "if", "source x", a
 *    command, "${x:=y}". The reading ends there, and nothing is known of the file.
 *
 * What is said to be known is what bash says, and what DKMS makes of it. DKMS lets bash
 * evaluate each value a second time, and splits it at blanks between (safe_source() of
 * dkms); a value that is not the same afterwards is unknown.
 */

#include <modseal/dkms.h>

#include "../base/buffer.h"

enum {
	MS_DKMS_MOST_VALUE = 4096,    /* a path has no more; bounds "a=$a$a", too */
	MS_DKMS_MOST_VARIABLES = 256,
	MS_DKMS_MOST_SOURCE = 400, /* of a line that is shown */
};

/** Why something is unknown: one of modseal/dkms.h. A zeroed one is no doubt. */
struct ms_dkms_doubt {
	const char *file;   /* borrowed from who reads it */
	size_t line;	    /* counted from 1; 0: the file as a whole */
	const char *why;    /* a constant */
	const char *source; /* that line, in the file's text; of a variable: NUL-terminated */
	size_t source_len;
};

/** What is known of a variable. A zeroed one is UNKNOWN without a reason. */
struct ms_dkms_variable {
	char *name; /* NULL: none has this place */
	enum ms_dkms_state state;
	char *text; /* of a KNOWN one */
	struct ms_dkms_doubt doubt; /* of an UNKNOWN one */
	char *source; /* the doubt's, of which the end may be cut off, without a PIN */
};

/** Variables, found by their names. */
struct ms_dkms_variables {
	struct ms_dkms_variable *list;
	size_t n, capacity;
};

/** The variable of that name; NULL: nothing is known of it. */
struct ms_dkms_variable *
ms_dkms_variables_find(const struct ms_dkms_variables *variables, const char *name,
		       size_t len);

/** Adds a variable that is not there, UNKNOWN. NULL where there is no memory. */
struct ms_dkms_variable *ms_dkms_variables_add(struct ms_dkms_variables *variables,
					       const char *name, size_t len);

/** Drops all but the first @n. */
void ms_dkms_variables_drop(struct ms_dkms_variables *variables, size_t n);
void ms_dkms_variables_done(struct ms_dkms_variables *variables);

/** Gives @variable a text. 0 or -ENOMEM. */
int ms_dkms_variable_set(struct ms_dkms_variable *variable, const char *text, size_t len);

/** Makes @variable unknown. 0 or -ENOMEM. */
int ms_dkms_variable_doubt(struct ms_dkms_variable *variable,
			   const struct ms_dkms_doubt *doubt);

/** The value of an assignment while it is read. */
struct ms_dkms_value {
	struct ms_buf text;
	const char *why; /* it is unknown: why; the text means nothing then */
};

/** One file while it is read. */
struct ms_dkms_shell {
	const char *file; /* its name */
	const char *at, *end;
	const char *line_start;
	size_t line;
	struct ms_dkms_doubt where; /* the command that is being read, without a reason */
	struct ms_dkms_variables *variables;
	const char *why; /* why the reading ended in that command; NULL: it has not */
};

/**
 * Reads @len bytes of @text, the file called @file, into @variables: those that are there
 * already, and others, up to the limit. *@ret_doubt: where the reading ended, and why; all
 * that is in @variables is void then. Its why is NULL where the whole file was read.
 *
 * 0 or -ENOMEM.
 */
int ms_dkms_shell_read(struct ms_dkms_variables *variables, const char *file,
		       const char *text, size_t len, struct ms_dkms_doubt *ret_doubt);

/* For shell.c and shell-*.c. Each returns 0; -EBADMSG the reading ends, see why; -ENOMEM. */

/** Ends the reading. Returns -EBADMSG. */
int ms_dkms_shell_end(struct ms_dkms_shell *shell, const char *why);

/** The byte at @ahead from here; '\0' behind the end: no file that is read has one. */
char ms_dkms_shell_peek(const struct ms_dkms_shell *shell, size_t ahead);

/** Goes on by one byte, if there is one, and counts lines. */
void ms_dkms_shell_step(struct ms_dkms_shell *shell);

/** The length of the name of a variable that stands here; 0: there is none. */
size_t ms_dkms_shell_name(const struct ms_dkms_shell *shell);

/** Reads a value, up to what ends the word. @declares: it is export's or declare's. */
int ms_dkms_shell_word(struct ms_dkms_shell *shell, bool declares,
		       struct ms_dkms_value *value);

/** Passes over "$(...)", of which the first two bytes are behind us already, or "`...`". */
int ms_dkms_shell_skip_command(struct ms_dkms_shell *shell, char close);

/** Passes over what stands in "${NAME...}" behind the name, and the brace. */
int ms_dkms_shell_skip_braces(struct ms_dkms_shell *shell);

#endif
