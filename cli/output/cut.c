/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cut.h"

#include <string.h>

#include "../cleanup.h"
#include "json.h"

/* Not in the midst of a character, where it is UTF-8. */
static size_t shown_length(const char *text)
{
	size_t len = strnlen(text, CLI_SHOWN + 1), cut = CLI_SHOWN;

	if (len <= CLI_SHOWN)
		return len;
	while (CLI_SHOWN - cut < 3 && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	return cut;
}

void cli_json_add_cut(json_object *object, const char *key, size_t full)
{
	json_object *cut;

	if (!json_object_object_get_ex(object, "cut", &cut)) {
		cut = cli_check(json_object_new_object());
		cli_json_add(object, "cut", cut);
	}
	cli_json_add(cut, key, cli_check(json_object_new_int64((int64_t)full)));
}

void cli_json_add_text(json_object *object, const char *key, const char *text,
		       size_t full)
{
	_cleanup_string_ char *beginning = NULL;
	size_t shown = text ? shown_length(text) : 0;

	if (text && full == 0)
		full = strlen(text);
	if (text && (text[shown] || full > shown)) {
		beginning = cli_format("%.*s", (int)shown, text);
		cli_json_add_cut(object, key, full);
	}
	cli_json_add(object, key, cli_json_text(beginning ? beginning : text));
}

char *cli_cut(const char *text, size_t full)
{
	size_t shown = text ? shown_length(text) : 0;

	if (text && full == 0)
		full = strlen(text);
	if (!text || (!text[shown] && full <= shown))
		return cli_format("%s", text ? text : "");
	return cli_format("%.*s (the first %zu of %zu bytes)", (int)shown, text, shown,
			  full);
}
