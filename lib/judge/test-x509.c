// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Certificates, made by the openssl command and asked of it: does our reading agree?
 * Certificates that only a kernel can judge are in tests/differential.py.
 */
#include "../../tests/unit.h"
#include "../../tests/unit-keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cert.h"

static struct ms_ctx *ctx;
static struct ms_rules rules;
static char dir[] = "/tmp/modseal-x509-XXXXXX";

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

static uint8_t *slurp(const char *name, size_t *ret_len)
{
	char path[256];
	FILE *file;
	uint8_t *data = malloc(65536);

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(data);
	*ret_len = fread(data, 1, 65536, file);
	fclose(file);
	return data;
}

/* What a command prints, without the newline. */
static char *ask(const char *command)
{
	char line[1024], *answer = calloc(1, 4096);
	FILE *pipe;
	size_t len;

	snprintf(line, sizeof(line), "cd %s && %s", dir, command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	assert_non_null(answer);
	len = fread(answer, 1, 4095, pipe);
	pclose(pipe);
	while (len > 0 && answer[len - 1] == '\n')
		answer[--len] = '\0';
	return answer;
}

static void make(const char *key, const char *subject, const char *more)
{
	assert_true(
		shell("openssl req -x509 -newkey %s -nodes -keyout key.pem -outform DER "
		      "-out cert.der -days 36500 -subj '%s' %s",
		      key, subject, more));
}

static struct ms_cert *parse(void)
{
	struct ms_cert *cert = NULL;
	size_t len;
	uint8_t *data = slurp("cert.der", &len);

	assert_int_equal(ms_cert_parse(ctx, &rules, data, len, &cert), 0);
	assert_int_equal(ms_cert_der(cert).len, len);
	assert_memory_equal(ms_cert_der(cert).data, data, len);
	free(data);
	return cert;
}

static int parse_error(const uint8_t *data, size_t len)
{
	struct ms_cert *cert = NULL;
	int r = ms_cert_parse(ctx, &rules, data, len, &cert);

	if (r == 0)
		ms_cert_free(cert);
	return r;
}

static char *hex(struct ms_bytes bytes)
{
	char *text = calloc(1, 2 * bytes.len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < bytes.len; i++)
		snprintf(text + 2 * i, 3, "%02X", bytes.data[i]);
	return text;
}

static void the_key_type_is_found_and_the_self_signature_verified(void **state)
{
	static const struct {
		const char *key;
		enum ms_pkey algo;
	} kinds[] = {
		{ RSA(2048, 3), MS_PKEY_RSA },
		{ RSA(4096, 4), MS_PKEY_RSA },
		{ "ec -pkeyopt ec_paramgen_curve:P-192", MS_PKEY_ECDSA_P192 },
		{ "ec -pkeyopt ec_paramgen_curve:P-256", MS_PKEY_ECDSA_P256 },
		{ "ec -pkeyopt ec_paramgen_curve:P-384", MS_PKEY_ECDSA_P384 },
		{ "ec -pkeyopt ec_paramgen_curve:P-521", MS_PKEY_ECDSA_P521 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct ms_cert *cert;

		make(kinds[i].key, "/CN=x", "");
		cert = parse();
		assert_int_equal(ms_cert_pkey(cert), kinds[i].algo);
		assert_true(cert->self_signed);
		ms_cert_free(cert);
	}
}

static void serial_skid_and_validity_are_what_openssl_says(void **state)
{
	struct ms_cert *cert;
	char *want, *got;

	(void)state;
	make("ec -pkeyopt ec_paramgen_curve:P-384", "/O=Org/CN=Name",
	     "-set_serial 0x1234567890");
	cert = parse();
	want = ask(
		"openssl x509 -inform DER -in cert.der -noout -serial | sed s/serial=//");
	got = hex(ms_cert_raw_serial(cert));
	assert_string_equal(want, got);
	free(want);
	free(got);
	want = ask(
		"openssl x509 -inform DER -in cert.der -noout -ext subjectKeyIdentifier |"
		"tail -1 | tr -d ' :'");
	got = hex(ms_cert_skid(cert));
	assert_string_equal(want, got);
	free(want);
	free(got);
	want = ask(
		"date -ud \"$(openssl x509 -inform DER -in cert.der -noout -startdate |"
		"sed s/.*=//)\" +%s");
	assert_int_equal(ms_cert_not_before(cert), strtoll(want, NULL, 10));
	free(want);
	want = ask("date -ud \"$(openssl x509 -inform DER -in cert.der -noout -enddate |"
		   "sed s/.*=//)\" +%s");
	assert_int_equal(ms_cert_not_after(cert), strtoll(want, NULL, 10));
	free(want);
	ms_cert_free(cert);
}

static void the_name_is_made_as_the_kernel_makes_it(void **state)
{
	static const struct {
		const char *subject, *name;
	} names[] = {
		{ "/CN=Name", "Name" },
		{ "/O=Org/CN=Name", "Org: Name" },
		{ "/O=Debian/CN=Debian Secure Boot CA", "Debian Secure Boot CA" },
		{ "/O=Red Hat Incorporated/CN=Red Hat Key", "Red Hat Key" },
		{ "/O=Org", "Org" },
		{ "/emailAddress=a@b", "a@b" },
		{ "/C=DE", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ms_cert *cert;

		make("ec -pkeyopt ec_paramgen_curve:P-256", names[i].subject, "");
		cert = parse();
		assert_string_equal(ms_cert_subject_name(cert), names[i].name);
		assert_string_equal(ms_cert_issuer_name(cert), names[i].name);
		ms_cert_free(cert);
	}
}

static void a_changed_self_signature_is_refused(void **state)
{
	size_t len;
	uint8_t *data;

	(void)state;
	make(RSA(2048, 3), "/CN=x", "");
	data = slurp("cert.der", &len);
	data[len - 100] ^= 1;
	/* RSA of a wrong number has no padding */
	assert_true(parse_error(data, len) < 0);
	data[len - 100] ^= 1;
	data[40] ^= 1; /* in the TBS certificate: serial or names */
	assert_true(parse_error(data, len) < 0);
	free(data);
}

static void bytes_behind_a_certificate_are_not_looked_at(void **state)
{
	struct ms_cert *cert = NULL;
	size_t len;
	uint8_t *data;

	(void)state;
	make(RSA(2048, 3), "/CN=x", "");
	data = slurp("cert.der", &len);
	memset(data + len, 0x30, 65536 - len);
	assert_int_equal(ms_cert_parse(ctx, &rules, data, 65536, &cert), 0);
	assert_int_equal(ms_cert_der(cert).len, len);
	ms_cert_free(cert);
	free(data);
}

static void a_certificate_cut_anywhere_is_malformed(void **state)
{
	size_t len;
	uint8_t *data;

	(void)state;
	make("ec -pkeyopt ec_paramgen_curve:P-256", "/CN=x", "");
	data = slurp("cert.der", &len);
	for (size_t i = 0; i < len; i++) {
		uint8_t *exact = malloc(i ? i : 1);

		assert_non_null(exact);
		memcpy(exact, data, i);
		assert_int_equal(parse_error(exact, i), -EBADMSG);
		free(exact);
	}
	free(data);
}

static void an_ed25519_certificate_is_unsupported(void **state)
{
	size_t len;
	uint8_t *data;

	(void)state;
	make("ed25519", "/CN=x", "");
	data = slurp("cert.der", &len);
	assert_int_equal(parse_error(data, len), -ENOPKG);
	free(data);
}

static void p521_is_unknown_before_linux_6_10(void **state)
{
	size_t len;
	uint8_t *data;

	(void)state;
	make("ec -pkeyopt ec_paramgen_curve:P-521", "/CN=x", "");
	data = slurp("cert.der", &len);
	assert_int_equal(ms_rules_set_release(ctx, &rules, "6.1.0-50-amd64"), 0);
	assert_int_equal(parse_error(data, len), -ENOPKG);
	rules = ms_rules_default();
	assert_int_equal(parse_error(data, len), 0);
	free(data);
}

static void times_have_the_bounds_of_the_kernel(void **state)
{
	static const struct {
		uint8_t tag;
		const char *text;
		int64_t time; /* -1: refused */
	} times[] = {
		{ 0x17, "700101000000Z", 0 },
		{ 0x17, "491231235959Z", 2524607999 },
		{ 0x17, "500101000000Z", -1 }, /* 1950 */
		{ 0x17, "691231235959Z", -1 },
		{ 0x17, "240229000000Z", 1709164800 },
		{ 0x17, "230229000000Z", -1 },
		{ 0x17, "230101240060Z", 1672617660 },
		{ 0x17, "230101250000Z", -1 },
		{ 0x17, "230101236000Z", -1 },
		{ 0x17, "230101235961Z", -1 },
		{ 0x17, "231301000000Z", -1 },
		{ 0x17, "2301010000 0Z", -1 },
		{ 0x17, "230101000000+", -1 },
		{ 0x17, "2301010000Z", -1 },
		{ 0x18, "20500101000000Z", 2524608000 },
		{ 0x18, "20491231235959Z", -1 },
		{ 0x18, "19490101000000Z", -1 },
		{ 0x18, "21000229000000Z", -1 },
		{ 0x18, "24000229000000Z", 13574563200 },
		{ 0x18, "99991231235959Z", 253402300799 },
		{ 0x16, "700101000000Z", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t got = -1;
		int r = ms_x509_decode_time(times[i].tag, (const uint8_t *)times[i].text,
					    strlen(times[i].text), &got);

		assert_int_equal(r, times[i].time < 0 ? -EBADMSG : 0);
		assert_true(got == times[i].time);
	}
}

static int set_up(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	rules = ms_rules_default();
	return ctx && mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ctx = ms_ctx_free(ctx);
	return shell("rm -f *.pem *.der log") && rmdir(dir) == 0 ? 0 : -1;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_type_is_found_and_the_self_signature_verified),
		cmocka_unit_test(serial_skid_and_validity_are_what_openssl_says),
		cmocka_unit_test(the_name_is_made_as_the_kernel_makes_it),
		cmocka_unit_test(a_changed_self_signature_is_refused),
		cmocka_unit_test(bytes_behind_a_certificate_are_not_looked_at),
		cmocka_unit_test(a_certificate_cut_anywhere_is_malformed),
		cmocka_unit_test(an_ed25519_certificate_is_unsupported),
		cmocka_unit_test(p521_is_unknown_before_linux_6_10),
		cmocka_unit_test(times_have_the_bounds_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
