/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The value of an assignment, as bash(1) has it under "QUOTING" and "PARAMETERS": quotes
 * are taken off, variables put in. A value is neither split at blanks nor taken for a
 * pattern there.
 *
 * DKMS does both to it afterwards: it writes NAME[0]="VALUE" by `eval echo`, and sources
 * that (safe_source()). So `$`, "`", `\` and `"` in a value mean something once more, and
 * of several blanks one is left.
 */

#include <errno.h>
#include <string.h>

#include "shell.h"

#define TWICE	 "DKMS evaluates such a value a second time"
#define DEPENDS	 "it depends on the kernel that a module is built for"
#define VARIABLE "a variable that nothing is known of"
#define LONG	 "the value is too long"

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t ms_dkms_shell_name(const struct ms_dkms_shell *shell)
{
	size_t len = 0;
	char c = ms_dkms_shell_peek(shell, 0);

	if (!is_name_start(c))
		return 0;
	while (is_name_start(c) || is_digit(c))
		c = ms_dkms_shell_peek(shell, ++len);
	return len;
}

static void doubt(struct ms_dkms_value *value, const char *why)
{
	if (!value->why)
		value->why = why;
}

/*
 * What of it would be another thing after the second evaluation? NULL: nothing. A carriage
 * return at the end is a part of it to some versions of DKMS and not to others.
 */
static const char *changed_by_dkms(const char *text, size_t len)
{
	bool blank = memchr(text, ' ', len);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 0x7f)
			return "a control character";
		if (strchr("$`\\\"", c))
			return TWICE;
		if (blank && strchr("*?[(", c)) /* a word by itself is a pattern */
			return TWICE;
		if (c == ' ' && i + 1 < len && text[i + 1] == ' ')
			return TWICE;
	}
	return NULL;
}

static int put(struct ms_dkms_value *value, const char *text, size_t len)
{
	if (value->why)
		return 0;
	if (value->text.len + len > MS_DKMS_MOST_VALUE) {
		doubt(value, LONG);
		return 0;
	}
	return ms_buf_append(&value->text, text, len);
}

static int put_byte(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	int r = put(value, shell->at, 1);

	ms_dkms_shell_step(shell);
	return r;
}

static int put_variable(struct ms_dkms_shell *shell, const char *name, size_t len,
			struct ms_dkms_value *value)
{
	const struct ms_dkms_variable *variable =
		ms_dkms_variables_find(shell->variables, name, len);

	if (variable && variable->state == MS_DKMS_KNOWN)
		return put(value, variable->text, strlen(variable->text));
	if (variable && variable->state == MS_DKMS_UNSET)
		return 0;
	if (variable && variable->doubt.why)
		doubt(value, variable->doubt.why);
	else if (!variable && len == strlen("kernelver") && !memcmp(name, "kernelver", len))
		doubt(value, DEPENDS);
	else
		doubt(value, VARIABLE);
	return 0;
}

/* "${NAME}", or something that takes a shell; the brace is behind us. */
static int read_braces(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	const char *name = shell->at;
	size_t len = ms_dkms_shell_name(shell);

	if (!len)
		return ms_dkms_shell_end(shell, "${...} with more than a name");
	shell->at += len;
	if (ms_dkms_shell_peek(shell, 0) == '}') {
		ms_dkms_shell_step(shell);
		return put_variable(shell, name, len, value);
	}
	doubt(value, "${...} with more than a name");
	return ms_dkms_shell_skip_braces(shell);
}

static int read_name(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	const char *name = shell->at;
	size_t len = ms_dkms_shell_name(shell);

	shell->at += len;
	/* the name might go on behind a line's end that does not count */
	if (ms_dkms_shell_peek(shell, 0) == '\\' && ms_dkms_shell_peek(shell, 1) == '\n')
		return ms_dkms_shell_end(shell, "a variable's name over two lines");
	return put_variable(shell, name, len, value);
}

/* What follows a '$', which is behind us; quotes are the caller's. */
static int read_dollar(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	char c = ms_dkms_shell_peek(shell, 0);

	if (is_name_start(c))
		return read_name(shell, value);
	if (c == '{') {
		ms_dkms_shell_step(shell);
		return read_braces(shell, value);
	}
	if (c == '\\')
		return ms_dkms_shell_end(shell, "a backslash behind $");
	if (c == '[' || (c == '(' && ms_dkms_shell_peek(shell, 1) == '('))
		return ms_dkms_shell_end(shell, "arithmetic");
	if (c == '(') {
		ms_dkms_shell_step(shell);
		doubt(value, "a command's output");
		return ms_dkms_shell_skip_command(shell, ')');
	}
	if (c && (is_digit(c) || strchr("$?!@*#-", c))) {
		ms_dkms_shell_step(shell);
		doubt(value, VARIABLE);
		return 0;
	}
	doubt(value, TWICE); /* a '$' that is one */
	return 0;
}

static int read_backquotes(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	ms_dkms_shell_step(shell);
	doubt(value, "a command's output");
	return ms_dkms_shell_skip_command(shell, '`');
}

/* '...' */
static int read_single(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	int r = 0;

	ms_dkms_shell_step(shell);
	while (r == 0 && shell->at < shell->end && *shell->at != '\'')
		r = put_byte(shell, value);
	if (r == 0 && shell->at == shell->end)
		return ms_dkms_shell_end(shell, "a quote that does not end");
	if (r == 0)
		ms_dkms_shell_step(shell);
	return r;
}

/* A backslash between double quotes. */
static int read_double_escape(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	ms_dkms_shell_step(shell);
	if (ms_dkms_shell_peek(shell, 0) == '\n') {
		ms_dkms_shell_step(shell);
		return 0;
	}
	doubt(value, TWICE); /* one of $`"\, or the backslash itself */
	if (shell->at < shell->end)
		ms_dkms_shell_step(shell);
	return 0;
}

/* "..." */
static int read_double(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	int r = 0;

	ms_dkms_shell_step(shell);
	while (r == 0 && shell->at < shell->end && *shell->at != '"') {
		if (*shell->at == '\\') {
			r = read_double_escape(shell, value);
		} else if (*shell->at == '`') {
			r = read_backquotes(shell, value);
		} else if (*shell->at == '$') {
			ms_dkms_shell_step(shell);
			r = read_dollar(shell, value);
		} else {
			r = put_byte(shell, value);
		}
	}
	if (r == 0 && shell->at == shell->end)
		return ms_dkms_shell_end(shell, "a quote that does not end");
	if (r == 0)
		ms_dkms_shell_step(shell);
	return r;
}

/* What a hex digit stands for; 16: it is none. */
static unsigned digit_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* A number of at most @most digits of that base; 0 where there is none. */
static unsigned read_number(struct ms_dkms_shell *shell, unsigned base, int most)
{
	unsigned number = 0;

	for (; most > 0; most--) {
		unsigned digit = digit_value(ms_dkms_shell_peek(shell, 0));

		if (digit >= base)
			break;
		number = number * base + digit;
		ms_dkms_shell_step(shell);
	}
	return number & 0xff;
}

/* Behind the backslash in $'...': bash(1), "QUOTING". */
static int read_ansi_escape(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	char c = ms_dkms_shell_peek(shell, 0);
	char byte = 0;

	if (c == '\'' || c == '?') {
		return put_byte(shell, value);
	} else if (c >= '0' && c <= '7') {
		byte = (char)read_number(shell, 8, 3);
	} else if (c == 'x') {
		ms_dkms_shell_step(shell);
		byte = (char)read_number(shell, 16, 2);
	} else if (shell->at < shell->end) {
		ms_dkms_shell_step(shell);
	}
	if (!byte) { /* a control character, a quote, a backslash, or Unicode */
		doubt(value, TWICE);
		return 0;
	}
	return put(value, &byte, 1);
}

/* $'...', of which the '$' is behind us */
static int read_ansi(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	int r = 0;

	ms_dkms_shell_step(shell);
	while (r == 0 && shell->at < shell->end && *shell->at != '\'') {
		if (*shell->at != '\\') {
			r = put_byte(shell, value);
			continue;
		}
		ms_dkms_shell_step(shell);
		r = read_ansi_escape(shell, value);
	}
	if (r == 0 && shell->at == shell->end)
		return ms_dkms_shell_end(shell, "a quote that does not end");
	if (r == 0)
		ms_dkms_shell_step(shell);
	return r;
}

static int read_unquoted_dollar(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	ms_dkms_shell_step(shell);
	if (ms_dkms_shell_peek(shell, 0) == '\'')
		return read_ansi(shell, value);
	if (ms_dkms_shell_peek(shell, 0) == '"') {
		doubt(value, "a text to be translated");
		return read_double(shell, value);
	}
	return read_dollar(shell, value);
}

static int read_escape(struct ms_dkms_shell *shell, struct ms_dkms_value *value)
{
	ms_dkms_shell_step(shell);
	if (shell->at == shell->end)
		return ms_dkms_shell_end(shell, "a backslash at the end of the file");
	if (*shell->at == '\n') {
		ms_dkms_shell_step(shell);
		return 0;
	}
	return put_byte(shell, value);
}

/* A byte that stands for itself; but for those that mean something in places. */
static int read_plain(struct ms_dkms_shell *shell, bool declares,
		      struct ms_dkms_value *value)
{
	char before = value->text.len ? (char)value->text.data[value->text.len - 1] : '=';

	if (*shell->at == '~' && !is_name_start(before) && !is_digit(before))
		doubt(value, "a home directory (~)");
	if (*shell->at == '{' && declares)
		doubt(value, "{...}");
	return put_byte(shell, value);
}

static int read_part(struct ms_dkms_shell *shell, bool declares,
		     struct ms_dkms_value *value)
{
	switch (*shell->at) {
	case '\'':
		return read_single(shell, value);
	case '"':
		return read_double(shell, value);
	case '\\':
		return read_escape(shell, value);
	case '$':
		return read_unquoted_dollar(shell, value);
	case '`':
		return read_backquotes(shell, value);
	case '(':
		return ms_dkms_shell_end(shell, "an array, or a pattern");
	default:
		return read_plain(shell, declares, value);
	}
}

int ms_dkms_shell_word(struct ms_dkms_shell *shell, bool declares,
		       struct ms_dkms_value *value)
{
	int r = 0;

	while (r == 0 && shell->at < shell->end && !strchr(" \t\n;&|<>)", *shell->at))
		r = read_part(shell, declares, value);
	if (r == 0 && !value->why && value->text.len)
		value->why = changed_by_dkms((const char *)value->text.data,
					     value->text.len);
	return r;
}
