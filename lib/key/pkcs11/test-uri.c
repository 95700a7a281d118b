/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../../tests/unit-ctx.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <modseal/secret.h>

#include "../../base/checked.h"
#include "../../base/context.h"
#include "pkcs11.h"

static void only_the_scheme_makes_a_uri(void **state)
{
	(void)state;
	assert_true(ms_is_pkcs11("pkcs11:object=x"));
	assert_false(ms_is_pkcs11("pkcs11"));
	assert_false(ms_is_pkcs11("./pkcs11:object=x"));
	assert_false(ms_is_pkcs11("file:x"));
}

static void pin_and_module_are_taken_out_of_the_uri(void **state)
{
	_cleanup_(ms_pkcs11_uri_done) struct ms_pkcs11_uri uri = { 0 };

	(void)state;
	assert_int_equal(
		ms_pkcs11_uri_parse(ctx,
				    "pkcs11:token=my%20token;object=k;type=private"
				    "?module-path=/lib/x.so&pin-value=12%3b34",
				    &uri),
		0);
	assert_string_equal(uri.object, "pkcs11:token=my%20token;object=k;type=private");
	assert_string_equal(uri.token, "my token");
	assert_string_equal(uri.module, "/lib/x.so");
	assert_string_equal(uri.pin, "12;34");
}

static void attributes_are_found_in_the_path_only_and_decoded(void **state)
{
	_cleanup_(ms_pkcs11_uri_done) struct ms_pkcs11_uri uri = { 0 };
	_cleanup_free_ char *object = NULL, *serial = NULL, *id = NULL;

	(void)state;
	assert_int_equal(ms_pkcs11_uri_parse(ctx, "pkcs11:id=%zz;object=a%20b?serial=1", &uri),
			 0);
	assert_int_equal(ms_pkcs11_uri_attribute(ctx, &uri, "object", &object), 0);
	assert_string_equal(object, "a b");
	assert_int_equal(ms_pkcs11_uri_attribute(ctx, &uri, "serial", &serial), 0);
	assert_null(serial);
	assert_int_equal(ms_pkcs11_uri_attribute(ctx, &uri, "id", &id), -EINVAL);
}

static void a_uri_without_a_query_has_neither(void **state)
{
	_cleanup_(ms_pkcs11_uri_done) struct ms_pkcs11_uri uri = { 0 };

	(void)state;
	assert_int_equal(ms_pkcs11_uri_parse(ctx, "pkcs11:", &uri), 0);
	assert_string_equal(uri.object, "pkcs11:");
	assert_null(uri.token);
	assert_null(uri.module);
	assert_null(uri.pin);
}

static void the_pin_is_the_first_line_of_its_source(void **state)
{
	_cleanup_(ms_pkcs11_uri_done) struct ms_pkcs11_uri uri = { 0 };
	char path[] = "/tmp/modseal-test-pin-XXXXXX";
	char text[128];
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "4711\nmore", 9), 9);
	close(fd);
	snprintf(text, sizeof(text), "pkcs11:object=k?pin-source=file:%s", path);
	assert_int_equal(ms_pkcs11_uri_parse(ctx, text, &uri), 0);
	assert_string_equal(uri.pin, "4711");
	ms_pkcs11_uri_done(&uri);
	snprintf(text, sizeof(text), "pkcs11:object=k?pin-source=%s", path);
	assert_int_equal(ms_pkcs11_uri_parse(ctx, text, &uri), 0);
	assert_string_equal(uri.pin, "4711");
	unlink(path);
	ms_pkcs11_uri_done(&uri);
	assert_int_equal(ms_pkcs11_uri_parse(ctx, text, &uri), -ENOENT);
}

static void a_pin_source_that_is_a_command_is_refused(void **state)
{
	struct ms_pkcs11_uri uri = { 0 };

	(void)state;
	assert_int_equal(
		ms_pkcs11_uri_parse(ctx, "pkcs11:?pin-source=%7c/bin/true", &uri),
		-EINVAL);
	assert_int_equal(ms_pkcs11_uri_parse(ctx, "pkcs11:?pin-source=pin", &uri),
			 -EINVAL);
}

static void a_bad_escape_is_refused_and_not_quoted(void **state)
{
	static const char *const bad[] = { "pkcs11:?pin-value=7%",
					   "pkcs11:?pin-value=7%1",
					   "pkcs11:?pin-value=7%zz",
					   "pkcs11:?pin-value=%00", "pkcs11:token=%q0" };
	struct ms_pkcs11_uri uri = { 0 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		assert_int_equal(ms_pkcs11_uri_parse(ctx, bad[i], &uri), -EINVAL);
		assert_null(strchr(ms_ctx_message(ctx), '7'));
	}
}

static void the_type_is_replaced_and_the_rest_kept(void **state)
{
	static const struct {
		const char *uri, *want;
	} cases[] = {
		{ "pkcs11:token=t;type=private;object=k",
		  "pkcs11:token=t;object=k;type=cert" },
		{ "pkcs11:object-type=private;id=%01", "pkcs11:id=%01;type=cert" },
		{ "pkcs11:", "pkcs11:type=cert" },
	};

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(cases); i++) {
		_cleanup_(ms_pkcs11_uri_done) struct ms_pkcs11_uri uri = { 0 };
		_cleanup_free_ char *got = NULL;

		assert_int_equal(ms_pkcs11_uri_parse(ctx, cases[i].uri, &uri), 0);
		assert_int_equal(ms_pkcs11_uri_for(ctx, &uri, "cert", &got), 0);
		assert_string_equal(got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_scheme_makes_a_uri),
		cmocka_unit_test(pin_and_module_are_taken_out_of_the_uri),
		cmocka_unit_test(attributes_are_found_in_the_path_only_and_decoded),
		cmocka_unit_test(a_uri_without_a_query_has_neither),
		cmocka_unit_test(the_pin_is_the_first_line_of_its_source),
		cmocka_unit_test(a_pin_source_that_is_a_command_is_refused),
		cmocka_unit_test(a_bad_escape_is_refused_and_not_quoted),
		cmocka_unit_test(the_type_is_replaced_and_the_rest_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
