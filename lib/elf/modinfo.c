/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Section .modinfo: `key=value` strings, each ended by a NUL, any number of NULs between
 * them. kmod's modinfo and the kernel (kernel/module/main.c:get_modinfo) read the first
 * section of that name, and take the first value of a key that may occur once.
 *
 * Values are bytes from the file; whoever shows them escapes them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "elf-file.h"

MS_DEFINE_CLEANUP(cleanup_elf, struct ms_elf *, ms_elf_free)

void ms_modinfo_done(struct ms_modinfo *modinfo)
{
	free(modinfo->name);
	free(modinfo->vermagic);
	free(modinfo->version);
	free(modinfo->srcversion);
	*modinfo = (struct ms_modinfo){ 0 };
}

/* Takes the value where @text is "@key=value" and *@field is not set yet. */
static int take_value(const char *text, size_t len, const char *key, char **field,
		      size_t *ret_full)
{
	size_t key_len = strlen(key), value_len;

	if (*field || len <= key_len || text[key_len] != '=' ||
	    memcmp(text, key, key_len) != 0)
		return 0;
	value_len = len - key_len - 1;
	*field = strndup(text + key_len + 1,
			 ms_text_cut(text + key_len + 1, value_len, MS_MODINFO_KEPT));
	*ret_full = value_len;
	return *field ? 0 : -ENOMEM;
}

static int take_string(const char *text, size_t len, struct ms_modinfo *modinfo)
{
	const struct {
		const char *key;
		char **field;
		size_t *full;
	} wanted[] = {
		{"name", &modinfo->name, &modinfo->name_full},
		{"vermagic", &modinfo->vermagic, &modinfo->vermagic_full},
		{"version", &modinfo->version, &modinfo->version_full},
		{"srcversion", &modinfo->srcversion, &modinfo->srcversion_full},
	};
	int r = 0;

	for (size_t i = 0; i < MS_ARRAY_SIZE(wanted) && r == 0; i++)
		r = take_value(text, len, wanted[i].key, wanted[i].field, wanted[i].full);
	return r;
}

static int parse_section(const struct ms_elf_bytes *bytes, struct ms_modinfo *ret)
{
	const char *text = (const char *)bytes->data;
	size_t left = bytes->len;
	int r = 0;

	while (left > 0 && r == 0) {
		const char *nul = memchr(text, '\0', left);
		size_t len = nul ? (size_t)(nul - text) : left;

		r = take_string(text, len, ret);
		text += len;
		left -= len;
		if (left > 0) {
			text++;
			left--;
		}
	}
	return r;
}

int ms_elf_modinfo(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		   struct ms_modinfo *ret)
{
	_cleanup_(ms_modinfo_done) struct ms_modinfo modinfo = { 0 };
	_cleanup_(cleanup_elf) struct ms_elf *elf = NULL;
	int r = ms_elf_open(ctx, data, len, &elf);

	if (r < 0 && r != -EBADMSG)
		return r;
	for (size_t i = 0; elf && i < elf->n_sections; i++) {
		const struct ms_elf_entry *entry = ms_elf_entry(elf, i);

		if (!entry || strcmp(entry->name, ".modinfo") != 0)
			continue;
		if (parse_section(&entry->bytes, &modinfo) < 0)
			return ms_fail_nomem(ctx);
		break;
	}
	ms_fail_clear(ctx);
	*ret = modinfo;
	modinfo = (struct ms_modinfo){ 0 };
	return 0;
}
