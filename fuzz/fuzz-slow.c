/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Looks for inputs that cost their reader more than their size warrants. The first byte
 * says which reader, the rest is what it reads.
 *
 * Work is counted and not timed: a step for each edge of the library's code that is taken
 * (by the compiler's instrumentation), and for every so many bytes that one of the
 * functions of the C library goes through in which a quadratic reader spends its time.
 * The linker puts the functions below in their places; meson.build names them.
 *
 * A reader may take STEPS_ONCE, and STEPS_A_BYTE for each byte of what it reads and, of
 * an image that is packed, unpacks. A reader that is quadratic is beyond that with some
 * kilobytes.
 */

#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/base/text.h"
#include "../lib/judge/judge.h"
#include "../lib/elf/elf.h"
#include "../lib/image/reading.h"
#include "../lib/kconfig/kconfig.h"
#include "../lib/manifest/manifest.h"
#include "../lib/module/module.h"
#include "../lib/tree/transaction/journal.h"
#include "require.h"

enum {
	STEPS_ONCE = 200000,
	STEPS_A_BYTE = 300,
	MAX_UNPACKED = 64 << 10,
	BYTES_A_STEP = 16
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNCOUNTED __attribute__((no_sanitize("coverage")))

static struct ms_ctx *ctx;
static struct ms_keyring *keyring;
static struct ms_rules rules;
static uint64_t steps;

void __wrap___sanitizer_cov_trace_pc(void);
void *__real_memchr(const void *data, int byte, size_t len);
void *__wrap_memchr(const void *data, int byte, size_t len);
void *__real_memrchr(const void *data, int byte, size_t len);
void *__wrap_memrchr(const void *data, int byte, size_t len);
void *__real_memmem(const void *data, size_t len, const void *part, size_t part_len);
void *__wrap_memmem(const void *data, size_t len, const void *part, size_t part_len);
int __real_memcmp(const void *a, const void *b, size_t len);
int __wrap_memcmp(const void *a, const void *b, size_t len);
size_t __real_strlen(const char *text);
size_t __wrap_strlen(const char *text);

UNCOUNTED void __wrap___sanitizer_cov_trace_pc(void)
{
	steps++;
}

UNCOUNTED void *__wrap_memchr(const void *data, int byte, size_t len)
{
	const char *found = __real_memchr(data, byte, len);

	steps += (found ? (size_t)(found - (const char *)data) : len) / BYTES_A_STEP;
	return (void *)(uintptr_t)found;
}

UNCOUNTED void *__wrap_memrchr(const void *data, int byte, size_t len)
{
	const char *found = __real_memrchr(data, byte, len);

	steps +=
		(found ? len - (size_t)(found - (const char *)data) : len) / BYTES_A_STEP;
	return (void *)(uintptr_t)found;
}

UNCOUNTED void *__wrap_memmem(const void *data, size_t len, const void *part,
			      size_t part_len)
{
	const char *found = __real_memmem(data, len, part, part_len);

	steps += (found ? (size_t)(found - (const char *)data) : len) / BYTES_A_STEP;
	return (void *)(uintptr_t)found;
}

/* As if all of it were compared. */
UNCOUNTED int __wrap_memcmp(const void *a, const void *b, size_t len)
{
	steps += len / BYTES_A_STEP;
	return __real_memcmp(a, b, len);
}

UNCOUNTED size_t __wrap_strlen(const char *text)
{
	size_t len = __real_strlen(text);

	steps += len / BYTES_A_STEP;
	return len;
}

static void read_elf(const uint8_t *data, size_t size)
{
	_cleanup_(ms_modinfo_done) struct ms_modinfo modinfo = {0};

	(void)ms_elf_is_module(data, size);
	require(ms_elf_modinfo(ctx, data, size, &modinfo) == 0);
}

static void read_image(const uint8_t *data, size_t size)
{
	struct ms_source *source = NULL;

	if (ms_source_parse_bounded(ctx, data, size, "input", MAX_UNPACKED, &source) == 0)
		ms_source_free(source);
}

static void read_trailers(const uint8_t *data, size_t size)
{
	const struct ms_buf file = {.data = (uint8_t *)(uintptr_t)data, .len = size};
	_cleanup_(ms_buf_done) struct ms_buf unpacked = {0};
	struct ms_signature_list *signatures = NULL;
	struct ms_module module;
	size_t len;

	if (ms_module_read(ctx, &file, &unpacked, MAX_UNPACKED, &module) < 0)
		return;
	(void)ms_module_bare_len(ctx, &module, &len, NULL);
	(void)ms_module_unproved_len(ctx, &module, &len);
	require(ms_module_signatures(ctx, &module, &signatures) == 0);
	ms_signature_list_free(signatures);
}

static void read_message(const uint8_t *data, size_t size)
{
	struct ms_payload payload = {.data = data, .len = 0};
	struct ms_judgement judgement = {0};

	(void)ms_cms_judge(ctx, keyring, &rules, &payload, data, size, &judgement);
	ms_judgement_done(&judgement);
}

static void read_manifest(const uint8_t *data, size_t size)
{
	struct ms_manifest *manifest = NULL;

	if (ms_manifest_parse(ctx, data, size, "input", &manifest) == 0)
		ms_manifest_free(manifest);
}

/* With the commit line that a fuzzer cannot guess. */
static void read_journal(const uint8_t *data, size_t size)
{
	_cleanup_(ms_journal_done) struct ms_journal journal = {0};
	_cleanup_(ms_buf_done) struct ms_buf text = {0};

	require(ms_buf_append(&text, data, size) == 0 &&
		ms_journal_commit(ctx, &text) == 0);
	(void)ms_journal_parse(ctx, (char *)text.data, text.len, "input", &journal);
}

static void read_config(const uint8_t *data, size_t size)
{
	struct ms_kconfig *config = NULL;

	if (ms_kconfig_parse(ctx, (const char *)data, size, "input", &config) == 0)
		ms_kconfig_free(config);
}

static void read_text(const uint8_t *data, size_t size)
{
	_cleanup_(ms_buf_done) struct ms_buf text = {0}, bytes = {0};
	_cleanup_free_ char *escaped = NULL, *path = NULL;

	require(ms_buf_append(&text, data, size) == 0 &&
		ms_buf_append(&text, "", 1) == 0);
	escaped = ms_text_escape((const char *)text.data);
	path = ms_path_to_utf8((const char *)text.data);
	require(escaped && path);
	(void)ms_base64_decode((const char *)data, size, &bytes);
}

static void (*const readers[])(const uint8_t *data, size_t size) = {
	read_elf,      read_image,   read_trailers, read_message,
	read_manifest, read_journal, read_config,   read_text,
};

enum { READERS = sizeof(readers) / sizeof(readers[0]) };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	ctx = ms_ctx_new();
	keyring = ms_keyring_new();
	rules = ms_rules_default();
	require(ctx && keyring);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t allowed;

	if (size == 0)
		return 0;
	/* of what is packed in what is packed, all of it together */
	allowed = STEPS_ONCE +
		  STEPS_A_BYTE * ((uint64_t)size +
				  MAX_UNPACKED * (data[0] % READERS == 1 ||
								  data[0] % READERS == 2
							  ? 1
							  : 0));
	steps = 0;
	readers[data[0] % READERS](data + 1, size - 1);
	require(steps > 0 && steps <= allowed);
	return 0;
}
