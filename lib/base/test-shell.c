/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What bash makes of a quoted name is the name: the oracle is bash. */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checked.h"
#include "context.h"
#include "shell.h"

static const char *const names[] = {
	"plain",
	"",
	"two words",
	"x'; touch PWNED; '",
	"$(touch PWNED)",
	"`touch PWNED`",
	"\"; touch PWNED; \"",
	"a\\b",
	"~",
	"-n",
	"*",
	"!!",
	"#",
	"a'b'c",
	"'",
	"''",
	"new\nline",
	"\033[31mred",
	"\tab'; touch PWNED; '",
	"back\\slash\n",
	"\xff\xfe",
	("\xc2\x9b" "31m"),
	("\xe2\x80\xae" "reversed"),
	"caf\xc3\xa9",
	("\x01" "1"),
	"\n'\\",
	"%s",
	"a\n$(touch PWNED)",
	("a\x01" "';touch PWNED #"),
	("\x01" "\\';touch PWNED; '"),
	"=ls",
};

/* Runs a command of that shell's; what it prints, at most @size bytes. */
static void ask(const char *shell, const char *command, char *ret, size_t size)
{
	FILE *out;
	size_t len;

	assert_int_equal(setenv("COMMAND", command, 1), 0);
	assert_int_equal(setenv("ASKED", shell, 1), 0);
	out = popen("\"$ASKED\" -c \"$COMMAND\"", "r");
	assert_non_null(out);
	len = fread(ret, 1, size - 1, out);
	ret[len] = '\0';
	assert_int_equal(pclose(out), 0);
}

static void a_shell_takes_a_quoted_name_as_it_is(void **state)
{
	(void)state;
	if (system("command -v bash >/dev/null"))
		skip();
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		char *command = ms_shell_format("printf '%%s' %s", names[i]);
		char got[256];

		assert_non_null(command);
		ask("bash", command, got, sizeof(got));
		/* which is a path then, and no option */
		assert_string_equal(got, *names[i] == '-' ? "./-n" : names[i]);
		free(command);
	}
	assert_int_equal(access("PWNED", F_OK), -1);
}

static void a_shell_that_does_not_know_the_quoting_has_one_word(void **state)
{
	(void)state;
	if (system("command -v dash >/dev/null"))
		skip();
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		char *command = ms_shell_format("set -- %s; echo $#", names[i]);
		char got[256];

		assert_non_null(command);
		ask("dash", command, got, sizeof(got));
		assert_string_equal(got, "1\n");
		free(command);
	}
	assert_int_equal(access("PWNED", F_OK), -1);
}

static void a_terminal_shows_a_quoted_name_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		char *quoted = ms_shell_format("%s", names[i]);
		char *escaped = ms_text_escape(quoted);
		char *utf8 = ms_path_to_utf8(quoted);

		assert_string_equal(escaped, quoted);
		assert_string_equal(utf8, quoted);
		free(quoted);
		free(escaped);
		free(utf8);
	}
}

static void a_command_has_only_the_quoted_conversions(void **state)
{
	char *text = ms_shell_format("rm %s, 100%%, %s", "a'b", "c");

	(void)state;
	assert_string_equal(text, "rm 'a'\\''b', 100%, 'c'");
	free(text);
	assert_null(ms_shell_format("exit %d", 1));
	assert_null(ms_shell_format("%.*s", 1, "ab"));
}

static void half_a_command_is_no_hint(void **state)
{
	char name[6000];

	(void)state;
	memset(name, '\'', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ms_fail(ctx, -EINVAL, "no");
	ms_hint_command(ctx, -EINVAL, "rm %s", "short");
	assert_string_equal(ms_ctx_hint(ctx), "rm 'short'");
	ms_hint_command(ctx, -EINVAL, "rm %s", name);
	assert_null(ms_ctx_hint(ctx));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_takes_a_quoted_name_as_it_is),
		cmocka_unit_test(a_shell_that_does_not_know_the_quoting_has_one_word),
		cmocka_unit_test(a_terminal_shows_a_quoted_name_as_it_is),
		cmocka_unit_test(a_command_has_only_the_quoted_conversions),
		cmocka_unit_test(half_a_command_is_no_hint),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
