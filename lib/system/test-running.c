/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-root.h"

#include <errno.h>
#include <sys/utsname.h>

#include "efi.h"
#include "running.h"

#define EFIVARS "sys/firmware/efi/efivars"
#define GLOBAL	"8be4df61-93ca-11d2-aa0d-00e098032b8c"

static void the_kernel_that_runs_is_told_below_a_root_by_what_is_there(void **state)
{
	_cleanup_free_ char *here = NULL, *there = NULL;
	char *none = NULL;
	struct utsname name;

	(void)state;
	assert_int_equal(uname(&name), 0);
	assert_int_equal(ms_system_running(ctx, NULL, &here), 0);
	assert_string_equal(here, name.release);
	assert_int_equal(ms_system_running(ctx, made_up, &none), -ENOENT);
	assert_true(make("mkdir -p proc/sys/kernel && echo ../x >proc/sys/kernel/osrelease"));
	assert_int_equal(ms_system_running(ctx, made_up, &none), -EBADMSG);
	assert_null(none);
	assert_true(make("echo 6.1.0-there >proc/sys/kernel/osrelease"));
	assert_int_equal(ms_system_running(ctx, made_up, &there), 0);
	assert_string_equal(there, "6.1.0-there");
	assert_true(ms_system_is_running(ctx, made_up, "6.1.0-there"));
	assert_false(ms_system_is_running(ctx, made_up, "6.1.0"));
}

static void nonsense_in_proc_and_sys_is_no_answer(void **state)
{
	_cleanup_free_ char *text = NULL;
	unsigned long taint = 7;
	bool enforce = true;

	(void)state;
	assert_true(make("mkdir -p proc/sys/kernel sys/module/module/parameters "
			 "sys/kernel/security && cd proc/sys/kernel && echo 12x >tainted &&"
			 "cd ../../../sys && echo maybe >module/module/parameters/sig_enforce &&"
			 "echo none integrity >kernel/security/lockdown"));
	assert_int_equal(ms_system_taint(ctx, made_up, &taint), -EBADMSG);
	assert_int_equal(ms_system_sig_enforce(ctx, made_up, &enforce), -EBADMSG);
	assert_int_equal(ms_system_lockdown(ctx, made_up, &text), -EBADMSG);
	assert_true(make("echo 99999999999999999999999 >proc/sys/kernel/tainted"));
	assert_int_equal(ms_system_taint(ctx, made_up, &taint), -EBADMSG);
	assert_true(taint == 7 && enforce && !text);
}

static void what_the_kernel_does_not_have_differs_from_what_is_not_known(void **state)
{
	char *text = NULL;
	bool on = false;

	(void)state;
	assert_int_equal(ms_system_loads_modules(ctx, made_up), -ENOENT);
	assert_int_equal(ms_system_sig_enforce(ctx, made_up, &on), -ENOENT);
	assert_int_equal(ms_system_lockdown(ctx, made_up, &text), -ENOENT);
	assert_int_equal(ms_system_efi(ctx, made_up), -ENOENT);
	assert_int_equal(ms_system_secure_boot(ctx, made_up, &on), -ENOENT);
	assert_true(make("mkdir -p proc/sys/kernel sys/module/module sys/kernel/security "
			 "sys/firmware && echo x >proc/sys/kernel/osrelease &&"
			 "echo >sys/kernel/security/lsm"));
	assert_int_equal(ms_system_loads_modules(ctx, made_up), -ENOSYS);
	assert_int_equal(ms_system_sig_enforce(ctx, made_up, &on), -ENOSYS);
	assert_int_equal(ms_system_lockdown(ctx, made_up, &text), -ENOSYS);
	assert_int_equal(ms_system_efi(ctx, made_up), -ENOSYS);
	assert_true(make("mkdir -p " EFIVARS));
	assert_int_equal(ms_system_efi(ctx, made_up), 0);
	assert_int_equal(ms_system_secure_boot(ctx, made_up, &on), -ENOENT);
}

static void facts_are_read_as_the_kernel_writes_them(void **state)
{
	_cleanup_free_ char *level = NULL;
	unsigned long taint = 0;
	bool enforce = false;

	(void)state;
	assert_true(make("mkdir -p proc/sys/kernel sys/module/module/parameters "
			 "sys/kernel/security && echo 12288 >proc/sys/kernel/tainted &&"
			 "echo Y >sys/module/module/parameters/sig_enforce &&"
			 "echo 'none [integrity] confidentiality' >sys/kernel/security/lockdown"));
	assert_int_equal(ms_system_taint(ctx, made_up, &taint), 0);
	assert_true(taint == (1 << 12 | MS_TAINT_UNSIGNED_MODULE));
	assert_int_equal(ms_system_sig_enforce(ctx, made_up, &enforce), 0);
	assert_true(enforce);
	assert_int_equal(ms_system_lockdown(ctx, made_up, &level), 0);
	assert_string_equal(level, "integrity");
}

static void secure_boot_is_the_fifth_byte_of_five(void **state)
{
	bool on = false;

	(void)state;
	assert_true(make("mkdir -p " EFIVARS " && cd " EFIVARS
			 " && printf '\\6\\0\\0\\0\\1' >SecureBoot-" GLOBAL));
	assert_int_equal(ms_system_secure_boot(ctx, made_up, &on), 0);
	assert_true(on);
	assert_true(make("printf '\\6\\0\\0\\0\\0' >" EFIVARS "/SecureBoot-" GLOBAL));
	assert_int_equal(ms_system_secure_boot(ctx, made_up, &on), 0);
	assert_false(on);
	assert_true(make("printf '\\6\\0\\0\\0\\1\\1' >" EFIVARS "/SecureBoot-" GLOBAL));
	assert_int_equal(ms_system_secure_boot(ctx, made_up, &on), -EBADMSG);
	assert_false(on);
}

static void a_keyring_is_found_by_its_whole_name(void **state)
{
	static const char text[] =
		"1c395572 I------     1 perm 1f030000     0     0 keyring   .platform2: 9\n"
		"2c395572 I------     1 perm 1f030000     0     0 user      .platform: 7\n"
		"280e8c7f I------     1 perm 1f0b0000     0     0 keyring   .platform: 2\n"
		"3b2f3cff I------     1 perm 1f0f0000     0     0 keyring   .machine: empty";
	_cleanup_free_ char *platform = ms_proc_keys_count(text, ".platform");
	_cleanup_free_ char *machine = ms_proc_keys_count(text, ".machine");

	(void)state;
	assert_string_equal(platform, "2");
	assert_string_equal(machine, "empty");
	assert_null(ms_proc_keys_count(text, ".mach"));
	assert_null(ms_proc_keys_count("", ".machine"));
}

#define TEST(function) cmocka_unit_test_setup(function, empty_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_kernel_that_runs_is_told_below_a_root_by_what_is_there),
		TEST(nonsense_in_proc_and_sys_is_no_answer),
		TEST(what_the_kernel_does_not_have_differs_from_what_is_not_known),
		TEST(facts_are_read_as_the_kernel_writes_them),
		TEST(secure_boot_is_the_fifth_byte_of_five),
		TEST(a_keyring_is_found_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, setup_root, teardown_root);
}
