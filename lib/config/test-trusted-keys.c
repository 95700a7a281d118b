/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ends up in the combined file is held against what openssl reads out of it. */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../image/image.h"
#include "trusted-keys.h"

MS_DEFINE_CLEANUP(cleanup_edit, struct ms_config_edit *, ms_config_edit_free)
MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

static char dir[] = "/tmp/modseal-test-trusted-keys-XXXXXX";
static struct ms_ctx *ctx;

static bool shell(const char *command)
{
	return system(command) == 0;
}

static int setup(void **state)
{
	static const char make[] =
		"for n in a b c; do openssl req -x509 -newkey ec -pkeyopt "
		"ec_paramgen_curve:P-384 -nodes -keyout $n.key -out $n.pem -days 9999 "
		"-subj /CN=$n 2>>log || exit 1; cat $n.key $n.pem >$n-both.pem; "
		"openssl x509 -in $n.pem -outform DER -out $n.der || exit 1; done";

	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) && chdir(dir) == 0 && shell(make) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	ms_ctx_free(ctx);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return shell(command) ? 0 : -1;
}

static void put(const char *text)
{
	FILE *file = fopen("config", "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int change(const struct ms_trusted_keys_change *change, struct ms_config_trusted *ret)
{
	_cleanup_(cleanup_set) struct ms_file_set *files = ms_file_set_new();
	_cleanup_(cleanup_edit) struct ms_config_edit *edit = NULL;
	int r = ms_config_edit_open(ctx, "config", &edit);

	r = r < 0 ? r : ms_trusted_keys_add(ctx, edit, change, files, ret);
	r = r < 0 ? r : ms_config_edit_stage(ctx, edit, files);
	r = r < 0 ? r : ms_file_set_commit(ctx, files);
	if (r < 0)
		ms_trusted_keys_done(ret);
	return r;
}

static int add(const char *cert, struct ms_config_trusted *ret)
{
	return change(&(struct ms_trusted_keys_change){ .cert = cert }, ret);
}

/* The subjects in a PEM file, in the file's order, as openssl reads them. */
static void assert_subjects(const char *path, const char *sorted)
{
	char command[512], line[256] = "";
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "openssl crl2pkcs7 -nocrl -certfile '%s' | openssl pkcs7 -print_certs "
		 "-noout | sed -n 's/^subject=.*CN *= *//p' | sort | tr -d '\\n'",
		 path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_true(fgets(line, sizeof(line), pipe) || sorted[0] == '\0');
	pclose(pipe);
	assert_string_equal(line, sorted);
}

static void certificates_are_added_to_those_that_are_there(void **state)
{
	_cleanup_(ms_trusted_keys_done) struct ms_config_trusted one = { 0 }, two = { 0 };

	(void)state;
	put("CONFIG_A=y\nCONFIG_SYSTEM_TRUSTED_KEYS=\"a.pem\"\n# end\n");
	assert_int_equal(add("b.der", &one), 0);
	assert_true(one.changed && one.added == 1 && one.certs->count == 2);
	assert_int_equal(one.keys[0], '/');
	assert_true(shell("grep -qx 'CONFIG_SYSTEM_TRUSTED_KEYS=\"'$PWD'/config.trusted."
			  "pem\"' config && sed -n 3p config | grep -qx '# end'"));
	assert_subjects("config.trusted.pem", "ab");
	assert_int_equal(add("c-both.pem", &two), 0);
	assert_string_equal(one.keys, two.keys);
	assert_subjects("config.trusted.pem", "abc");
	assert_true(shell("! grep -q 'PRIVATE KEY' config.trusted.pem"));
	unlink("config.trusted.pem");
}

static void the_file_does_not_depend_on_the_order(void **state)
{
	struct ms_config_trusted result = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		put("CONFIG_A=y\n");
		assert_int_equal(add(i ? "a.pem" : "b.pem", &result), 0);
		ms_trusted_keys_done(&result);
		assert_int_equal(add(i ? "b.pem" : "a.der", &result), 0);
		ms_trusted_keys_done(&result);
		assert_true(shell(i ? "cmp -s config.trusted.pem first"
				    : "mv config.trusted.pem first"));
	}
	unlink("config.trusted.pem");
}

static void a_certificate_that_is_trusted_already_changes_nothing(void **state)
{
	struct ms_config_trusted result = { 0 };

	(void)state;
	put("CONFIG_SYSTEM_TRUSTED_KEYS=\"a-both.pem\"\n");
	assert_int_equal(add("a.der", &result), 0);
	assert_true(!result.changed && result.added == 0 && result.certs->count == 1);
	assert_int_equal(access("config.trusted.pem", F_OK), -1);
	ms_trusted_keys_done(&result);
}

static bool is_a(void *userdata, const struct ms_cert_info *cert)
{
	(void)userdata;
	return strcmp(cert->subject, "CN=a") == 0;
}

static void a_rotation_names_the_new_key_and_keeps_what_is_not_its_own(void **state)
{
	const struct ms_trusted_keys_change rotate = {
		.cert = "b-both.pem", .direct = true, .drop = is_a
	};
	struct ms_config_trusted result = { 0 };

	(void)state;
	put("CONFIG_SYSTEM_TRUSTED_KEYS=\"a-both.pem\"\n");
	assert_int_equal(change(&rotate, &result), 0);
	assert_true(result.dropped == 1 && result.added == 1);
	assert_true(shell("grep -qx 'CONFIG_SYSTEM_TRUSTED_KEYS=\"'$PWD'/b-both.pem\"' "
			  "config"));
	assert_int_equal(access("config.trusted.pem", F_OK), -1);
	ms_trusted_keys_done(&result);
	assert_true(shell("cat a.pem c.pem >two.pem"));
	put("CONFIG_SYSTEM_TRUSTED_KEYS=\"two.pem\"\n");
	assert_int_equal(change(&rotate, &result), 0);
	ms_trusted_keys_done(&result);
	assert_subjects("config.trusted.pem", "bc");
	unlink("config.trusted.pem");
}

static void what_cannot_be_combined_is_refused_and_nothing_changes(void **state)
{
	static const struct {
		const char *config, *cert;
		int error;
	} cases[] = {
		{ "CONFIG_SYSTEM_TRUSTED_KEYS=\"gone.pem\"\n", "a.pem", -ENOENT },
		{ "CONFIG_SYSTEM_TRUSTED_KEYS=\"a.key\"\n", "a.pem", -ENOKEY },
		{ "CONFIG_SYSTEM_TRUSTED_KEYS=\"config\"\n", "a.pem", -EBADMSG },
		{ "CONFIG_SYSTEM_TRUSTED_KEYS=\"a.pem\"\nCONFIG_SYSTEM_TRUSTED_KEYS=\"b\"\n",
		  "a.pem", -EEXIST },
		{ "CONFIG_A=y\n", "a.key", -ENOKEY },
		{ "CONFIG_A=y\n", "config", -EBADMSG },
		{ "CONFIG_A=y\n", "nowhere", -ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		struct ms_config_trusted result = { 0 };
		char command[512];

		put(cases[i].config);
		assert_int_equal(add(cases[i].cert, &result), cases[i].error);
		snprintf(command, sizeof(command), "printf '%%s' '%s' | cmp -s - config",
			 cases[i].config);
		assert_true(shell(command));
		assert_int_equal(access("config.trusted.pem", F_OK), -1);
	}
}

static void a_file_of_somebody_else_is_not_overwritten(void **state)
{
	struct ms_config_trusted result = { 0 };

	(void)state;
	put("CONFIG_A=y\n");
	assert_true(shell("cp c.pem config.trusted.pem"));
	assert_int_equal(add("a.pem", &result), -EEXIST);
	assert_true(shell("cmp -s c.pem config.trusted.pem"));
	assert_int_equal(change(&(struct ms_trusted_keys_change){ .cert = "a.pem",
								  .output = "b-both.pem" },
				&result),
			 -EEXIST);
	assert_true(shell("grep -q 'PRIVATE KEY' b-both.pem"));
	unlink("config.trusted.pem");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_added_to_those_that_are_there),
		cmocka_unit_test(the_file_does_not_depend_on_the_order),
		cmocka_unit_test(a_certificate_that_is_trusted_already_changes_nothing),
		cmocka_unit_test(
			a_rotation_names_the_new_key_and_keeps_what_is_not_its_own),
		cmocka_unit_test(what_cannot_be_combined_is_refused_and_nothing_changes),
		cmocka_unit_test(a_file_of_somebody_else_is_not_overwritten),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
