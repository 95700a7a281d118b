/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The codecs against the programs xz, gzip and zstd, which the kernel's build uses. */

#include "../../tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "codec.h"

enum { LIMIT = 64 << 20, CONTENT_LEN = (3 << 20) + 4711 };

static char dir[] = "/tmp/modseal-test-codec-XXXXXX";
static struct ms_ctx *ctx;
/* Larger than an xz block, and at its end, as in some places more, not quite compressible. */
static struct ms_buf content;

static uint8_t content_at(size_t offset, uint32_t noise)
{
	if ((offset + 1024) % 65536 >= 2048)
		return 0;
	return noise >> 28 ? (uint8_t)(offset >> 6) : (uint8_t)(noise >> 20);
}

static int setup(void **state)
{
	uint32_t noise = 1;

	(void)state;
	ctx = ms_ctx_new();
	if (!ctx || !mkdtemp(dir) || chdir(dir) < 0 ||
	    ms_buf_reserve(&content, CONTENT_LEN) < 0)
		return -1;
	for (size_t i = 0; i < CONTENT_LEN; i++) {
		noise = noise * 1664525 + 1013904223;
		content.data[i] = content_at(i, noise);
	}
	content.len = CONTENT_LEN;
	return ms_file_replace(ctx, "plain", content.data, content.len, 0600, false) ||
	       ms_file_replace(ctx, "small", content.data, 9999, 0600, false);
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	ms_ctx_free(ctx);
	ms_buf_done(&content);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Runs a command in the test's directory and reads the file "out" that it writes. */
static void run(const char *command, struct ms_buf *ret)
{
	assert_int_equal(system(command), 0);
	ms_buf_clear(ret);
	assert_int_equal(ms_file_read(ctx, "out", LIMIT, ret), 0);
}

/* Packs the content in two uneven pieces, as a payload and its tail are. */
static void pack(enum ms_compression compression, int level, struct ms_buf *ret)
{
	struct iovec iov[] = {
		{ .iov_base = content.data, .iov_len = content.len - 713 },
		{ .iov_base = content.data + content.len - 713, .iov_len = 713 },
	};

	assert_int_equal(ms_codec_pack(ctx, compression, 0, level, iov, 2, ret), 0);
}

static int unpack(const struct ms_buf *packed, uint64_t limit, struct ms_buf *ret,
		  struct ms_codec_info *info)
{
	enum ms_compression kind = ms_codec_detect(packed->data, packed->len);

	return ms_codec_unpack(ctx, kind, packed->data, packed->len, limit, ret, info);
}

static void assert_same(const struct ms_buf *a, const struct ms_buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

static const struct {
	enum ms_compression kind;
	const char *pack, *unpack;
} programs[] = {
	{ MS_COMPRESSION_GZIP, "gzip -nc plain >out", "gzip -dc packed >out" },
	{ MS_COMPRESSION_XZ, "xz -T2 --check=crc32 --lzma2=dict=1MiB -c plain >out",
	  "xz -dc packed >out" },
	{ MS_COMPRESSION_ZSTD, "zstd -T0 -q -f plain -o out", "zstd -dcq packed >out" },
};

static void the_programs_read_what_we_pack(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		_cleanup_(ms_buf_done) struct ms_buf packed = { 0 }, plain = { 0 };

		pack(programs[i].kind, 0, &packed);
		assert_int_equal(ms_file_replace(ctx, "packed", packed.data, packed.len, 0600,
						 false), 0);
		run(programs[i].unpack, &plain);
		assert_same(&plain, &content);
	}
}

static void we_read_what_the_programs_pack(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		_cleanup_(ms_buf_done) struct ms_buf packed = { 0 }, plain = { 0 };
		struct ms_codec_info info = { 0 };

		run(programs[i].pack, &packed);
		assert_int_equal(ms_codec_detect(packed.data, packed.len), programs[i].kind);
		assert_int_equal(unpack(&packed, LIMIT, &plain, &info), 0);
		assert_same(&plain, &content);
		assert_int_equal(info.kernel, MS_KERNEL_DECOMPRESS_OK);
	}
}

static void xz_and_zstd_files_have_the_bytes_of_the_kernel_build(void **state)
{
	(void)state;
	for (size_t i = 1; i < 3; i++) {
		_cleanup_(ms_buf_done) struct ms_buf ours = { 0 }, theirs = { 0 };

		pack(programs[i].kind, 0, &ours);
		run(programs[i].pack, &theirs);
		assert_same(&ours, &theirs);
	}
}

static void an_xz_file_of_either_form_becomes_the_same_again(void **state)
{
	static const char *const commands[] = {
		"xz -T1 --check=crc32 --lzma2=dict=1MiB -c plain >out",
		"xz -T2 --check=crc32 --lzma2=dict=1MiB -c plain >out",
		"xz -T2 --check=crc32 --lzma2=dict=1MiB -c small >out",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		_cleanup_(ms_buf_done) struct ms_buf theirs = { 0 }, plain = { 0 }, ours = { 0 };
		struct ms_codec_info info = { 0 };
		struct iovec iov;

		run(commands[i], &theirs);
		assert_int_equal(unpack(&theirs, LIMIT, &plain, &info), 0);
		iov = (struct iovec){ plain.data, plain.len };
		assert_int_equal(ms_codec_pack(ctx, MS_COMPRESSION_XZ, info.form, 0, &iov, 1,
					       &ours), 0);
		assert_same(&ours, &theirs);
	}
}

static void an_xz_file_of_another_form_becomes_one_of_the_kernel_build(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf packed = { 0 }, plain = { 0 };
	struct ms_codec_info info = { 0 };

	(void)state;
	run("xz -T1 -c small >out", &packed);
	assert_int_equal(unpack(&packed, LIMIT, &plain, &info), 0);
	assert_int_equal(info.form, MS_CODEC_FORM_DEFAULT);
	run("xz -T1 --check=crc32 -c small >out", &packed); /* 8 MiB dictionary */
	assert_int_equal(unpack(&packed, LIMIT, &plain, &info), 0);
	assert_int_equal(info.form, MS_CODEC_FORM_DEFAULT);
}

static void gzip_files_hold_no_name_and_no_time(void **state)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	_cleanup_(ms_buf_done) struct ms_buf packed = { 0 };

	(void)state;
	pack(MS_COMPRESSION_GZIP, 0, &packed);
	assert_memory_equal(packed.data, head, sizeof(head));
}

static void a_level_changes_the_size_and_a_wrong_one_is_refused(void **state)
{
	_cleanup_(ms_buf_done) struct ms_buf fast = { 0 }, best = { 0 };
	const struct iovec iov = { content.data, 1000 };

	(void)state;
	pack(MS_COMPRESSION_ZSTD, 1, &fast);
	pack(MS_COMPRESSION_ZSTD, 9, &best);
	assert_true(best.len < fast.len);
	assert_int_equal(ms_codec_pack(ctx, MS_COMPRESSION_ZSTD, 0, 23, &iov, 1, &fast), -EINVAL);
	assert_int_equal(ms_codec_pack(ctx, MS_COMPRESSION_GZIP, 0, 10, &iov, 1, &fast), -EINVAL);
}

static void anything_behind_the_first_stream_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		_cleanup_(ms_buf_done) struct ms_buf packed = { 0 }, twice = { 0 }, out = { 0 };
		const struct iovec iov = { content.data, 3000 };
		struct ms_codec_info info;

		assert_int_equal(ms_codec_pack(ctx, programs[i].kind, 0, 0, &iov, 1, &packed), 0);
		assert_int_equal(ms_buf_append(&twice, packed.data, packed.len), 0);
		assert_int_equal(ms_buf_append(&twice, packed.data, packed.len), 0);
		assert_int_equal(unpack(&twice, LIMIT, &out, &info), -ENOTUNIQ);
		assert_int_equal(ms_buf_append(&packed, "\0\0\0\0", 4), 0);
		assert_int_equal(unpack(&packed, LIMIT, &out, &info), -ENOTUNIQ);
	}
}

static void a_truncated_stream_is_refused_wherever_it_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		_cleanup_(ms_buf_done) struct ms_buf packed = { 0 }, out = { 0 };
		const struct iovec iov = { content.data, 3000 };
		struct ms_codec_info info;

		assert_int_equal(ms_codec_pack(ctx, programs[i].kind, 0, 0, &iov, 1, &packed), 0);
		for (packed.len--; packed.len > 6; packed.len--)
			assert_int_equal(unpack(&packed, LIMIT, &out, &info), -EBADMSG);
	}
}

static void a_bomb_stops_at_the_bound(void **state)
{
	static const char *const bombs[] = {
		"head -c 9000000 /dev/zero | gzip -c >out",
		"head -c 9000000 /dev/zero | xz -0 -c >out",
		"head -c 9000000 /dev/zero | zstd -cq >out",
		"head -c 9000000 /dev/zero >zero; zstd -cq zero >out; rm zero",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
		_cleanup_(ms_buf_done) struct ms_buf packed = { 0 }, out = { 0 };
		struct ms_codec_info info;

		run(bombs[i], &packed);
		assert_int_equal(unpack(&packed, 1 << 20, &out, &info), -EFBIG);
		assert_true(out.capacity < 4 << 20);
		assert_int_equal(unpack(&packed, 8999999, &out, &info), -EFBIG);
		assert_int_equal(unpack(&packed, 9000000, &out, &info), 0);
		assert_int_equal(out.len, 9000000);
	}
}

static void what_the_kernels_decoder_lacks_is_told(void **state)
{
	static const struct {
		const char *command;
		enum ms_kernel_decompress expected;
	} cases[] = {
		{ "xz -c small >out", MS_KERNEL_DECOMPRESS_REFUSED }, /* CRC64 */
		{ "xz -c --check=sha256 small >out", MS_KERNEL_DECOMPRESS_REFUSED },
		{ "xz -c --check=none small >out", MS_KERNEL_DECOMPRESS_OK },
		{ "xz -c --check=crc32 --x86 --lzma2 small >out", MS_KERNEL_DECOMPRESS_OK },
		{ "xz -c --check=crc32 --delta --lzma2 small >out",
		  MS_KERNEL_DECOMPRESS_REFUSED },
		{ "gzip -c small >out", MS_KERNEL_DECOMPRESS_OK }, /* with a name */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(ms_buf_done) struct ms_buf packed = { 0 }, out = { 0 };
		struct ms_codec_info info = { 0 };

		run(cases[i].command, &packed);
		assert_int_equal(unpack(&packed, LIMIT, &out, &info), 0);
		assert_int_equal(info.kernel, cases[i].expected);
	}
}

static void nothing_is_taken_for_compressed_but_by_its_magic(void **state)
{
	(void)state;
	assert_int_equal(ms_codec_detect((const uint8_t *)"\x7f" "ELF", 4), MS_COMPRESSION_NONE);
	assert_int_equal(ms_codec_detect(NULL, 0), MS_COMPRESSION_NONE);
	assert_int_equal(ms_codec_detect((const uint8_t *)"\xfd" "7zXZ", 5), MS_COMPRESSION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_programs_read_what_we_pack),
		cmocka_unit_test(we_read_what_the_programs_pack),
		cmocka_unit_test(xz_and_zstd_files_have_the_bytes_of_the_kernel_build),
		cmocka_unit_test(an_xz_file_of_either_form_becomes_the_same_again),
		cmocka_unit_test(an_xz_file_of_another_form_becomes_one_of_the_kernel_build),
		cmocka_unit_test(gzip_files_hold_no_name_and_no_time),
		cmocka_unit_test(a_level_changes_the_size_and_a_wrong_one_is_refused),
		cmocka_unit_test(anything_behind_the_first_stream_is_refused),
		cmocka_unit_test(a_truncated_stream_is_refused_wherever_it_ends),
		cmocka_unit_test(a_bomb_stops_at_the_bound),
		cmocka_unit_test(what_the_kernels_decoder_lacks_is_told),
		cmocka_unit_test(nothing_is_taken_for_compressed_but_by_its_magic),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
