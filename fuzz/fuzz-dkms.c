// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fuzzes the reader of DKMS's configuration. The bytes are two files, split at the first
 * 0xff. What is known of a setting is a text that fits where it is to go, and stays the
 * same where DKMS evaluates it again; what is unknown has a file, a line that is there and
 * a reason; and a plain assignment in a file behind these counts whatever they were.
 */
#include <string.h>

#include "../lib/base/cleanup.h"
#include "../lib/dkms/conf.h"
#include "../lib/dkms/shell.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ms_ctx *ctx;

static void add(struct ms_dkms_settings *settings, const char *path, const char *text,
		size_t len)
{
	require(ms_dkms_settings_text(settings, path, "6.1.0-a", text, len) == 0);
}

static void check_text(const char *text)
{
	require(strlen(text) <= 2 * MS_DKMS_MOST_VALUE);
	require(!strpbrk(text, "$`\\\"\n\r\t") && !strstr(text, "  "));
}

static void check_doubt(const struct ms_dkms_doubt *doubt, size_t lines)
{
	require(ms_dkms_doubt_file(doubt) != NULL);
	require(ms_dkms_doubt_line(doubt) >= 1 && ms_dkms_doubt_line(doubt) <= lines);
	require(*ms_dkms_doubt_reason(doubt));
	require(strlen(ms_dkms_doubt_source(doubt)) <= MS_DKMS_MOST_SOURCE + 3);
}

static void check(const struct ms_dkms_settings *settings, size_t lines)
{
	for (int i = 0; ms_dkms_setting_name((enum ms_dkms_setting)i); i++) {
		enum ms_dkms_setting setting = (enum ms_dkms_setting)i;
		const char *text = ms_dkms_setting_text(settings, setting);
		const struct ms_dkms_doubt *doubt = ms_dkms_setting_doubt(settings, setting);
		enum ms_dkms_state state = ms_dkms_setting_state(settings, setting);

		require((state == MS_DKMS_UNKNOWN) == (doubt != NULL));
		require(!text || state == MS_DKMS_KNOWN);
		if (text)
			check_text(text);
		if (doubt)
			check_doubt(doubt, lines);
	}
}

static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char plain[] = "sign_file=/usr/bin/signer\n";
	_cleanup_(ms_cleanup_dkms_settings) struct ms_dkms_settings *settings = NULL;
	const uint8_t *split = size ? memchr(data, 0xff, size) : NULL;
	size_t first = split ? (size_t)(split - data) : size;
	const char *text = size ? (const char *)data : "";

	if (!ctx)
		ctx = ms_ctx_new();
	require(ctx != NULL);
	require(ms_dkms_settings_new(ctx, "", &settings) == 0);
	add(settings, MS_DKMS_FRAMEWORK, text, first);
	if (split)
		add(settings, MS_DKMS_OUR_CONF, text + first + 1, size - first - 1);
	check(settings, count_lines(data, size));
	add(settings, MS_DKMS_SNIPPETS "/zz.conf", plain, strlen(plain));
	require(!strcmp(ms_dkms_setting_text(settings, MS_DKMS_SIGN_FILE),
			"/usr/bin/signer"));
	return 0;
}
