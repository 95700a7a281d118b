/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The commands of a file of assignments. Those that are read are lists of
 *
 *	NAME=VALUE NAME+=VALUE ...
 *	export NAME=VALUE NAME ...
 *	declare NAME=VALUE ...          also typeset, each also with -x
 *
 * at the ends of lines or ";". At whatever else the reading ends, and all that was read is
 * void: on the same line bash has done nothing yet then, where it is an error of syntax, and
 * `exit` makes DKMS forget what was set before it.
 */

#include <errno.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/room.h"
#include "shell.h"

/* An assignment of export or declare: done when all of them have been read. */
struct declared {
	const char *name; /* NULL: nothing is assigned */
	size_t len;
	bool appends;
	struct ms_dkms_value value;
};

struct declarations {
	struct declared *list;
	size_t n, capacity;
};

static void value_done(struct ms_dkms_value *value)
{
	ms_buf_done(&value->text);
}

static void declarations_done(struct declarations *declarations)
{
	for (size_t i = 0; i < declarations->n; i++)
		value_done(&declarations->list[i].value);
	free(declarations->list);
}

int ms_dkms_shell_end(struct ms_dkms_shell *shell, const char *why)
{
	shell->why = why;
	return -EBADMSG;
}

char ms_dkms_shell_peek(const struct ms_dkms_shell *shell, size_t ahead)
{
	return ahead < (size_t)(shell->end - shell->at) ? shell->at[ahead] : '\0';
}

void ms_dkms_shell_step(struct ms_dkms_shell *shell)
{
	if (shell->at == shell->end || *shell->at++ != '\n')
		return;
	shell->line++;
	shell->line_start = shell->at;
}

/* Blanks, and line ends that do not count. */
static void skip_blanks(struct ms_dkms_shell *shell)
{
	for (;;) {
		char c = ms_dkms_shell_peek(shell, 0);

		if (c == '\\' && ms_dkms_shell_peek(shell, 1) == '\n')
			ms_dkms_shell_step(shell);
		else if (c != ' ' && c != '\t')
			return;
		ms_dkms_shell_step(shell);
	}
}

/* Is this the end of a command, or where a comment begins? */
static bool is_at_end(const struct ms_dkms_shell *shell)
{
	char c = ms_dkms_shell_peek(shell, 0);

	return shell->at == shell->end || c == '\n' || c == ';' || c == '#';
}

/*
 * Variables by which bash or DKMS's own function works: who sets them changes more than
 * them, or cannot. DKMS_DIRECTIVE... are assignments of their own to DKMS.
 */
static bool is_special(const char *name, size_t len)
{
	static const char *const prefixes[] = {
		"BASH", "DKMS_DIRECTIVE", "EPOCH", "LANG", "LC_", "dkms_conf_", "dkms_framework_",
	};
	static const char *const names[] = {
		"CR",	    "DIRSTACK", "EUID",	     "EXECIGNORE",  "FUNCNAME",
		"GLOBIGNORE", "GROUPS", "HISTCMD",   "IFS",	    "LINENO",
		"OPTIND",   "PIPESTATUS", "PPID",    "POSIXLY_CORRECT", "RANDOM",
		"SECONDS",  "SHELLOPTS", "SRANDOM",  "UID",	    "_",
		"export_envs", "mv_re",
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(prefixes); i++)
		if (len >= strlen(prefixes[i]) &&
		    !memcmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++)
		if (len == strlen(names[i]) && !memcmp(name, names[i], len))
			return true;
	return false;
}

/* The variable to be assigned; *@ret NULL: it is one too many to be remembered. */
static int variable_of(struct ms_dkms_shell *shell, const char *name, size_t len,
		       struct ms_dkms_variable **ret)
{
	*ret = ms_dkms_variables_find(shell->variables, name, len);
	if (*ret || shell->variables->n >= MS_DKMS_MOST_VARIABLES)
		return 0;
	*ret = ms_dkms_variables_add(shell->variables, name, len);
	return *ret ? 0 : -ENOMEM;
}

/* Puts @value behind what the variable has. */
static int append(struct ms_dkms_variable *variable, struct ms_dkms_value *value)
{
	_cleanup_(ms_buf_done) struct ms_buf both = { 0 };
	int r;

	if (variable->state == MS_DKMS_KNOWN &&
	    strlen(variable->text) + value->text.len > MS_DKMS_MOST_VALUE)
		value->why = "the value is too long";
	if (value->why || variable->state != MS_DKMS_KNOWN)
		return 0;
	r = ms_buf_append_str(&both, variable->text);
	if (r == 0)
		r = ms_buf_append(&both, value->text.data, value->text.len);
	if (r == 0) {
		ms_buf_done(&value->text);
		value->text = both;
		both = (struct ms_buf){ 0 };
	}
	return r;
}

static int assign(struct ms_dkms_shell *shell, const char *name, size_t len, bool appends,
		  struct ms_dkms_value *value)
{
	struct ms_dkms_variable *variable;
	int r = variable_of(shell, name, len, &variable);

	if (r < 0 || !variable)
		return r;
	if (appends && variable->state == MS_DKMS_UNKNOWN)
		return 0; /* for the reason that it has */
	if (appends)
		r = append(variable, value);
	if (r < 0)
		return r;
	if (value->why) {
		struct ms_dkms_doubt doubt = shell->where;

		doubt.why = value->why;
		return ms_dkms_variable_doubt(variable, &doubt);
	}
	return ms_dkms_variable_set(variable, (const char *)value->text.data,
				    value->text.len);
}

/* "=" or "+=" behind a name; the length of it, or 0. */
static size_t operator_at(const struct ms_dkms_shell *shell, size_t at)
{
	if (ms_dkms_shell_peek(shell, at) == '=')
		return 1;
	return ms_dkms_shell_peek(shell, at) == '+' &&
			       ms_dkms_shell_peek(shell, at + 1) == '='
		       ? 2
		       : 0;
}

/* An assignment, whose name has @len bytes. It is done by the caller. */
static int read_assignment(struct ms_dkms_shell *shell, bool declares, size_t len,
			   struct declared *ret)
{
	size_t operator = operator_at(shell, len);

	ret->name = shell->at;
	ret->len = len;
	ret->appends = operator == 2;
	if (is_special(ret->name, len))
		return ms_dkms_shell_end(shell, "a variable that bash or DKMS works by");
	shell->at += len + operator;
	return ms_dkms_shell_word(shell, declares, &ret->value);
}

/* The end of a list of assignments: of its line, or ";". */
static int read_end(struct ms_dkms_shell *shell)
{
	if (!is_at_end(shell))
		return ms_dkms_shell_end(shell, "more than assignments");
	if (ms_dkms_shell_peek(shell, 0) == ';')
		ms_dkms_shell_step(shell);
	return 0;
}

static int read_assignments(struct ms_dkms_shell *shell)
{
	int r = 0;

	while (r == 0 && !is_at_end(shell)) {
		struct declared one = { 0 };
		size_t len = ms_dkms_shell_name(shell);

		if (!len || !operator_at(shell, len))
			return ms_dkms_shell_end(shell, "a command");
		r = read_assignment(shell, false, len, &one);
		if (r == 0)
			r = assign(shell, one.name, one.len, one.appends, &one.value);
		value_done(&one.value);
		skip_blanks(shell);
	}
	return r < 0 ? r : read_end(shell);
}

/* A name without a value: export leaves it as it is, declare makes a new variable of it. */
static int read_bare(struct ms_dkms_shell *shell, bool exports, size_t len,
		     struct declared *ret)
{
	ret->name = exports ? NULL : shell->at;
	ret->len = len;
	ret->value.why = "declared, and not set";
	shell->at += len;
	if (shell->at < shell->end && !strchr(" \t\n;", *shell->at))
		return ms_dkms_shell_end(shell, "a command");
	return 0;
}

static int read_declared(struct ms_dkms_shell *shell, bool exports, struct declared *ret)
{
	size_t len = ms_dkms_shell_name(shell);
	int r;

	if (!len)
		return ms_dkms_shell_end(shell, "a command");
	if (!operator_at(shell, len))
		return read_bare(shell, exports, len, ret);
	r = read_assignment(shell, true, len, ret);
	if (r == 0 && ret->appends && !exports)
		ret->value.why = "declare with +=";
	return r;
}

static int declare_all(struct ms_dkms_shell *shell, struct declarations *declarations)
{
	int r = 0;

	for (size_t i = 0; i < declarations->n && r == 0; i++) {
		struct declared *one = &declarations->list[i];

		if (one->name)
			r = assign(shell, one->name, one->len, one->appends, &one->value);
	}
	return r;
}

/* What follows export or declare. All values are computed before the first is assigned. */
static int read_declarations(struct ms_dkms_shell *shell, bool exports)
{
	_cleanup_(declarations_done) struct declarations all = { 0 };
	int r = 0;

	skip_blanks(shell);
	if (!exports && ms_dkms_shell_peek(shell, 0) == '-' &&
	    ms_dkms_shell_peek(shell, 1) == 'x') {
		shell->at += 2;
		if (!strchr(" \t", ms_dkms_shell_peek(shell, 0)))
			return ms_dkms_shell_end(shell, "a command");
		skip_blanks(shell);
	}
	if (is_at_end(shell))
		return ms_dkms_shell_end(shell, "a command");
	while (r == 0 && !is_at_end(shell)) {
		struct declared *list =
			ms_room(all.list, all.n, &all.capacity, sizeof(*list));

		if (!list)
			return -ENOMEM;
		all.list = list;
		list[all.n] = (struct declared){ 0 };
		r = read_declared(shell, exports, &list[all.n++]);
		skip_blanks(shell);
	}
	if (r == 0)
		r = read_end(shell);
	return r < 0 ? r : declare_all(shell, &all);
}

/* Passes over @word and the blank behind it, if that is what comes next. */
static bool take_word(struct ms_dkms_shell *shell, const char *word)
{
	size_t len = strlen(word);
	char behind = ms_dkms_shell_peek(shell, len);

	if ((size_t)(shell->end - shell->at) <= len || memcmp(shell->at, word, len) != 0 ||
	    (behind != ' ' && behind != '\t'))
		return false;
	shell->at += len;
	return true;
}

static int read_command(struct ms_dkms_shell *shell)
{
	if (take_word(shell, "export"))
		return read_declarations(shell, true);
	if (take_word(shell, "declare") || take_word(shell, "typeset"))
		return read_declarations(shell, false);
	if (ms_dkms_shell_peek(shell, 0) == ';')
		return ms_dkms_shell_end(shell, "an error of syntax");
	return read_assignments(shell);
}

/* Where a command begins: what is said of it is said of this line. */
static void note_place(struct ms_dkms_shell *shell)
{
	size_t left = (size_t)(shell->end - shell->line_start);
	size_t most = left < MS_DKMS_MOST_SOURCE ? left : MS_DKMS_MOST_SOURCE;
	const char *end = memchr(shell->line_start, '\n', most);

	shell->where = (struct ms_dkms_doubt){
		.file = shell->file,
		.line = shell->line,
		.source = shell->line_start,
		.source_len = end ? (size_t)(end - shell->line_start) : most,
	};
}

static int read_commands(struct ms_dkms_shell *shell)
{
	int r = 0;

	while (r == 0) {
		skip_blanks(shell);
		if (ms_dkms_shell_peek(shell, 0) == '#')
			while (shell->at < shell->end && *shell->at != '\n')
				shell->at++;
		if (shell->at == shell->end)
			return 0;
		note_place(shell);
		if (*shell->at == '\n')
			ms_dkms_shell_step(shell);
		else
			r = read_command(shell);
	}
	return r;
}

int ms_dkms_shell_read(struct ms_dkms_variables *variables, const char *file,
		       const char *text, size_t len, struct ms_dkms_doubt *ret_doubt)
{
	struct ms_dkms_shell shell = {
		.file = file,
		.at = text,
		.end = text + len,
		.line_start = text,
		.line = 1,
		.variables = variables,
	};
	int r;

	note_place(&shell);
	r = memchr(text, '\0', len) ? ms_dkms_shell_end(&shell, "a NUL")
				    : read_commands(&shell);
	*ret_doubt = (struct ms_dkms_doubt){ 0 };
	if (r != -EBADMSG)
		return r;
	*ret_doubt = shell.where;
	ret_doubt->why = shell.why;
	return 0;
}
