// SPDX-License-Identifier: LGPL-2.1-or-later
/* The fields of a signature, against what openssl was told and what kmod prints. */
#include "../../tests/unit.h"
#include "../../tests/unit-keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge.h"

static struct ms_ctx *ctx;
static char dir[] = "/tmp/modseal-fields-XXXXXX";

__attribute__((format(printf, 1, 2))) static bool shell(const char *format, ...)
{
	char command[2048], line[2200];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd %s && { %s; } >log 2>&1", dir, command);
	return system(line) == 0;
}

static size_t slurp(const char *name, uint8_t *data, size_t size)
{
	char path[256];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(data, 1, size, file);
	fclose(file);
	return len;
}

static void make(const char *kind, const char *subject, const char *serial)
{
	assert_true(
		shell("openssl req -x509 -newkey %s -nodes -keyout key.pem -out cert.pem "
		      "-days 3650 -subj '%s' -set_serial %s",
		      kind, subject, serial));
}

static struct ms_signature_fields sign(const char *options)
{
	struct ms_signature_fields fields = { 0 };
	uint8_t sig[16384];
	size_t len;

	assert_true(
		shell("echo payload | openssl cms -sign -binary -signer cert.pem -inkey "
		      "key.pem -outform DER -out sig %s",
		      options));
	len = slurp("sig", sig, sizeof(sig));
	assert_int_equal(ms_cms_fields(ctx, sig, len, &fields), 0);
	return fields;
}

#define PLAIN "-noattr -nocerts -md sha384"

static void signer_serial_hash_and_algorithm_are_those_signed_with(void **state)
{
	struct ms_signature_fields fields;

	(void)state;
	make(RSA(2048, 3), "/O=Org/CN=A name/OU=Unit", "0xff01");
	fields = sign(PLAIN);
	assert_string_equal(fields.signer, "A name");
	assert_string_equal(fields.sig_key, "FF:01");
	assert_string_equal(fields.sig_hashalgo, "sha384");
	assert_string_equal(fields.sig_algo, "rsa");
	assert_int_equal(fields.signature_len, 256);
	ms_signature_fields_done(&fields);
	assert_null(fields.signer);
	make("ec -pkeyopt ec_paramgen_curve:P-256", "/O=Org", "0x7f");
	fields = sign(PLAIN);
	assert_string_equal(fields.signer, "Org");
	assert_string_equal(fields.sig_key, "7F");
	assert_string_equal(fields.sig_algo, "ecdsa");
	ms_signature_fields_done(&fields);
}

static void a_key_identifier_stands_for_the_serial(void **state)
{
	struct ms_signature_fields fields;

	(void)state;
	make(RSA(2048, 3), "/CN=x", "1");
	fields = sign(PLAIN " -keyid");
	assert_null(fields.signer);
	assert_int_equal(strlen(fields.sig_key), 20 * 3 - 1);
	ms_signature_fields_done(&fields);
}

static void certificates_attributes_and_content_do_not_hide_the_fields(void **state)
{
	struct ms_signature_fields fields;

	(void)state;
	make(RSA(2048, 3), "/CN=x", "1");
	fields = sign("-nodetach -md sha256");
	assert_string_equal(fields.signer, "x");
	assert_string_equal(fields.sig_hashalgo, "sha256");
	assert_int_equal(fields.signature_len, 256);
	ms_signature_fields_done(&fields);
}

static void a_name_that_is_no_utf_8_is_escaped(void **state)
{
	struct ms_signature_fields fields = { 0 };
	uint8_t sig[16384];
	size_t len;

	(void)state;
	make(RSA(2048, 3), "/CN=0123456789abcdef", "1");
	fields = sign(PLAIN);
	ms_signature_fields_done(&fields);
	len = slurp("sig", sig, sizeof(sig));
	for (size_t i = 0; i + 16 < len; i++)
		if (!memcmp(sig + i, "0123456789abcdef", 16))
			sig[i] = 0xff;
	assert_int_equal(ms_cms_fields(ctx, sig, len, &fields), 0);
	assert_string_equal(fields.signer, "%FF123456789abcdef");
	ms_signature_fields_done(&fields);
}

static void what_can_be_read_of_a_cut_message_is_kept(void **state)
{
	struct ms_signature_fields fields;
	uint8_t sig[16384];
	size_t len, with_signer = 0;

	(void)state;
	make(RSA(2048, 3), "/CN=x", "1");
	fields = sign(PLAIN);
	ms_signature_fields_done(&fields);
	len = slurp("sig", sig, sizeof(sig));
	/* the outer lengths say more than there is: so nothing of it is read */
	for (size_t i = 0; i < len; i++) {
		uint8_t *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, sig, i);
		assert_int_equal(ms_cms_fields(ctx, exact, i, &fields), 0);
		with_signer += fields.signer != NULL;
		ms_signature_fields_done(&fields);
		free(exact);
	}
	assert_int_equal(with_signer, 0);
	/* an algorithm that is none does not hide the name before it */
	for (size_t i = 0; i + 9 < len; i++)
		if (!memcmp(sig + i, "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9))
			sig[i + 8] = 0x70;
	assert_int_equal(ms_cms_fields(ctx, sig, len, &fields), 0);
	assert_string_equal(fields.signer, "x");
	assert_null(fields.sig_hashalgo);
	ms_signature_fields_done(&fields);
}

static int set_up(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ctx = ms_ctx_free(ctx);
	return shell("rm -f *") && rmdir(dir) == 0 ? 0 : -1;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(signer_serial_hash_and_algorithm_are_those_signed_with),
		cmocka_unit_test(a_key_identifier_stands_for_the_serial),
		cmocka_unit_test(
			certificates_attributes_and_content_do_not_hide_the_fields),
		cmocka_unit_test(a_name_that_is_no_utf_8_is_escaped),
		cmocka_unit_test(what_can_be_read_of_a_cut_message_is_kept),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
