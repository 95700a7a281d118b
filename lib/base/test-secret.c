/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where the memory of secrets is, by what the kernel says of it in /proc/self/smaps. */

#include "../../tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <modseal/secret.h>

#include "buffer.h"
#include "cleanup.h"
#include "../files/file.h"

static char dir[] = "/tmp/modseal-test-secret-XXXXXX";
static struct ms_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	ctx = ms_ctx_new();
	return ctx && mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	ms_ctx_free(ctx);
	unlink("pin");
	unlink("pipe");
	return rmdir(dir);
}

/* Does the mapping that @address lies in have that flag ("dd": not dumped)? */
static bool has_flag(const void *address, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool inside = false, found = false;
	uintptr_t start, end;
	char line[4096];

	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		char *rest;

		start = strtoull(line, &rest, 16);
		end = *rest == '-' ? strtoull(rest + 1, &rest, 16) : 0;
		if (end && *rest == ' ')
			inside = start <= (uintptr_t)address && (uintptr_t)address < end;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag) != NULL;
	}
	fclose(smaps);
	return found;
}

/* Skips where the kernel does not say what it was told; a qemu in its place does not. */
static void need_flags(void)
{
	void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool told;

	assert_ptr_not_equal(page, MAP_FAILED);
	told = madvise(page, 1, MADV_DONTDUMP) == 0 && has_flag(page, " dd");
	munmap(page, 1);
	if (told)
		return;
	print_message("SKIPPED: /proc/self/smaps does not tell of MADV_DONTDUMP\n");
	skip();
}

static void secrets_are_left_out_of_core_dumps(void **state)
{
	_cleanup_free_ char *other = malloc(100);
	char *secret;

	(void)state;
	need_flags();
	secret = ms_secret_new(100);
	assert_non_null(secret);
	assert_true(has_flag(secret, " dd"));
	assert_false(has_flag(other, " dd"));
	assert_null(ms_secret_free(secret, 100));
	assert_null(ms_secret_free(NULL, 100));
}

static void a_secret_is_zeroed_and_may_be_empty(void **state)
{
	char *secret = ms_secret_new(5000), *none = ms_secret_new(0);

	(void)state;
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(secret[i], 0);
	ms_secret_free(secret, 5000);
	assert_non_null(none);
	ms_secret_free(none, 0);
}

static void a_secret_buffer_that_grows_stays_left_out(void **state)
{
	struct ms_buf buf = {.secret = true};

	(void)state;
	need_flags();
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ms_buf_append(&buf, "0123456789", 10), 0);
		if (i % 100 == 0)
			assert_true(has_flag(buf.data, " dd"));
	}
	assert_int_equal(buf.len, 10000);
	assert_memory_equal(buf.data + 9990, "0123456789", 10);
	ms_buf_done(&buf);
	assert_null(buf.data);
	assert_true(buf.secret);
	ms_buf_wipe(&buf);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void a_newline_at_the_end_is_not_the_secrets(void **state)
{
	char buffer[8];

	(void)state;
	write_file("pin", "1234\n", 0600);
	assert_int_equal(ms_secret_read_file(ctx, "pin", buffer, sizeof(buffer)), 4);
	assert_memory_equal(buffer, "1234", 4);
	write_file("pin", "12345678\n", 0600);
	assert_int_equal(ms_secret_read_file(ctx, "pin", buffer, sizeof(buffer)), 8);
	write_file("pin", "", 0600);
	assert_int_equal(ms_secret_read_file(ctx, "pin", buffer, sizeof(buffer)), 0);
}

static void a_longer_secret_is_never_cut(void **state)
{
	char buffer[8];

	(void)state;
	write_file("pin", "123456789", 0600);
	assert_int_equal(ms_secret_read_file(ctx, "pin", buffer, sizeof(buffer)),
			 -EMSGSIZE);
	write_file("pin", "123456789\n", 0600);
	assert_int_equal(ms_secret_read_file(ctx, "pin", buffer, sizeof(buffer)),
			 -EMSGSIZE);
}

static void only_files_and_pipes_are_read(void **state)
{
	char buffer[8];

	(void)state;
	assert_int_equal(ms_secret_read_file(ctx, "/dev/zero", buffer, 8), -EINVAL);
	assert_int_equal(ms_secret_read_file(ctx, ".", buffer, 8), -EISDIR);
	assert_int_equal(ms_secret_read_file(ctx, "nowhere", buffer, 8), -ENOENT);
}

static void *write_slowly(void *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	for (const char *p = "1234"; *p; p++) {
		const struct timespec pause = {.tv_nsec = 120000000};

		nanosleep(&pause, NULL);
		if (write(fd, p, 1) != 1)
			break;
	}
	close(fd);
	return NULL;
}

static void a_pipe_is_read_until_its_writer_closes_it(void **state)
{
	char buffer[8];
	pthread_t writer;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_slowly, (void *)"pipe"), 0);
	assert_int_equal(ms_secret_read_file(ctx, "pipe", buffer, sizeof(buffer)), 4);
	assert_memory_equal(buffer, "1234", 4);
	pthread_join(writer, NULL);
	unlink("pipe");
}

static void a_pipe_without_writer_is_given_up(void **state)
{
	char buffer[8];

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(ms_secret_read_file(ctx, "pipe", buffer, sizeof(buffer)),
			 -ETIMEDOUT);
	unlink("pipe");
}

static void *cancel(void *context)
{
	ms_ctx_cancel(context);
	return NULL;
}

/* The writer is there, and never writes. */
static void waiting_for_a_pipe_is_cancelled(void **state)
{
	struct ms_ctx *own = ms_ctx_new();
	pthread_t canceller;
	char buffer[8];
	int fd;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	fd = open("pipe", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pthread_create(&canceller, NULL, cancel, own), 0);
	assert_int_equal(ms_secret_read_file(own, "pipe", buffer, sizeof(buffer)),
			 -ECANCELED);
	pthread_join(canceller, NULL);
	close(fd);
	unlink("pipe");
	ms_ctx_free(own);
}

static void a_pipe_that_never_ends_is_bounded(void **state)
{
	struct ms_buf buf = {.secret = true};
	int fds[2];
	char path[32], zeros[2000] = "";
	mode_t mode;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(write(fds[1], zeros, sizeof(zeros)), sizeof(zeros));
	assert_int_equal(ms_file_read_piped(ctx, path, 1000, &buf, &mode), -EFBIG);
	ms_buf_done(&buf);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_left_out_of_core_dumps),
		cmocka_unit_test(a_secret_is_zeroed_and_may_be_empty),
		cmocka_unit_test(a_secret_buffer_that_grows_stays_left_out),
		cmocka_unit_test(a_newline_at_the_end_is_not_the_secrets),
		cmocka_unit_test(a_longer_secret_is_never_cut),
		cmocka_unit_test(only_files_and_pipes_are_read),
		cmocka_unit_test(a_pipe_is_read_until_its_writer_closes_it),
		cmocka_unit_test(a_pipe_without_writer_is_given_up),
		cmocka_unit_test(waiting_for_a_pipe_is_cancelled),
		cmocka_unit_test(a_pipe_that_never_ends_is_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
