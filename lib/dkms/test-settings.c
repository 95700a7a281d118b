/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is said to be known of DKMS's configuration is what bash says, and DKMS. Both are
 * asked here: bash sources the same text, and so does safe_source() of the DKMS that is
 * installed.
 */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/text.h"
#include "conf.h"

enum { ASKED = 3, CASES = 150, TO_DKMS = 4, MOST_TEXT = 4096 };

#define RELEASE "6.1.0-a"
#define UNSET	"<unset>"

static char place[] = "/tmp/modseal-test-settings-XXXXXX";

static struct ms_dkms_settings *settings_of(const char *first, const char *second)
{
	struct ms_dkms_settings *settings = NULL;

	assert_int_equal(ms_dkms_settings_new(ctx, "", &settings), 0);
	assert_int_equal(ms_dkms_settings_text(settings, MS_DKMS_FRAMEWORK, RELEASE, first,
					       strlen(first)),
			 0);
	if (second)
		assert_int_equal(ms_dkms_settings_text(settings, MS_DKMS_SNIPPETS "/a.conf",
						       RELEASE, second, strlen(second)),
				 0);
	return settings;
}

/* Assignments that have to be read. */
static const struct {
	const char *text, *sign_file;
} plain[] = {
	{ "", NULL },
	{ "# sign_file=/no\n", NULL },
	{ "sign_file=/k/one", "/k/one" },
	{ "sign_file=/k/one\n", "/k/one" },
	{ "  \tsign_file=/k/one  \n", "/k/one" },
	{ "sign_file=\"/k/one\"", "/k/one" },
	{ "sign_file='/k/one'", "/k/one" },
	{ "sign_file=$'/k/one'", "/k/one" },
	{ "sign_file=$'/k\\x2fo\\156e\\''", "/k/one'" },
	{ "sign_file=\"/k/\"'o n'e", "/k/o ne" },
	{ "sign_file=/k/o\\ ne", "/k/o ne" },
	{ "sign_file=/k/one # why\n", "/k/one" },
	{ "sign_file=\"/k/one\" # why\n", "/k/one" },
	{ "sign_file=/k/one#no", "/k/one#no" },
	{ "export sign_file=/k/one", "/k/one" },
	{ "export sign_file=\"/k/one\" # why", "/k/one" },
	{ "export verbose=1 sign_file='/k/one' other", "/k/one" },
	{ "sign_file=/k/one; export sign_file", "/k/one" },
	{ "export sign_file", NULL },
	{ "declare -x sign_file=/k/one", "/k/one" },
	{ "declare sign_file=/k/one", "/k/one" },
	{ "typeset -x sign_file=/k/one", "/k/one" },
	{ "sign_file=/k; sign_file+=/one", "/k/one" },
	{ "sign_file+=/k/one", "/k/one" },
	{ "sign_file=/k\nsign_file+=\"/one\"\n", "/k/one" },
	{ "sign_file=/k/\\\none", "/k/one" },
	{ "sign_file=\"/k/\\\none\"", "/k/one" },
	{ "verbose=1 \\\n  sign_file=/k/one\n", "/k/one" },
	{ "sign_file=/no\nsign_file=/k/one\n", "/k/one" },
	{ "sign_file=/no;sign_file=/k/one;", "/k/one" },
	{ "verbose=1; sign_file=/k/one; symlink_modules=", "/k/one" },
	{ "verbose=1 sign_file=/k/one", "/k/one" },
	{ "sign_file=", "" },
	{ "sign_file=''", "" },
	{ "sign_file=/k/one; sign_file+=", "/k/one" },
	{ "dir=/k\nsign_file=$dir/one\n", "/k/one" },
	{ "dir=/k; sign_file=\"${dir}/one\"", "/k/one" },
	{ "sign_file=/k/$kernelver/one", "/k/" RELEASE "/one" },
	{ "sign_file=\"/k/${kernelver}/one\"", "/k/" RELEASE "/one" },
	{ "kernelver=5; sign_file=/k/$kernelver", "/k/5" },
	{ "sign_file='pkcs11:token=t;object=k?pin-source=/p'",
	  "pkcs11:token=t;object=k?pin-source=/p" },
	{ "sign_file=/k/one\nverbose=$(date)\n", "/k/one" },
	{ "sign_file=/k/one\nverbose=`date`\n", "/k/one" },
	{ "sign_file=/k/one\nverbose=\"$(uname -r | cut -d. -f1)\"\n", "/k/one" },
	{ "sign_file=/k/one\nverbose=${kernelver%-*}\n", "/k/one" },
	{ "sign_file=/k/one\nverbose=$HOME/x\n", "/k/one" },
	{ "sign_file=caf\xc3\xa9", "caf\xc3\xa9" },
	{ "sign_file={a,b}", "{a,b}" },
	{ "sign_file=/k/*", "/k/*" },
	{ "sign_file=a=b", "a=b" },
};

/* What nobody can tell who does not run it; the line where that stands. */
static const struct {
	const char *text;
	size_t line;
} doubtful[] = {
	{ "sign_file=$(command -v kmodsign)", 1 },
	{ "\nsign_file=`which kmodsign`", 2 },
	{ "sign_file=/a\nsign_file=$HOME/one", 2 },
	{ "sign_file=~/one", 1 },
	{ "sign_file=${sign_file:-/k/one}", 1 },
	{ "sign_file=/a\nverbose=${sign_file:=/b}", 2 },
	{ "if true; then\nsign_file=/a\nfi", 1 },
	{ "sign_file=/a\nif false; then\nsign_file=/b\nfi\n", 2 },
	{ "for i in 1; do sign_file=/a; done", 1 },
	{ "f() { sign_file=/a; }\nf\n", 1 },
	{ "sign_file=/a\nsource /other\n", 2 },
	{ "sign_file=/a\n. /other\n", 2 },
	{ "sign_file=/a\neval sign_file=/b\n", 2 },
	{ "sign_file=/a true", 1 },
	{ "sign_file=(/a /b)", 1 },
	{ "sign_file[0]=/a", 1 },
	{ "[ -x /b ] && sign_file=/b", 1 },
	{ "sign_file=/a || sign_file=/b", 1 },
	{ "sign_file=/a &", 1 },
	{ "sign_file=/a >/nowhere/x", 1 },
	{ "(sign_file=/a)", 1 },
	{ "{ sign_file=/a; }", 1 },
	{ "sign_file=/a\nunset sign_file", 2 },
	{ "exit\nsign_file=/a", 1 },
	{ "return\nsign_file=/a", 1 },
	{ "readonly sign_file=/a\nsign_file=/b", 1 },
	{ "sign_file=/a\nread sign_file </dev/null", 2 },
	{ "sign_file=/a\nDKMS_DIRECTIVE=sign_file=/b", 2 },
	{ "sign_file=/a\nIFS=/", 2 },
	{ "sign_file=/a\nUID=3\nsign_file=/b", 2 },
	{ "sign_file='/a", 1 },
	{ "sign_file=/a; )", 1 },
	{ "sign_file=/a\nverbose=$((sign_file=1))", 2 },
	{ "sign_file=/a\r\n", 1 },
	{ "sign_file='/k/$kernelver'", 1 }, /* DKMS puts it in, bash by itself does not */
	{ "sign_file='a  b'", 1 },	    /* DKMS leaves one blank */
	{ "sign_file=a\\\\b", 1 },
	{ "sign_file=$'/k\\xzz'", 1 }, /* no digits: bash leaves it all as it is */
	{ "sign_file=$'/k\\x", 1 },
	{ "declare sign_file", 1 },
	{ "export sign_file={/a,/b}", 1 },
	{ "install_tree+=/x; sign_file=$install_tree", 1 },
};

static void a_plain_assignment_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(plain); i++) {
		_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings =
			settings_of(plain[i].text, NULL);
		const char *want = plain[i].sign_file;
		const char *text = ms_dkms_setting_text(settings, MS_DKMS_SIGN_FILE);

		print_message("%s\n", plain[i].text);
		assert_int_equal(ms_dkms_setting_state(settings, MS_DKMS_SIGN_FILE),
				 want ? MS_DKMS_KNOWN : MS_DKMS_UNSET);
		if (want && *want)
			assert_string_equal(text, want);
		else
			assert_null(text);
	}
}

static void what_takes_a_shell_is_unknown_and_its_line_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(doubtful); i++) {
		_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings =
			settings_of(doubtful[i].text, NULL);
		const struct ms_dkms_doubt *doubt =
			ms_dkms_setting_doubt(settings, MS_DKMS_SIGN_FILE);

		print_message("%s\n", doubtful[i].text);
		assert_non_null(doubt);
		assert_null(ms_dkms_setting_text(settings, MS_DKMS_SIGN_FILE));
		assert_int_equal(ms_dkms_doubt_line(doubt), doubtful[i].line);
		assert_string_equal(ms_dkms_doubt_file(doubt), MS_DKMS_FRAMEWORK);
		assert_true(*ms_dkms_doubt_reason(doubt));
	}
}

static void a_later_file_is_not_concerned_by_what_an_earlier_one_does(void **state)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings =
		settings_of("sign_file=/a\nmok_certificate=/c\ndir=/d\nexit\n",
			    "sign_file=/b\nmok_signing_key=$dir\n");

	(void)state;
	assert_string_equal(ms_dkms_setting_text(settings, MS_DKMS_SIGN_FILE), "/b");
	assert_int_equal(ms_dkms_setting_state(settings, MS_DKMS_CERTIFICATE),
			 MS_DKMS_UNKNOWN);
	assert_int_equal(ms_dkms_setting_state(settings, MS_DKMS_SIGNING_KEY),
			 MS_DKMS_UNKNOWN);
}

static void modseal_s_own_settings_count_in_its_own_file(void **state)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings =
		settings_of("modseal_store=/no\nif true; then :; fi\n", NULL);
	const char *ours = "modseal_store=/store\n", *later = "modseal_store=/no\n";

	(void)state;
	assert_int_equal(ms_dkms_setting_state(settings, MS_DKMS_STORE), MS_DKMS_UNSET);
	assert_int_equal(ms_dkms_settings_text(settings, MS_DKMS_OUR_CONF, NULL, ours,
					       strlen(ours)),
			 0);
	assert_int_equal(ms_dkms_settings_text(settings, MS_DKMS_SNIPPETS "/zz.conf", NULL,
					       later, strlen(later)),
			 0);
	assert_string_equal(ms_dkms_setting_text(settings, MS_DKMS_STORE), "/store");
}

/* Puts @piece behind @text, which has room for @size bytes. */
static void add(char *text, size_t size, const char *piece)
{
	size_t len = strlen(text);

	assert_true(len + strlen(piece) < size);
	memcpy(text + len, piece, strlen(piece) + 1);
}

static void a_value_that_grows_without_end_is_unknown(void **state)
{
	char text[MOST_TEXT] = "a=12345678\n";

	(void)state;
	for (int i = 0; i < 64; i++)
		add(text, sizeof(text), "a=$a$a\n");
	add(text, sizeof(text), "sign_file=$a\n");
	{
		_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings =
			settings_of(text, NULL);

		assert_int_equal(ms_dkms_setting_state(settings, MS_DKMS_SIGN_FILE),
				 MS_DKMS_UNKNOWN);
	}
}

static void write_text(const char *name, size_t i, const char *text)
{
	_cleanup_free_ char *path = ms_format("%s/%zu.%s", place, i, name);
	FILE *file = path ? fopen(path, "w") : NULL;

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The answers of case @i, each ending in a NUL; what is missing is "". */
static void read_answers(size_t i, char ret[MOST_TEXT * 2], const char *answers[ASKED])
{
	_cleanup_free_ char *path = ms_format("%s/%zu.out", place, i);
	FILE *file = path ? fopen(path, "r") : NULL;
	size_t len;

	assert_non_null(file);
	len = fread(ret, 1, (size_t)MOST_TEXT * 2 - ASKED - 1, file);
	assert_int_equal(fclose(file), 0);
	memset(ret + len, 0, ASKED + 1);
	for (int n = 0; n < ASKED; n++) {
		answers[n] = ret;
		ret += strlen(ret) + 1;
	}
}

static void compare(size_t i, const char *first, const char *second)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings =
		settings_of(first, second);
	char bytes[MOST_TEXT * 2];
	const char *answers[ASKED];

	read_answers(i, bytes, answers);
	for (unsigned n = 0; n < ASKED; n++) {
		const char *text = ms_dkms_setting_text(settings, n);
		enum ms_dkms_state is = ms_dkms_setting_state(settings, n);
		const char *said = is == MS_DKMS_UNSET ? UNSET : text ? text : "";

		if (is == MS_DKMS_UNKNOWN || strcmp(said, answers[n]) == 0)
			continue;
		print_error("of\n%s\n--\n%s\n%s is '%s', not '%s'\n", first,
			    second ? second : "", ms_dkms_setting_name(n), answers[n],
			    said);
		fail();
	}
}

/* Random text, most of it assignments, some of it anything. */
static void add_random(char *text, size_t size)
{
	static const char *const pieces[] = {
		"sign_file=",	 "mok_signing_key=", "mok_certificate=", "sign_file+=",
		"dir=",		 "mok_signing_key+=", "export ",	  "declare -x ",
		"declare ",	 "\n",		      "\n",		  "\n",
		"; ",		 ";",		      " ",		  "  ",
		"\t",		 "/a",		      "b.key",		  "'",
		"'",		 "\"",		      "\"",		  "\\",
		"\\\n",		 "$'",		      "$dir",		  "${dir}",
		"$kernelver",	 "${kernelver}",      "$sign_file",	  "# x",
		"#",		 "~",		      ":",		  "=",
		"+",		 "*",		      "?",		  "{a,b}",
		"{",		 "}",		      "(",		  ")",
		"$(echo x)",	 "$(echo \"a b\")",   "`echo x`",	  "${dir:-/x}",
		"${sign_file:=/y}", "${dir%a*}",      "$((1+1))",	  "\"/a b\"",
		"'/c'",		 "$\"t\"",	      "\\x41",		  "\\'",
		"$'\\xzg'",	 "$'\\x4z'",      "$'\\148'",	  "\\0",
		"if true; then ", "; fi",	      "true",		  "unset sign_file",
		"exit\n",	 "return\n",	      "readonly dir=1\n", "<<x\n",
		"&& ",		 "|| ",		      "> x",		  "sign_file[0]=",
		"sign_file=/q\n", "mok_certificate='/r'\n", "export mok_signing_key=/s\n",
		"$",		 "$1",		      "!",		  "%",
		"-",		 "\r",		      "\x01",		  "caf\xc3\xa9",
		"IFS=a\n",	 "sign_file",	      "eval ",		  "local ",
	};
	int n = (int)(random() % 14);

	for (int i = 0; i < n; i++) {
		const char *piece = pieces[(size_t)random() % MS_ARRAY_SIZE(pieces)];

		if (strlen(text) + strlen(piece) < size - 1)
			add(text, size, piece);
	}
}

static void seed(void)
{
	const char *wanted = getenv("MODSEAL_SEED");
	unsigned value = wanted ? (unsigned)strtoul(wanted, NULL, 10)
				: (unsigned)time(NULL) ^ (unsigned)getpid();

	print_message("MODSEAL_SEED=%u\n", value);
	srandom(value);
}

static void make_place(void)
{
	memcpy(strrchr(place, '-'), "-XXXXXX", 7);
	assert_non_null(mkdtemp(place));
	assert_int_equal(setenv("PLACE", place, 1), 0);
}

static void remove_place(void)
{
	assert_int_equal(system("rm -rf \"$PLACE\""), 0);
}

/* Runs a script of bash's in the place with nothing in its environment. */
static void bash(const char *script)
{
	assert_int_equal(setenv("SCRIPT", script, 1), 0);
	assert_int_equal(system("cd \"$PLACE\" && mkdir work && env -i PATH=\"$PATH\" "
				"bash --norc -c \"$SCRIPT\" bash </dev/null >log 2>&1"),
			 0);
}

/* In a directory of its own: what is redirected becomes a file there. */
#define PRINT                                                                            \
	"printf '%s\\0' \"${sign_file-" UNSET "}\" \"${mok_signing_key-" UNSET           \
	"}\" \"${mok_certificate-" UNSET "}\""

static void bash_says_the_same_of_what_is_known(void **state)
{
	size_t n_plain = MS_ARRAY_SIZE(plain);
	static char texts[CASES][MOST_TEXT];

	(void)state;
	if (system("command -v bash >/dev/null"))
		skip();
	seed();
	make_place();
	for (size_t i = 0; i < CASES; i++) {
		if (i < n_plain)
			snprintf(texts[i], MOST_TEXT, "%s", plain[i].text);
		else if (i < n_plain + MS_ARRAY_SIZE(doubtful))
			snprintf(texts[i], MOST_TEXT, "%s", doubtful[i - n_plain].text);
		else
			for (int line = 0; line < 4; line++)
				add_random(texts[i], MOST_TEXT);
		write_text("conf", i, texts[i]);
	}
	bash("shopt -s extglob; kernelver=" RELEASE "; cd work; ulimit -t 60\n"
	     "for i in ../*.conf; do\n"
	     "(exec 3>\"${i%conf}out\"; . \"$i\" >/dev/null 2>&1; " PRINT " >&3)\n"
	     "done; exit 0");
	for (size_t i = 0; i < CASES; i++)
		compare(i, texts[i], NULL);
	remove_place();
}

/* Its own function reads both files, one after the other. */
static void dkms_says_the_same_of_what_is_known(void **state)
{
	static char texts[TO_DKMS][2][MOST_TEXT];

	(void)state;
	if (system("grep -q '^safe_source()' /usr/sbin/dkms"))
		skip();
	seed();
	make_place();
	for (size_t i = 0; i < TO_DKMS; i++)
		for (int n = 0; n < 2; n++) {
			add_random(texts[i][n], MOST_TEXT);
			add_random(texts[i][n], MOST_TEXT);
			write_text(n ? "second" : "first", i, texts[i][n]);
		}
	bash("shopt -s extglob; kernelver=" RELEASE "; cd work; ulimit -t 60\n"
	     "eval \"$(sed -n '/^safe_source()/,/^}/p' /usr/sbin/dkms)\"\n"
	     "mktemp_or_die() { mktemp -p ..; }; deprecated() { :; }\n"
	     "for i in ../*.first; do (exec 3>\"${i%first}out\"\n"
	     "for j in first second; do safe_source \"${i%first}$j\" sign_file "
	     "mok_signing_key mok_certificate >/dev/null 2>&1; done\n" PRINT " >&3)\n"
	     "done; exit 0");
	for (size_t i = 0; i < TO_DKMS; i++)
		compare(i, texts[i][0], texts[i][1]);
	remove_place();
}

static void a_pin_in_a_line_is_not_shown(void **state)
{
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings = settings_of(
		"mok_signing_key=$(echo 'pkcs11:object=k?pin-value=4711')\n", NULL);
	const char *line = ms_dkms_doubt_source(
		ms_dkms_setting_doubt(settings, MS_DKMS_SIGNING_KEY));

	(void)state;
	assert_non_null(strstr(line, "pin-value"));
	assert_null(strstr(line, "4711"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_assignment_is_read),
		cmocka_unit_test(what_takes_a_shell_is_unknown_and_its_line_is_told),
		cmocka_unit_test(a_later_file_is_not_concerned_by_what_an_earlier_one_does),
		cmocka_unit_test(modseal_s_own_settings_count_in_its_own_file),
		cmocka_unit_test(a_value_that_grows_without_end_is_unknown),
		cmocka_unit_test(bash_says_the_same_of_what_is_known),
		cmocka_unit_test(dkms_says_the_same_of_what_is_known),
		cmocka_unit_test(a_pin_in_a_line_is_not_shown),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
