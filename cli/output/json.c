/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "json.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <modseal/secret.h>

#include "../cleanup.h"
#include "../cli.h"

void cli_json_add(json_object *object, const char *key, json_object *value)
{
	if (json_object_object_add(object, key, value) < 0)
		cli_out_of_memory();
}

json_object *cli_json_path(const char *path)
{
	_cleanup_string_ char *utf8 = path ? cli_check(ms_path_to_utf8(path)) : NULL;

	return utf8 ? cli_check(json_object_new_string(utf8)) : NULL;
}

json_object *cli_json_text(const char *text)
{
	_cleanup_string_ char *shown = text ? cli_check(ms_without_pin(text)) : NULL;

	return cli_json_path(shown);
}

json_object *cli_json_operand(const char *word)
{
	struct stat st;

	return lstat(word, &st) == 0 ? cli_json_path(word) : cli_json_text(word);
}

json_object *cli_json_texts(char *const *texts, size_t n)
{
	json_object *list = cli_check(json_object_new_array());

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, cli_json_text(texts[i]));
	return list;
}

/* RFC 3986, 2.1: what is no character of a URI is escaped; what is escaped is left. */
static char *plain_uri(const char *uri)
{
	char *text = cli_check(malloc(3 * strlen(uri) + 1)), *end = text;

	for (; *uri; uri++)
		if (*uri > ' ' && *uri <= '~')
			*end++ = *uri;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*uri);
	*end = '\0';
	return text;
}

json_object *cli_json_key(const char *key)
{
	_cleanup_string_ char *shown = NULL;
	_cleanup_string_ char *uri = NULL;

	if (!key || !ms_is_pkcs11(key))
		return cli_json_text(key);
	shown = cli_check(ms_without_pin(key));
	uri = plain_uri(shown);
	return cli_check(json_object_new_string(uri));
}

json_object *cli_json_bool(bool known, bool value)
{
	return known ? cli_check(json_object_new_boolean(value)) : NULL;
}

char *cli_hex(const uint8_t *data, size_t len, bool colons)
{
	size_t step = colons ? 3 : 2;
	char *text = cli_check(calloc(len + 1, step));

	for (size_t i = 0; i < len; i++)
		snprintf(text + i * step, step + 1, colons ? "%02X:" : "%02x", data[i]);
	if (colons && len)
		text[len * step - 1] = '\0';
	return text;
}

json_object *cli_json_hex(const uint8_t *data, size_t len)
{
	_cleanup_string_ char *text = cli_hex(data, len, false);

	return cli_check(json_object_new_string(text));
}
