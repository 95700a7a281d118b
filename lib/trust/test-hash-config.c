/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <modseal/config.h>

/* ms_hash_from_config() on a file with that text */
static int hash_of(const char *text, enum ms_hash *ret)
{
	char path[] = "/tmp/modseal-config-XXXXXX";
	int fd = mkstemp(path);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	r = ms_hash_from_config(ctx, path, ret);
	unlink(path);
	return r;
}

static void the_configured_digest_is_found(void **state)
{
	enum ms_hash hash = MS_HASH_NONE;

	(void)state;
	assert_int_equal(hash_of("CONFIG_MODULE_SIG=y\n"
				 "CONFIG_MODULE_SIG_SHA3_384=y\n"
				 "CONFIG_MODULE_SIG_HASH=\"sha3-384\"\n",
				 &hash),
			 0);
	assert_int_equal(hash, MS_HASH_SHA3_384);
}

static void a_configuration_that_does_not_say_gives_none(void **state)
{
	enum ms_hash hash = MS_HASH_SHA256;

	(void)state;
	assert_int_equal(hash_of("CONFIG_MODULES=y\n", &hash), 0);
	assert_int_equal(hash, MS_HASH_NONE);
}

static void a_digest_that_modseal_does_not_sign_with_is_an_error(void **state)
{
	enum ms_hash hash = MS_HASH_SHA256;

	(void)state;
	assert_int_equal(hash_of("CONFIG_MODULE_SIG_HASH=\"sha1\"\n", &hash), -EINVAL);
	assert_non_null(strstr(ms_ctx_message(ctx), "CONFIG_MODULE_SIG_HASH"));
	assert_int_equal(hash, MS_HASH_SHA256);
}

static void what_is_no_configuration_is_an_error(void **state)
{
	enum ms_hash hash;

	(void)state;
	assert_int_equal(hash_of("sha256\n", &hash), -EBADMSG);
	assert_int_equal(ms_hash_from_config(ctx, "/nonexistent/config", &hash), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_configured_digest_is_found),
		cmocka_unit_test(a_configuration_that_does_not_say_gives_none),
		cmocka_unit_test(a_digest_that_modseal_does_not_sign_with_is_an_error),
		cmocka_unit_test(what_is_no_configuration_is_an_error),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
