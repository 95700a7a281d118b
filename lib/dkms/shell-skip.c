/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Passing over what only a shell can evaluate, and that sets no variable of this shell:
 * commands whose output is taken, which run in a shell of their own, and the simplest of
 * "${NAME...}".
 *
 * It must be certain where they end, and that they are no error of syntax: after such an
 * error bash leaves the file. So only plain words are passed over.
 */

#include <string.h>

#include "../base/checked.h"
#include "shell.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define COMPLEX "a command's output, of more than plain words"
#define BRACES	"${...} with more than a name"

/* What is no command's name where one is wanted. */
static bool is_reserved(const char *word, size_t len)
{
	static const char *const words[] = { "if",    "then",  "else",	"elif",	  "fi",
					     "case",  "esac",  "for",	"select", "while",
					     "until", "do",    "done",	"in",	  "function",
					     "time",  "coproc" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len))
			return true;
	return false;
}

static void skip_blanks(struct ms_dkms_shell *shell)
{
	while (ms_dkms_shell_peek(shell, 0) == ' ' || ms_dkms_shell_peek(shell, 0) == '\t')
		ms_dkms_shell_step(shell);
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_plain(char c)
{
	return is_one_of(c, LETTERS "/.:,@%+=-");
}

/* "...", in which nothing is special but variables, or '...' */
static int skip_quotes(struct ms_dkms_shell *shell)
{
	char quote = *shell->at, c;

	ms_dkms_shell_step(shell);
	while ((c = ms_dkms_shell_peek(shell, 0)) != quote) {
		if (!is_plain(c) && !is_one_of(c, " *?{}#;()[]"))
			return ms_dkms_shell_end(shell, COMPLEX);
		ms_dkms_shell_step(shell);
	}
	ms_dkms_shell_step(shell);
	return 0;
}

/* One word. *@ret_len: of what stands at its beginning without quotes. */
static int skip_word(struct ms_dkms_shell *shell, bool quotes, size_t *ret_len)
{
	const char *start = shell->at;

	while (is_plain(ms_dkms_shell_peek(shell, 0)))
		ms_dkms_shell_step(shell);
	*ret_len = (size_t)(shell->at - start);
	for (;;) {
		char c = ms_dkms_shell_peek(shell, 0);
		int r = 0;

		if (is_plain(c) ||
		    (c == '$' && is_one_of(ms_dkms_shell_peek(shell, 1), LETTERS)))
			ms_dkms_shell_step(shell);
		else if (quotes && (c == '"' || c == '\''))
			r = skip_quotes(shell);
		else
			return shell->at > start ? 0 : ms_dkms_shell_end(shell, COMPLEX);
		if (r < 0)
			return r;
	}
}

/* A command up to what ends it. */
static int skip_simple(struct ms_dkms_shell *shell, char close)
{
	bool first = true;

	for (;;) {
		const char *start = shell->at;
		size_t len;
		int r = skip_word(shell, close == ')', &len);

		if (r < 0)
			return r;
		if (first && is_reserved(start, len))
			return ms_dkms_shell_end(shell, COMPLEX);
		first = false;
		skip_blanks(shell);
		if (ms_dkms_shell_peek(shell, 0) == '>') {
			ms_dkms_shell_step(shell);
			skip_blanks(shell);
		}
		if (ms_dkms_shell_peek(shell, 0) == close ||
		    ms_dkms_shell_peek(shell, 0) == '|')
			return 0;
	}
}

int ms_dkms_shell_skip_command(struct ms_dkms_shell *shell, char close)
{
	int r;

	skip_blanks(shell);
	r = skip_simple(shell, close);
	while (r == 0 && ms_dkms_shell_peek(shell, 0) == '|') {
		ms_dkms_shell_step(shell);
		skip_blanks(shell);
		r = skip_simple(shell, close);
	}
	if (r == 0)
		ms_dkms_shell_step(shell);
	return r;
}

/* "-WORD", ":-WORD" and the same of '+'; "%PATTERN", "#PATTERN" */
int ms_dkms_shell_skip_braces(struct ms_dkms_shell *shell)
{
	char c = ms_dkms_shell_peek(shell, 0);
	bool colon = c == ':';

	c = colon ? ms_dkms_shell_peek(shell, 1) : c;
	if (!is_one_of(c, colon ? "-+" : "-+%#"))
		return ms_dkms_shell_end(shell, BRACES);
	shell->at += colon ? 2 : 1;
	while (is_one_of(ms_dkms_shell_peek(shell, 0), LETTERS "/.*-"))
		ms_dkms_shell_step(shell);
	if (ms_dkms_shell_peek(shell, 0) != '}')
		return ms_dkms_shell_end(shell, BRACES);
	ms_dkms_shell_step(shell);
	return 0;
}
