/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/checked.h"
#include "kernels.h"

#define R "6.1.0-x"

/* The place of @path below the root, in memory that the next call uses anew. */
static const char *below(const char *path)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s%s", root, path);
	return text;
}

typedef int (*find_fn)(struct ms_ctx *ctx, const struct ms_system *system,
		       const char *release, char **ret);

/* One is found, and it is this one. */
static void assert_found(find_fn find, const char *path)
{
	_cleanup_free_ char *found = NULL;

	assert_int_equal(find(ctx, made_up, R, &found), 0);
	assert_string_equal(found, below(path));
}

static void assert_absent(find_fn find)
{
	char *found = NULL;

	assert_int_equal(find(ctx, made_up, R, &found), -ENOENT);
	assert_null(found);
}

/* Makes the places from the last to the first: each one then comes before all others. */
static void assert_order(find_fn find, const char *const *paths, size_t n)
{
	while (n-- > 0) {
		char script[512];

		snprintf(script, sizeof(script), "mkdir -p .%s && rmdir .%s && echo >.%s",
			 paths[n], paths[n], paths[n]);
		assert_true(make(script));
		assert_found(find, paths[n]);
	}
}

static void an_image_is_looked_for_beside_the_modules_first(void **state)
{
	static const char *const places[] = {
		"/lib/modules/" R "/vmlinuz", "/usr/lib/modules/" R "/vmlinuz",
		"/boot/vmlinuz-" R,	      "/lib/modules/" R "/vmlinux",
		"/usr/lib/modules/" R "/vmlinux", "/boot/vmlinux-" R,
		"/boot/Image-" R,	      "/boot/kernel-" R,
	};

	(void)state;
	assert_absent(ms_system_kernel_image);
	assert_non_null(strstr(ms_ctx_message(ctx), below("/lib/modules/" R "/vmlinuz")));
	assert_non_null(strstr(ms_ctx_message(ctx), below("/boot/kernel-" R)));
	assert_order(ms_system_kernel_image, places, MS_ARRAY_SIZE(places));
}

static void an_installed_configuration_comes_before_the_build_directory_s(void **state)
{
	static const char *const places[] = {
		"/lib/modules/" R "/config", "/usr/lib/modules/" R "/config",
		"/boot/config-" R,	     "/lib/modules/" R "/build/.config",
		"/usr/lib/modules/" R "/build/.config",
	};

	(void)state;
	assert_absent(ms_system_kernel_config);
	assert_order(ms_system_kernel_config, places, MS_ARRAY_SIZE(places));
}

static void only_the_running_kernel_s_configuration_is_in_proc(void **state)
{
	(void)state;
	assert_true(make("mkdir -p proc/sys/kernel lib/modules/" R "/build &&"
			 "echo >proc/config.gz && echo 6.1.0-other >proc/sys/kernel/osrelease"));
	assert_absent(ms_system_kernel_config);
	assert_true(make("echo >lib/modules/" R "/build/.config"));
	assert_found(ms_system_kernel_config, "/lib/modules/" R "/build/.config");
	assert_true(make("echo " R " >proc/sys/kernel/osrelease"));
	assert_found(ms_system_kernel_config, "/proc/config.gz");
	assert_true(make("mkdir boot && echo >boot/config-" R));
	assert_found(ms_system_kernel_config, "/boot/config-" R);
}

static void modules_are_built_with_their_build_directory_s_configuration(void **state)
{
	(void)state;
	assert_true(make("mkdir -p boot lib/modules/" R " && echo >boot/config-" R
			 " && echo >lib/modules/" R "/config"));
	assert_absent(ms_system_build_config);
	assert_true(make("mkdir -p usr/src/headers && echo >usr/src/headers/.config &&"
			 "ln -s /usr/src/headers lib/modules/" R "/build"));
	assert_found(ms_system_build_config, "/usr/src/headers/.config");
}

static void a_link_to_nothing_is_passed_over_and_none_leads_out(void **state)
{
	(void)state;
	assert_true(make("mkdir -p lib/modules/" R " boot && echo >boot/image &&"
			 "ln -s /bin/sh lib/modules/" R "/vmlinuz &&"
			 "ln -s /boot/image boot/vmlinuz-" R));
	assert_found(ms_system_kernel_image, "/boot/image");
}

static void assert_config(const char *image, const char *release, const char *path)
{
	_cleanup_free_ char *given = strdup(below(image));
	_cleanup_free_ char *found = NULL;

	assert_int_equal(ms_system_image_config(ctx, made_up, given, release, &found), 0);
	assert_string_equal(found, below(path));
}

static void an_image_s_configuration_lies_beside_it_or_is_its_release_s(void **state)
{
	char *found = NULL;

	(void)state;
	assert_true(make("mkdir -p image real boot && echo >real/vmlinuz &&"
			 "ln -s ../real/vmlinuz image/vmlinuz"));
	assert_int_equal(ms_system_image_config(ctx, made_up, below("/image/vmlinuz"), R,
						&found),
			 -ENOENT);
	assert_int_equal(ms_system_image_config(ctx, made_up, below("/image/vmlinuz"), NULL,
						&found),
			 -ENOENT);
	assert_null(found);
	assert_true(make("echo >boot/config-" R));
	assert_config("/image/vmlinuz", R, "/boot/config-" R);
	assert_true(make("echo >real/config"));
	assert_config("/image/vmlinuz", R, "/real/config");
	assert_true(make("echo >real/config-" R));
	assert_config("/image/vmlinuz", R, "/real/config-" R);
	assert_config("/image/vmlinuz", NULL, "/real/config");
	assert_true(make("echo >image/config"));
	assert_config("/image/vmlinuz", R, "/image/config");
}

static void no_configuration_of_this_machine_is_taken_for_one_below_a_root(void **state)
{
	char *found = NULL;

	(void)state;
	assert_true(make("mkdir image && echo >image/vmlinuz && echo >config-outside &&"
			 "ln -s \"$PWD/config-outside\" image/config"));
	assert_int_equal(ms_system_image_config(ctx, made_up, below("/image/vmlinuz"), R,
						&found),
			 -ENOENT);
	assert_int_equal(ms_system_image_config(ctx, made_up, "/elsewhere/vmlinuz", R, &found),
			 -ENOENT);
	assert_null(found);
}

static void what_cannot_be_looked_at_counts_as_there(void **state)
{
	char *found = NULL;

	(void)state;
	assert_true(make("mkdir -p lib/modules/" R " boot && echo >boot/config-" R
			 " && ln -s loop loop && ln -s /loop lib/modules/" R "/config"));
	assert_int_equal(ms_system_kernel_config(ctx, made_up, R, &found), -ELOOP);
	assert_null(found);
}

static void what_is_no_release_is_looked_for_nowhere(void **state)
{
	static const char *const bad[] = {
		"",	 ".",	  "..",	      ".hidden", "../6.1", "6.1/..",
		"01234567890123456789012345678901234567890123456789012345678901234",
	};
	static const find_fn finds[] = { ms_system_kernel_image, ms_system_kernel_config,
					 ms_system_build_config, ms_system_modules };
	char *found = NULL;

	(void)state;
	for (size_t i = 0; i < MS_ARRAY_SIZE(bad); i++)
		for (size_t j = 0; j < MS_ARRAY_SIZE(finds); j++)
			assert_int_equal(finds[j](ctx, made_up, bad[i], &found), -EINVAL);
	/* the longest that uname() could tell: 64 bytes */
	assert_true(ms_is_release(
		"0123456789012345678901234567890123456789012345678901234567890123"));
	assert_null(found);
}

/* What collect() and collect_path() were told, each with a blank behind it. */
static char told[1024];

static void add(const char *text)
{
	size_t len = strlen(told);
	int n = snprintf(told + len, sizeof(told) - len, "%s ", text);

	assert_true(n >= 0 && (size_t)n < sizeof(told) - len);
}

static int collect(void *userdata, const char *release)
{
	(void)userdata;
	add(release);
	return 0;
}

static int stop(void *userdata, const char *release)
{
	(void)userdata;
	return strcmp(release, "b") == 0 ? 7 : 0;
}

static void each_kernel_with_modules_is_told_once(void **state)
{
	(void)state;
	*told = '\0';
	assert_int_equal(ms_system_releases(ctx, made_up, collect, NULL), 0);
	assert_string_equal(told, "");
	assert_true(make("mkdir -p usr/lib/modules/b usr/lib/modules/a usr/lib/modules/.c &&"
			 "echo >usr/lib/modules/d && ln -s usr/lib lib"));
	assert_int_equal(ms_system_releases(ctx, made_up, collect, NULL), 0);
	assert_string_equal(told, "a b ");
	assert_true(make("rm lib && mkdir -p lib/modules/e lib/modules/b"));
	*told = '\0';
	assert_int_equal(ms_system_releases(ctx, made_up, collect, NULL), 0);
	assert_string_equal(told, "b e a ");
	assert_int_equal(ms_system_releases(ctx, made_up, stop, NULL), 7);
}

static int collect_path(void *userdata, const char *release, const char *path)
{
	(void)userdata;
	(void)release;
	add(path + strlen(root));
	return 0;
}

static void all_images_and_all_configurations_are_found(void **state)
{
	(void)state;
	*told = '\0';
	assert_true(make("mkdir -p boot lib/modules/a/build lib/modules/b && echo >boot/Image-a &&"
			 "echo >boot/vmlinuz-a.old && echo >boot/vmlinuz && echo >boot/config-c &&"
			 "echo >lib/modules/b/config && echo >lib/modules/a/build/.config &&"
			 "ln -s /etc/none lib/modules/a/vmlinuz"));
	assert_int_equal(
		ms_system_each(ctx, made_up, MS_SYSTEM_IMAGES, collect_path, NULL), 0);
	assert_string_equal(told, "/boot/vmlinuz-a.old /boot/Image-a ");
	*told = '\0';
	assert_int_equal(
		ms_system_each(ctx, made_up, MS_SYSTEM_CONFIGS, collect_path, NULL), 0);
	assert_string_equal(told, "/lib/modules/b/config /boot/config-c "
				  "/lib/modules/a/build/.config ");
}

static void the_kernel_of_a_module_is_told_by_where_it_really_lies(void **state)
{
	_cleanup_free_ char *release = NULL;
	char *none = NULL;

	(void)state;
	assert_true(make("mkdir -p usr/lib/modules/" R "/kernel lib/modulesx/y && ln -s usr/lib/modules/"
			 R "/kernel here && mkdir -p usr/lib/modules/" R "/kernel"));
	assert_int_equal(ms_system_release_of(ctx, made_up, below("/here"), &release), 0);
	assert_string_equal(release, R);
	assert_int_equal(ms_system_release_of(ctx, made_up, below("/lib/modulesx/y"), &none),
			 -ENOENT);
	assert_int_equal(ms_system_release_of(ctx, made_up, below("/usr/lib/modules"), &none),
			 -ENOENT);
	assert_int_equal(ms_system_release_of(ctx, made_up, below("/gone"), &none), -ENOENT);
	assert_null(none);
}

#define TEST(function) cmocka_unit_test_setup(function, empty_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_is_looked_for_beside_the_modules_first),
		TEST(an_installed_configuration_comes_before_the_build_directory_s),
		TEST(only_the_running_kernel_s_configuration_is_in_proc),
		TEST(modules_are_built_with_their_build_directory_s_configuration),
		TEST(a_link_to_nothing_is_passed_over_and_none_leads_out),
		TEST(an_image_s_configuration_lies_beside_it_or_is_its_release_s),
		TEST(no_configuration_of_this_machine_is_taken_for_one_below_a_root),
		TEST(what_cannot_be_looked_at_counts_as_there),
		TEST(what_is_no_release_is_looked_for_nowhere),
		TEST(each_kernel_with_modules_is_told_once),
		TEST(all_images_and_all_configurations_are_found),
		TEST(the_kernel_of_a_module_is_told_by_where_it_really_lies),
	};

	return cmocka_run_group_tests(tests, setup_root, teardown_root);
}
