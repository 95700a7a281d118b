/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the list says of a certificate is held against what openssl says of it. */

#include "../../tests/unit.h"
#include "../../tests/unit-keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "image.h"

MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)

static struct ms_ctx *ctx;
static char dir[] = "/tmp/modseal-certlist-XXXXXX";

static bool shell(const char *command)
{
	return system(command) == 0;
}

/* The first line that a command prints, without the newline; cut at @limit's first. */
static char *ask(const char *command)
{
	char *line = NULL;
	size_t room = 0;
	FILE *pipe = popen(command, "r");
	ssize_t len;

	assert_non_null(pipe);
	len = getline(&line, &room, pipe);
	assert_true(len > 0);
	line[len - 1] = '\0';
	pclose(pipe);
	return line;
}

static void check(const char *got, const char *command)
{
	_cleanup_free_ char *expected = ask(command);

	assert_string_equal(got, expected);
}

static void make(const char *key, const char *more)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey %s -nodes -keyout key.pem -outform DER -out "
		 "c.der "
		 "-days 36500 -utf8 -subj '/O=\xc3\x9c, Inc./CN=a\\+b \"c\"' %s 2>log",
		 key, more);
	assert_true(shell(command));
}

static struct ms_cert_list *read_list(const char *path)
{
	struct ms_cert_list *list = NULL;

	assert_int_equal(ms_cert_list_read(ctx, path, &list), 0);
	return list;
}

static void a_certificate_is_described_as_openssl_describes_it(void **state)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	const struct ms_cert_info *info;

	(void)state;
	make("ec -pkeyopt ec_paramgen_curve:secp384r1",
	     "-set_serial 0x00f1e2d3c4b5a69788 -addext "
	     "basicConstraints=critical,CA:FALSE");
	list = read_list("c.der");
	assert_int_equal(list->count, 1);
	assert_null(list->release);
	info = &list->certs[0];
	check(info->subject, "openssl x509 -inform DER -in c.der -noout -subject "
			     "-nameopt RFC2253,-esc_msb | sed 's/^subject=//'");
	check(info->issuer, "openssl x509 -inform DER -in c.der -noout -issuer "
			    "-nameopt RFC2253,-esc_msb | sed 's/^issuer=//'");
	check(info->serial, "openssl x509 -inform DER -in c.der -noout -serial | "
			    "sed 's/^serial=//; s/../&:/g; s/:$//'");
	check(info->skid, "openssl x509 -inform DER -in c.der -noout -ext "
			  "subjectKeyIdentifier | sed -n '2s/ *//p'");
	check(info->sha256, "sha256sum c.der | cut -d' ' -f1");
	check(info->not_before,
	      "date -u +%Y-%m-%dT%H:%M:%SZ -d \"$(openssl x509 -inform DER "
	      "-in c.der -noout -startdate | sed 's/.*=//')\"");
	check(info->not_after,
	      "date -u +%Y-%m-%dT%H:%M:%SZ -d \"$(openssl x509 -inform DER "
	      "-in c.der -noout -enddate | sed 's/.*=//')\"");
	assert_string_equal(info->source, "c.der");
	assert_int_equal(info->place, MS_CERT_IN_FILE);
}

static void the_kind_of_a_key_is_named(void **state)
{
	static const struct {
		const char *openssl;
		const char *name;
		bool usable;
	} keys[] = {
		{ RSA(2048, 3), "rsa2048", true },
		{ RSA(3072, 3), "rsa3072", true },
		{ "ec -pkeyopt ec_paramgen_curve:prime256v1", "p256", true },
		{ "ec -pkeyopt ec_paramgen_curve:secp384r1", "p384", true },
		{ "ec -pkeyopt ec_paramgen_curve:secp521r1", "p521", true },
		{ "ec -pkeyopt ec_paramgen_curve:secp256k1", "unknown", false },
		{ "ed25519", "unknown", false },
		{ "rsa-pss -pkeyopt rsa_keygen_bits:2048", "unknown", false },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(keys); i++) {
		_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;

		make(keys[i].openssl, "");
		list = read_list("c.der");
		assert_string_equal(list->certs[0].key_type, keys[i].name);
		assert_int_equal(list->certs[0].kernel_can_use, keys[i].usable);
	}
}

static void ml_dsa_keys_are_named(void **state)
{
	static const char *const names[][2] = {
		{ "ml-dsa-44", "mldsa44" },
		{ "ml-dsa-65", "mldsa65" },
		{ "ml-dsa-87", "mldsa87" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;

		make(names[i][0], "");
		list = read_list("c.der");
		assert_string_equal(list->certs[0].key_type, names[i][1]);
		assert_true(list->certs[0].kernel_can_use);
	}
}

static void what_only_looks_like_a_certificate_is_listed_as_unreadable(void **state)
{
	static const uint8_t der[] = { 0x30, 8, 0x30, 3, 0x02, 1, 5, 0x30, 1, 0 };
	_cleanup_(cleanup_list) struct ms_cert_list *list = NULL;
	FILE *file = fopen("odd.der", "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fwrite(der, 1, sizeof(der), file), sizeof(der));
	assert_int_equal(fclose(file), 0);
	list = read_list("odd.der");
	assert_string_equal(list->certs[0].subject, "");
	assert_string_equal(list->certs[0].key_type, "unknown");
	assert_null(list->certs[0].skid);
	assert_false(list->certs[0].kernel_can_use);
	assert_int_equal(list->certs[0].der_len, sizeof(der));
}

static void a_file_without_a_certificate_is_no_list(void **state)
{
	struct ms_cert_list *list = NULL;

	(void)state;
	make("ec -pkeyopt ec_paramgen_curve:secp384r1", "");
	assert_int_equal(ms_cert_list_read(ctx, "key.pem", &list), -ENOKEY);
	assert_int_equal(ms_cert_list_read(ctx, "absent", &list), -ENOENT);
	assert_null(list);
}

static void saved_pem_is_what_openssl_writes(void **state)
{
	_cleanup_(cleanup_list) struct ms_cert_list *first = NULL, *second = NULL;
	const struct ms_cert_info *certs[2];

	(void)state;
	make("ec -pkeyopt ec_paramgen_curve:secp384r1", "");
	first = read_list("c.der");
	assert_true(shell("openssl x509 -inform DER -in c.der >expected"));
	make(RSA(2048, 3), "");
	second = read_list("c.der");
	assert_true(shell("openssl x509 -inform DER -in c.der >>expected"));
	certs[0] = ms_cert_list_at(first, 0);
	certs[1] = ms_cert_list_at(second, 0);
	assert_int_equal(ms_cert_save_pem(ctx, certs, 2, "saved.pem"), 0);
	assert_true(shell("cmp expected saved.pem"));
}

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	ms_ctx_free(ctx);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return chdir("/") == 0 && shell(command) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_described_as_openssl_describes_it),
		cmocka_unit_test(the_kind_of_a_key_is_named),
		cmocka_unit_test(what_only_looks_like_a_certificate_is_listed_as_unreadable),
		cmocka_unit_test(a_file_without_a_certificate_is_no_list),
		cmocka_unit_test(saved_pem_is_what_openssl_writes),
		cmocka_unit_test(ml_dsa_keys_are_named),
	};
	const struct CMUnitTest without_ml_dsa[] = { tests[0], tests[1], tests[2], tests[3],
						     tests[4] };

	if (shell("openssl list -public-key-algorithms | grep -q ML-DSA"))
		return cmocka_run_group_tests(tests, setup, teardown);
	puts("# SKIPPED ml_dsa_keys_are_named: OpenSSL has it from 3.5 on");
	return cmocka_run_group_tests(without_ml_dsa, setup, teardown);
}
