/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Is a manifest read in its one form only, and told line by line where it is not? */

#include "../../tests/unit-ctx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "manifest.h"

MS_DEFINE_CLEANUP(manifest_cleanup, struct ms_manifest *, ms_manifest_free)

/* sha256 of "" and "abc": FIPS 180-4 */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define HEAD(n) "# modseal-manifest 1\n# kernel 7.3.4\n# algorithm sha256\n# modules " n "\n"
#define GOOD    HEAD("2") "# 0\n" EMPTY "  a/b.ko\n# 3\n" ABC "  a/c%20d.ko\n"

static int parse(const char *text, struct ms_manifest **ret)
{
	return ms_manifest_parse(ctx, text, strlen(text), "m", ret);
}

static void a_manifest_that_is_read_and_made_anew_has_the_same_bytes(void **state)
{
	_cleanup_(manifest_cleanup) struct ms_manifest *read = NULL, *made = NULL;
	const struct ms_manifest_entry *entry = NULL;
	const char *text;
	size_t len;

	(void)state;
	assert_int_equal(parse(GOOD, &read), 0);
	assert_string_equal(ms_manifest_release(read), "7.3.4");
	assert_int_equal(ms_manifest_count(read), 2);
	made = ms_manifest_new(ms_manifest_hash(read), ms_manifest_release(read));
	assert_non_null(made);
	for (size_t i = 2; i-- > 0;) {
		entry = ms_manifest_at(read, i);
		assert_non_null(entry);
		assert_int_equal(ms_manifest_add(ctx, made, entry->path, entry->size,
						 entry->digest),
				 0);
	}
	assert_string_equal(entry->path, "a/b.ko");
	assert_int_equal(ms_manifest_end(ctx, made), 0);
	text = ms_manifest_text(made, &len);
	assert_int_equal(len, strlen(GOOD));
	assert_memory_equal(text, GOOD, len);
}

static const struct {
	const char *text;
	const char *message;
} bad[] = {
	{ "", "m:1: " },
	{ "\n", "m:1: no manifest" },
	{ "# modseal-manifes", "m:1: no manifest" },
	{ "# modseal-manifest ", "m:1: no newline" },
	{ "# modseal-manifest 2\n", "m:1: a manifest of another version" },
	{ "# modseal-manifest 11\n", "m:1: a manifest of another version" },
	{ "# modseal-manifest 1\r\n", "m:1: a carriage return" },
	{ "# modseal-manifest 1\n# kernel 7.3.4\r\n", "m:2: a carriage return" },
	{ "# modseal-manifest 1\n# kernel \n", "m:2: no kernel release" },
	{ "# modseal-manifest 1\n# kernel a b\n", "m:2: no kernel release" },
	{ "# modseal-manifest 1\n# kernel -\n# algorithm md5\n", "m:3: no algorithm" },
	{ HEAD("x"), "m:4: no number" },
	{ HEAD("02"), "m:4: no number" },
	{ HEAD("-1"), "m:4: no number" },
	{ HEAD("99999999999999999999"), "m:4: no number" },
	{ HEAD("1"), "m:5: the manifest ends too early" },
	{ HEAD("0") "# 3\n", "m:5: more lines" },
	{ HEAD("1") ABC "  a.ko\n", "m:5: no line '# ...'" },
	{ HEAD("1") "# 3\n", "m:6: the manifest ends too early" },
	{ HEAD("1") "# 3\n" ABC " a.ko\n", "m:6: no digest" },
	{ HEAD("1") "# 3\n" ABC "  a.ko", "m:6: no newline" },
	{ HEAD("1") "# 3\nBA" ABC "  a.ko\n", "m:6: no digest" },
	{ HEAD("1") "# 3\n" ABC "  \n", "m:6: an absolute path" },
	{ HEAD("1") "# 3\n" ABC "  /a.ko\n", "m:6: an absolute path" },
	{ HEAD("1") "# 3\n" ABC "  ../a.ko\n", "m:6: an absolute path" },
	{ HEAD("1") "# 3\n" ABC "  a/../b.ko\n", "m:6: an absolute path" },
	{ HEAD("1") "# 3\n" ABC "  a//b.ko\n", "m:6: an absolute path" },
	{ HEAD("1") "# 3\n" ABC "  a/./b.ko\n", "m:6: an absolute path" },
	{ HEAD("1") "# 3\n" ABC "  a.ko/\n", "m:6: an absolute path" },
	{ HEAD("1") "# 3\n" ABC "  a b.ko\n", "m:6: the path is not percent-encoded" },
	{ HEAD("1") "# 3\n" ABC "  %41.ko\n", "m:6: the path is not percent-encoded" },
	{ HEAD("1") "# 3\n" ABC "  a.ko\n\n", "m:7: more lines" },
	{ HEAD("2") "# 3\n" ABC "  b.ko\n# 3\n" ABC "  a.ko\n", "m:8: not in ascending" },
	{ HEAD("2") "# 3\n" ABC "  a.ko\n# 3\n" ABC "  a.ko\n", "m:8: a module that was" },
	{ HEAD("1") "# 3\n" ABC "  a\x80.ko\n", "m:6: a byte" },
};

static void a_fault_is_told_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++) {
		struct ms_manifest *manifest = NULL;

		assert_int_equal(parse(bad[i].text, &manifest), -EBADMSG);
		assert_null(manifest);
		if (strncmp(ms_ctx_message(ctx), bad[i].message, strlen(bad[i].message)))
			fail_msg("%zu: '%s'", i, ms_ctx_message(ctx));
	}
}

static void every_manifest_that_is_cut_off_is_noticed(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(GOOD); len++) {
		struct ms_manifest *manifest = NULL;

		assert_int_equal(ms_manifest_parse(ctx, GOOD, len, "m", &manifest),
				 -EBADMSG);
	}
}

static void a_line_without_end_is_not_copied(void **state)
{
	size_t len = 100u << 20;
	char *text = malloc(len);
	struct ms_manifest *manifest = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text, HEAD("1"), strlen(HEAD("1")));
	assert_int_equal(ms_manifest_parse(ctx, text, len, "m", &manifest), -EBADMSG);
	assert_string_equal(ms_ctx_message(ctx), "m:5: the line is too long");
	free(text);
}

struct seen {
	char text[64];
};

static void see(void *userdata, enum ms_manifest_change change,
		const struct ms_manifest_entry *a, const struct ms_manifest_entry *b)
{
	static const char *const words[] = {
		[MS_MANIFEST_SAME] = "same",
		[MS_MANIFEST_CHANGED] = "changed",
		[MS_MANIFEST_REMOVED] = "removed",
		[MS_MANIFEST_ADDED] = "added",
	};
	struct seen *seen = userdata;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s %s;", words[change],
		 a ? a->path : b->path);
}

static void a_difference_is_told_once_for_each_path(void **state)
{
	_cleanup_(manifest_cleanup) struct ms_manifest *a = NULL, *b = NULL;
	struct seen seen = { "" };

	(void)state;
	assert_int_equal(parse(HEAD("3") "# 3\n" ABC "  a\n# 3\n" ABC "  b\n# 3\n" ABC
					 "  d\n",
			       &a),
			 0);
	assert_int_equal(parse(HEAD("3") "# 3\n" ABC "  b\n# 3\n" ABC "  c\n# 4\n" ABC
					 "  d\n",
			       &b),
			 0);
	assert_int_equal(ms_manifest_diff(ctx, a, b, see, &seen), 0);
	assert_string_equal(seen.text, "removed a;same b;added c;changed d;");
}

static void a_manifest_with_a_path_that_leads_up_is_never_made(void **state)
{
	static const char *const paths[] = { "", "/a", "../a", "a/..", ".", "a//b", "a/" };
	const uint8_t digest[32] = { 0 };

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(paths); i++) {
		_cleanup_(manifest_cleanup) struct ms_manifest *manifest =
			ms_manifest_new(MS_HASH_SHA256, NULL);

		assert_int_equal(ms_manifest_add(ctx, manifest, paths[i], 0, digest), 0);
		assert_int_equal(ms_manifest_end(ctx, manifest), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_that_is_read_and_made_anew_has_the_same_bytes),
		cmocka_unit_test(a_fault_is_told_with_its_line),
		cmocka_unit_test(every_manifest_that_is_cut_off_is_noticed),
		cmocka_unit_test(a_line_without_end_is_not_copied),
		cmocka_unit_test(a_difference_is_told_once_for_each_path),
		cmocka_unit_test(a_manifest_with_a_path_that_leads_up_is_never_made),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
