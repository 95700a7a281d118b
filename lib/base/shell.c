/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Quoting for the shell. A hint shows a command that somebody pastes, and the names in it
 * were given by whoever made the files: quoted, they are arguments and nothing else.
 *
 * Within '...' a shell takes everything as it is but the quote itself. What a terminal
 * would obey is not shown as it is, and its escape within '...' would be another name; so
 * a name that has such bytes is written as $'...' (POSIX.1-2024, and bash, ksh and zsh
 * before it), with octal escapes, also for the quote itself: a shell that does not know
 * that form, such as dash, takes another name then, but runs nothing of it. The result is
 * nothing that ms_text_escape() changes: the two can be applied one after the other.
 */

#include "shell.h"

#include <string.h>

#include <modseal/base.h>

#include "buffer.h"
#include "cleanup.h"
#include "text.h"

static bool is_plain(const char *text)
{
	size_t n;

	while ((n = ms_text_shown(text)) > 0)
		text += n;
	return !*text;
}

static int append_quoted(struct ms_buf *out, const char *text)
{
	int r = ms_buf_append_str(out, "'");

	while (*text && r == 0) {
		size_t len = strcspn(text, "'");

		r = ms_buf_append(out, text, len);
		if (r == 0 && text[len])
			r = ms_buf_append_str(out, "'\\''");
		text += len + (text[len] != '\0');
	}
	return r < 0 ? r : ms_buf_append_str(out, "'");
}

static int append_escaped(struct ms_buf *out, const char *text)
{
	int r = ms_buf_append_str(out, "$'");

	while (*text && r == 0) {
		size_t n = ms_text_shown(text);

		if (n == 0 || *text == '\'' || *text == '\\')
			r = ms_buf_printf(out, "\\%03o", (unsigned char)*text);
		else
			r = ms_buf_append(out, text, n);
		text += n ? n : 1;
	}
	return r < 0 ? r : ms_buf_append_str(out, "'");
}

static int append_any(struct ms_buf *out, const char *text)
{
	return is_plain(text) ? append_quoted(out, text) : append_escaped(out, text);
}

static int append_argument(struct ms_buf *out, const char *text)
{
	int r = *text == '-' ? ms_buf_append_str(out, "./") : 0;

	return r < 0 ? r : append_any(out, text);
}

char *ms_shell_word(const char *text)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-+=./:,@%";

	/* zsh expands what begins with an equals sign */
	if (*text && *text != '-' && *text != '=' && strspn(text, bare) == strlen(text))
		return strdup(text);
	return ms_shell_format("%s", text);
}

char *ms_shell_vformat(const char *format, va_list args)
{
	_cleanup_(ms_buf_done) struct ms_buf out = {0};
	int r = 0;

	while (*format && r == 0) {
		size_t len = strcspn(format, "%");

		r = ms_buf_append(&out, format, len);
		format += len;
		if (r < 0 || !*format)
			continue;
		if (format[1] == 's')
			r = append_argument(&out, va_arg(args, const char *));
		else if (format[1] == '%')
			r = ms_buf_append_str(&out, "%");
		else
			return NULL;
		format += 2;
	}
	if (r < 0 || ms_buf_append(&out, "", 1) < 0)
		return NULL;
	return (char *)ms_steal(&out.data);
}

char *ms_shell_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = ms_shell_vformat(format, args);
	va_end(args);
	return text;
}
