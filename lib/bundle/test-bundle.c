/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "../../tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <modseal/bundle.h>

#include "../base/cleanup.h"
#include "../files/file.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD     "modseal-signatures 1\n"

static char dir[] = "/tmp/modseal-test-bundle-XXXXXX";
static struct ms_ctx *ctx;
static uint8_t digest_a[32], digest_b[32];

MS_DEFINE_CLEANUP(bundle_done, struct ms_bundle *, ms_bundle_free)

static int setup(void **state)
{
	(void)state;
	memset(digest_a, 0xaa, sizeof(digest_a));
	memset(digest_b, 0xbb, sizeof(digest_b));
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	ms_ctx_free(ctx);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void write_file(const char *path, const char *text)
{
	assert_int_equal(ms_file_replace(ctx, path, text, strlen(text), 0600, false), 0);
}

static void assert_found(const struct ms_bundle *bundle, const uint8_t *digest,
			 const char *path, const char *expected)
{
	const uint8_t *der = NULL;
	size_t len = 0;

	assert_int_equal(ms_bundle_find(bundle, digest, path, &der, &len), 0);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(der, expected, len);
}

static void a_bundle_is_sorted_by_bytes_and_has_each_line_once(void **state)
{
	_cleanup_(bundle_done) struct ms_bundle *bundle = ms_bundle_new();
	_cleanup_(ms_buf_done) struct ms_buf text = { 0 };
	static const char expected[] = HEAD "sha256:" DIGEST_A " Zm9v k/a%20b.ko\n"
					    "sha256:" DIGEST_B " Zm9v x.ko\n"
					    "sha256:" DIGEST_B " Zm9v y.ko\n"
					    "sha256:" DIGEST_B " Zm9vYmFy a.ko\n";

	(void)state;
	assert_int_equal(ms_bundle_add(ctx, bundle, digest_b, "foobar", 6, "a.ko"), 0);
	assert_int_equal(ms_bundle_add(ctx, bundle, digest_b, "foo", 3, "y.ko"), 0);
	assert_int_equal(ms_bundle_add(ctx, bundle, digest_b, "foo", 3, "x.ko"), 0);
	assert_int_equal(ms_bundle_add(ctx, bundle, digest_a, "foo", 3, "k/a b.ko"), 0);
	assert_int_equal(ms_bundle_add(ctx, bundle, digest_b, "foo", 3, "x.ko"), 0);
	assert_int_equal(ms_bundle_save(ctx, bundle, "saved", false), 0);
	assert_int_equal(ms_file_read(ctx, "saved", 9999, &text), 0);
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.data, expected, text.len);
}

static void what_was_saved_is_found_again(void **state)
{
	_cleanup_(bundle_done) struct ms_bundle *bundle = NULL;
	const uint8_t *der;
	uint8_t other[32] = { 1 };
	size_t len;

	(void)state;
	write_file("good", HEAD "sha256:" DIGEST_A " Zm9v k/a%20b.ko\n"
				"sha256:" DIGEST_B " Zm9v x.ko\n"
				"sha256:" DIGEST_B " Zm9vYmFy a.ko\n");
	assert_int_equal(ms_bundle_load(ctx, "good", &bundle), 0);
	assert_int_equal(ms_bundle_count(bundle), 3);
	assert_false(ms_bundle_by_path(bundle));
	assert_found(bundle, digest_a, "elsewhere.ko", "foo");
	assert_found(bundle, digest_b, "a.ko", "foobar"); /* the path that fits */
	assert_found(bundle, digest_b, "z.ko", "foo");    /* else the first */
	assert_int_equal(ms_bundle_find(bundle, other, "a.ko", &der, &len), -ENOENT);
}

static const struct {
	const char *text, *message;
} refused[] = {
	{ "", "bad:1: not a bundle: no line 'modseal-signatures 1'" },
	{ "modseal-signatures 2\n", "bad:1: not a bundle: no line 'modseal-signatures 1'" },
	{ "modseal-signatures 1", "bad:1: not a bundle: no line 'modseal-signatures 1'" },
	{ "modseal-signatures 1\r\n", "bad:1: not a bundle: no line 'modseal-signatures 1'" },
	{ HEAD "\n", "bad:2: not three columns" },
	{ HEAD "sha256:" DIGEST_A " Zm9v x.ko", "bad:2: no newline at the end" },
	{ HEAD "sha256:" DIGEST_A " Zm9v\n", "bad:2: not three columns" },
	{ HEAD "sha256:" DIGEST_A " Zm9v x.ko\nsha256:" DIGEST_A " Zm9v x.ko\n",
	  "bad:3: not in ascending order" },
	{ HEAD "sha256:" DIGEST_B " Zm9v x.ko\nsha256:" DIGEST_A " Zm9v x.ko\n",
	  "bad:3: not in ascending order" },
	{ HEAD "sha256:" DIGEST_A "a Zm9v x.ko\n",
	  "bad:2: no 'sha256:' and 64 hex digits in the first column" },
	{ HEAD "sha512:" DIGEST_A " Zm9v x.ko\n",
	  "bad:2: no 'sha256:' and 64 hex digits in the first column" },
	{ HEAD "sha256:" DIGEST_A " Zm9 x.ko\n", "bad:2: no base64 in the second column" },
	{ HEAD "sha256:" DIGEST_A "  x.ko\n", "bad:2: no base64 in the second column" },
	{ HEAD "sha256:" DIGEST_A " Zm9v x.ko\r\n",
	  "bad:2: no percent-encoded path in the third column" },
	{ HEAD "sha256:" DIGEST_A " Zm9v x y.ko\n",
	  "bad:2: no percent-encoded path in the third column" },
	{ HEAD "sha256:" DIGEST_A " Zm9v x%0.ko\n",
	  "bad:2: no percent-encoded path in the third column" },
};

static void anything_else_is_refused_and_the_line_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		_cleanup_(bundle_done) struct ms_bundle *bundle = NULL;

		write_file("bad", refused[i].text);
		assert_int_equal(ms_bundle_load(ctx, "bad", &bundle), -EBADMSG);
		assert_string_equal(ms_ctx_message(ctx), refused[i].message);
		assert_null(bundle);
	}
}

static void a_directory_is_searched_by_path_with_or_without_suffix(void **state)
{
	_cleanup_(bundle_done) struct ms_bundle *bundle = NULL;
	const uint8_t *der;
	size_t len;

	(void)state;
	assert_int_equal(mkdir("sigs", 0700), 0);
	assert_int_equal(mkdir("sigs/kernel", 0700), 0);
	write_file("sigs/kernel/a.ko.sig", "one");
	write_file("sigs/kernel/b.ko.xz.p7s", "two");
	write_file("sigs/README", "no signature");
	assert_int_equal(symlink("/etc/passwd", "sigs/c.ko.sig"), 0);
	assert_int_equal(ms_bundle_load_dir(ctx, "sigs", &bundle), 0);
	assert_true(ms_bundle_by_path(bundle));
	assert_int_equal(ms_bundle_count(bundle), 2);
	assert_found(bundle, digest_a, "kernel/a.ko", "one");
	assert_found(bundle, digest_a, "kernel/a.ko.zst", "one");
	assert_found(bundle, digest_a, "kernel/b.ko.xz", "two");
	assert_int_equal(ms_bundle_find(bundle, digest_a, "kernel/b.ko", &der, &len), -ENOENT);
	assert_int_equal(ms_bundle_find(bundle, digest_a, "c.ko", &der, &len), -ENOENT);
}

static void a_directory_without_signatures_is_no_bundle(void **state)
{
	_cleanup_(bundle_done) struct ms_bundle *bundle = NULL;

	(void)state;
	assert_int_equal(mkdir("empty", 0700), 0);
	assert_int_equal(ms_bundle_load_dir(ctx, "empty", &bundle), -ENODATA);
	assert_int_equal(ms_bundle_load_dir(ctx, "absent", &bundle), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bundle_is_sorted_by_bytes_and_has_each_line_once),
		cmocka_unit_test(what_was_saved_is_found_again),
		cmocka_unit_test(anything_else_is_refused_and_the_line_named),
		cmocka_unit_test(a_directory_is_searched_by_path_with_or_without_suffix),
		cmocka_unit_test(a_directory_without_signatures_is_no_bundle),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
