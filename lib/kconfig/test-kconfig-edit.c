/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../files/file.h"
#include "kconfig-edit.h"

MS_DEFINE_CLEANUP(cleanup_edit, struct ms_config_edit *, ms_config_edit_free)
MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

#define HEAD                                                      \
	"#\n# Automatically generated file; DO NOT EDIT.\n#\n"    \
	"CONFIG_MODULES=y\n"                                      \
	"# CONFIG_MODULE_SIG_FORCE is not set\n"

static char dir[] = "/tmp/modseal-test-kconfig-edit-XXXXXX";
static struct ms_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ms_ctx_free(ctx);
	unlink("config");
	return rmdir(dir);
}

static void put(const char *text)
{
	int fd = open("config", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_config(const char *text)
{
	_cleanup_(ms_buf_done) struct ms_buf got = { 0 };

	assert_int_equal(ms_file_read(ctx, "config", 1 << 20, &got), 0);
	assert_int_equal(ms_buf_append(&got, "", 1), 0);
	assert_string_equal((const char *)got.data, text);
}

static int save(struct ms_config_edit *edit)
{
	_cleanup_(cleanup_set) struct ms_file_set *files = ms_file_set_new();
	int r;

	assert_non_null(files);
	r = ms_config_edit_stage(ctx, edit, files);
	return r < 0 ? r : ms_file_set_commit(ctx, files);
}

static int change(const char *name, const char *value)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	int r = ms_config_edit_open(ctx, "config", &edit);

	r = r < 0 ? r : ms_config_edit_set(ctx, edit, name, value);
	return r < 0 ? r : save(edit);
}

static void assert_value(const char *text, const char *name, const char *value)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	_cleanup_free_ char *got = NULL;

	assert_int_equal(ms_config_edit_parse(ctx, text, strlen(text), "t", &edit), 0);
	assert_int_equal(ms_config_edit_get(edit, name, &got), 0);
	assert_string_equal(got, value);
}

static void every_kind_of_value_is_read(void **state)
{
	static const char text[] = HEAD "CONFIG_N=0x1f\nCONFIG_M=m\r\n"
					"CONFIG_S=\"a \\\"b\\\\c\"\nCONFIG_LAST=\"\"";

	(void)state;
	assert_value(text, "MODULES", "y");
	assert_value(text, "CONFIG_MODULE_SIG_FORCE", "n");
	assert_value(text, "N", "0x1f");
	assert_value(text, "CONFIG_M", "m");
	assert_value(text, "S", "a \"b\\c");
	assert_value(text, "LAST", "");
}

static void only_the_line_that_was_asked_for_changes(void **state)
{
	static const struct {
		const char *before, *name, *value, *after;
	} cases[] = {
		{ HEAD "CONFIG_A=y\n\n# end\n", "A", "n",
		  HEAD "# CONFIG_A is not set\n\n# end\n" },
		{ HEAD "# CONFIG_A is not set\nCONFIG_B=y\n", "CONFIG_A", "m",
		  HEAD "CONFIG_A=m\nCONFIG_B=y\n" },
		{ HEAD "CONFIG_A=\"x\"\r\nCONFIG_B=y\r\n", "A", "y",
		  HEAD "CONFIG_A=\"y\"\r\nCONFIG_B=y\r\n" },
		{ HEAD "CONFIG_AB=y\nCONFIG_A=5", "A", "-7",
		  HEAD "CONFIG_AB=y\nCONFIG_A=-7" },
		{ HEAD "CONFIG_A=\"x\"\n", "A", "q\"\\", HEAD "CONFIG_A=\"q\\\"\\\\\"\n" },
		{ HEAD, "SYSTEM_TRUSTED_KEYS", "/k.pem",
		  HEAD "CONFIG_SYSTEM_TRUSTED_KEYS=\"/k.pem\"\n" },
		{ HEAD "# CONFIG_SYSTEM_TRUSTED_KEYS is not set\n#z\n",
		  "SYSTEM_TRUSTED_KEYS", "k", HEAD "CONFIG_SYSTEM_TRUSTED_KEYS=\"k\"\n#z\n" },
		{ HEAD "#CONFIG_A=y\n", "A", "y", HEAD "#CONFIG_A=y\nCONFIG_A=y\n" },
		{ "CONFIG_B=y", "A", "y", "CONFIG_B=y\nCONFIG_A=y" },
		{ "CONFIG_B=y\r\n", "A", "y", "CONFIG_B=y\r\nCONFIG_A=y\r\n" },
		{ "CONFIG_B=y\n", "MODULE_SIG_KEY", "y",
		  "CONFIG_B=y\nCONFIG_MODULE_SIG_KEY=\"y\"\n" },
		{ "CONFIG_B=y\n", "LOCALVERSION", "",
		  "CONFIG_B=y\nCONFIG_LOCALVERSION=\"\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		put(cases[i].before);
		assert_int_equal(change(cases[i].name, cases[i].value), 0);
		assert_config(cases[i].after);
	}
}

static void nothing_is_written_where_nothing_changes(void **state)
{
	static const char *const same[][2] = {
		{ "MODULES", "y" }, { "MODULE_SIG_FORCE", "n" }, { "OFF", "n" },
		{ "S", "a\"" },	    { "TWICE", NULL },
	};
	static const char text[] = HEAD "CONFIG_OFF=n\nCONFIG_S=\"a\\\"\"\n";
	struct stat before, after;

	(void)state;
	put(text);
	assert_int_equal(stat("config", &before), 0);
	for (size_t i = 0; same[i][1]; i++)
		assert_int_equal(change(same[i][0], same[i][1]), 0);
	assert_int_equal(stat("config", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_config(text);
}

static void a_value_of_the_wrong_kind_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{ "MODULES", "yes" },  { "MODULES", "1" },	  { "MODULES", "" },
		{ "N", "y" },	       { "N", "ten" },		  { "MODULE_SIG_FORCE", "x" },
		{ "NEW", "yes" },      { "NEW", "Y" },		  { "S", "a\nb" },
		{ "S", "a\rb" },       { "A B", "y" },		  { "", "y" },
		{ "CONFIG_", "y" },    { "A=", "y" },		  { "../x", "y" },
	};
	static const char text[] = HEAD "CONFIG_N=5\nCONFIG_S=\"\"\n";

	(void)state;
	put(text);
	for (size_t i = 0; i < MS_ARRAY_SIZE(wrong); i++)
		assert_int_equal(change(wrong[i][0], wrong[i][1]), -EINVAL);
	assert_config(text);
}

static void a_symbol_that_is_there_twice_is_not_guessed_at(void **state)
{
	static const char text[] = HEAD "CONFIG_A=y\n# CONFIG_A is not set\n"
					"CONFIG_B=\"x\"\nCONFIG_B=\"x\"\n";
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	char *value = NULL;

	(void)state;
	put(text);
	assert_int_equal(change("A", "y"), -EEXIST);
	assert_string_equal(ms_ctx_message(ctx), "'config': CONFIG_A is there 2 times");
	assert_int_equal(change("B", "x"), -EEXIST);
	assert_config(text);
	assert_int_equal(ms_config_edit_open(ctx, "config", &edit), 0);
	assert_int_equal(ms_config_edit_get(edit, "A", &value), -EEXIST);
	assert_int_equal(ms_config_edit_get(edit, "NOWHERE", &value), -ENOENT);
	assert_null(value);
	assert_value(text, "B", "x");
}

static void what_is_no_config_is_refused_and_left_alone(void **state)
{
	static const char *const texts[] = {
		"",		       "\177ELF",
		"hello\n",	       "CONFIG_A=\"x\n",
		"CONFIG_A=\"x\\\"\n",  "CONFIG_A=y z\n",
		"# comment\n",
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(texts); i++) {
		put(texts[i]);
		assert_int_equal(change("A", "y"), -EBADMSG);
		assert_config(texts[i]);
	}
}

static void a_nul_anywhere_makes_it_binary(void **state)
{
	static const char text[] = "# a\0b\nCONFIG_A=y\n";
	struct ms_config_edit *edit = NULL;

	(void)state;
	assert_int_equal(ms_config_edit_parse(ctx, text, sizeof(text) - 1, "t", &edit),
			 -EBADMSG);
	assert_null(edit);
	assert_string_equal(ms_ctx_message(ctx), "'t' is no kernel config: binary");
}

static void a_line_of_a_hundred_megabytes_is_refused_unread(void **state)
{
	(void)state;
	put("CONFIG_A=y\n");
	assert_int_equal(truncate("config", 100 << 20), 0);
	assert_int_equal(change("A", "n"), -EFBIG);
}

static void a_config_that_somebody_changed_meanwhile_is_not_overwritten(void **state)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;

	(void)state;
	put(HEAD);
	assert_int_equal(ms_config_edit_open(ctx, "config", &edit), 0);
	assert_int_equal(ms_config_edit_set(ctx, edit, "A", "y"), 0);
	put(HEAD "CONFIG_THEIRS=y\n");
	assert_int_equal(save(edit), -EBUSY);
	assert_config(HEAD "CONFIG_THEIRS=y\n");
}

static void a_gzipped_config_is_read_and_not_written(void **state)
{
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	gzFile out = gzopen("config", "wb");
	_cleanup_free_ char *value = NULL;

	(void)state;
	assert_int_equal(gzwrite(out, HEAD, sizeof(HEAD) - 1), sizeof(HEAD) - 1);
	assert_int_equal(gzclose(out), Z_OK);
	assert_int_equal(ms_config_edit_open(ctx, "config", &edit), 0);
	assert_int_equal(ms_config_edit_get(edit, "MODULES", &value), 0);
	assert_string_equal(value, "y");
	assert_int_equal(ms_config_edit_set(ctx, edit, "MODULES", "n"), 0);
	assert_int_equal(save(edit), -EOPNOTSUPP);
}

static void mode_and_owner_are_kept(void **state)
{
	struct stat st;

	(void)state;
	put(HEAD);
	assert_int_equal(chmod("config", 0460), 0);
	if (geteuid() == 0)
		assert_int_equal(chown("config", 12, 34), 0);
	assert_int_equal(change("A", "y"), 0);
	assert_int_equal(stat("config", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0460);
	if (geteuid() == 0)
		assert_true(st.st_uid == 12 && st.st_gid == 34);
	unlink("config");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_is_read),
		cmocka_unit_test(only_the_line_that_was_asked_for_changes),
		cmocka_unit_test(nothing_is_written_where_nothing_changes),
		cmocka_unit_test(a_value_of_the_wrong_kind_is_refused),
		cmocka_unit_test(a_symbol_that_is_there_twice_is_not_guessed_at),
		cmocka_unit_test(what_is_no_config_is_refused_and_left_alone),
		cmocka_unit_test(a_nul_anywhere_makes_it_binary),
		cmocka_unit_test(a_line_of_a_hundred_megabytes_is_refused_unread),
		cmocka_unit_test(
			a_config_that_somebody_changed_meanwhile_is_not_overwritten),
		cmocka_unit_test(a_gzipped_config_is_read_and_not_written),
		cmocka_unit_test(mode_and_owner_are_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
