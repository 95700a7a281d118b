/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How modules are packed, and who unpacks them (kernel/module/Kconfig). Until Linux 6.11
 * "none" was one of the choices; since then there is a switch, CONFIG_MODULE_COMPRESS.
 */

#include "check.h"

#include <string.h>

#include "../base/checked.h"

static const struct format {
	const char *symbol, *name, *decoder;
} formats[] = {
	{ "MODULE_COMPRESS_GZIP", "gzip", "ZLIB_INFLATE" },
	{ "MODULE_COMPRESS_XZ", "xz", "XZ_DEC" },
	{ "MODULE_COMPRESS_ZSTD", "zstd", "ZSTD_DECOMPRESS" },
};

static const struct format *chosen(struct ms_check *check, size_t *ret_count)
{
	const struct format *last = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < MS_ARRAY_SIZE(formats); i++)
		if (ms_check_yes(check, formats[i].symbol)) {
			last = &formats[i];
			++*ret_count;
		}
	return last;
}

static int check_choice(struct ms_check *check, size_t count)
{
	const char *on = ms_check_value(check, "MODULE_COMPRESS");

	if (count > 1)
		return ms_check_found(check, "compression-choice", MS_SEVERITY_ERROR, NULL,
				      "%zu kinds of module compression are chosen at once",
				      count);
	if (count == 0 && on && strcmp(on, "y") == 0)
		return ms_check_found(check, "compression-choice", MS_SEVERITY_ERROR,
				      ms_check_set(check, "MODULE_COMPRESS_XZ=y"),
				      "CONFIG_MODULE_COMPRESS is set, and no kind of "
				      "compression is chosen");
	if (count == 1 && on && strcmp(on, "y") != 0)
		return ms_check_found(check, "compression-choice", MS_SEVERITY_ERROR,
				      ms_check_set(check, "MODULE_COMPRESS=y"),
				      "a kind of module compression is chosen, and "
				      "CONFIG_MODULE_COMPRESS is not set");
	return 0;
}

static int check_decoder(struct ms_check *check, const struct format *format)
{
	if (!format)
		return ms_check_found(check, "decompression-of-nothing", MS_SEVERITY_ERROR,
				      ms_check_set(check, "MODULE_DECOMPRESS=n"),
				      "CONFIG_MODULE_DECOMPRESS is set, and modules are not "
				      "compressed");
	/* 6.1: depends on MODULE_COMPRESS_GZIP || MODULE_COMPRESS_XZ */
	if (check->version && check->version < MS_CHECK_LINUX(6, 2) &&
	    strcmp(format->name, "zstd") == 0)
		return ms_check_found(check, "decompression-format", MS_SEVERITY_ERROR,
				      ms_check_set(check, "MODULE_DECOMPRESS=n"),
				      "this kernel cannot unpack zstd modules itself: Linux "
				      "6.2 is the first that can");
	if (ms_check_yes(check, format->decoder))
		return 0;
	return ms_check_found(check, "decompression-decoder", MS_SEVERITY_ERROR,
			      ms_check_set(check, "%s=y", format->decoder),
			      "CONFIG_MODULE_DECOMPRESS needs CONFIG_%s for %s modules",
			      format->decoder, format->name);
}

int ms_check_compression(struct ms_check *check)
{
	bool decompress = ms_check_yes(check, "MODULE_DECOMPRESS");
	const struct format *format;
	size_t count;
	int r;

	format = chosen(check, &count);
	r = check_choice(check, count);
	if (r == 0 && decompress)
		r = check_decoder(check, format);
	/* security/loadpin: only files that the kernel reads itself can be pinned */
	if (r == 0 && format && !decompress && ms_check_yes(check, "SECURITY_LOADPIN_ENFORCE"))
		r = ms_check_found(check, "decompression-loadpin", MS_SEVERITY_ERROR,
				   ms_check_set(check, "MODULE_DECOMPRESS=y"),
				   "LoadPin refuses modules that a program has unpacked, and "
				   "the kernel does not unpack %s modules itself",
				   format->name);
	return r < 0 ? r
		     : ms_check_found(check, "compression", MS_SEVERITY_INFO, NULL,
				      "modules are packed with %s%s",
				      format ? format->name : "nothing",
				      decompress ? ", and the kernel can unpack them" : "");
}
