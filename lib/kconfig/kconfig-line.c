/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The lines of a .config, one after the other, and how one is written. The grammar is
 * checked elsewhere (kconfig.c), once for the whole text; here it is relied on.
 */

#include "kconfig-line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"

#define PREFIX	"CONFIG_"
#define COMMENT "# CONFIG_"
#define NOT_SET " is not set"

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static bool begins(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

static size_t name_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && is_name_char(text[n]))
		n++;
	return n;
}

static enum ms_config_line_kind kind_of(const char *value, size_t len)
{
	if (len == 1 && memchr("ymn", value[0], 3))
		return MS_CONFIG_LINE_STATE;
	if (len > 0 && value[0] == '"')
		return MS_CONFIG_LINE_STRING;
	return MS_CONFIG_LINE_NUMBER;
}

static void read_not_set(struct ms_config_line *line, const char *text, size_t len)
{
	size_t n;

	text += strlen(COMMENT);
	len -= strlen(COMMENT);
	n = name_length(text, len);
	if (n == 0 || len - n != strlen(NOT_SET) || !begins(text + n, len - n, NOT_SET))
		return;
	line->kind = MS_CONFIG_LINE_NOT_SET;
	line->name = text;
	line->name_len = n;
}

static void read_assignment(struct ms_config_line *line, const char *text, size_t len)
{
	size_t n;

	text += strlen(PREFIX);
	len -= strlen(PREFIX);
	n = name_length(text, len);
	if (n == 0 || n == len || text[n] != '=')
		return;
	line->name = text;
	line->name_len = n;
	line->value = text + n + 1;
	line->value_len = len - n - 1;
	line->kind = kind_of(line->value, line->value_len);
}

bool ms_config_next_line(const struct ms_buf *text, struct ms_config_line *line)
{
	struct ms_config_line found = { .start = line->next };
	const char *at, *end;
	size_t len;

	if (found.start >= text->len)
		return false;
	at = (const char *)text->data + found.start;
	end = memchr(at, '\n', text->len - found.start);
	len = end ? (size_t)(end - at) : text->len - found.start;
	found.next = found.start + len + (end ? 1 : 0);
	if (len > 0 && at[len - 1] == '\r')
		len--;
	found.end = found.start + len;
	if (begins(at, len, COMMENT))
		read_not_set(&found, at, len);
	else if (begins(at, len, PREFIX))
		read_assignment(&found, at, len);
	*line = found;
	return true;
}

bool ms_config_line_names(const struct ms_config_line *line, const char *name)
{
	return line->kind != MS_CONFIG_LINE_OTHER && line->name_len == strlen(name) &&
	       memcmp(line->name, name, line->name_len) == 0;
}

/* "n" for "is not set" */
static void value_of(const struct ms_config_line *line, const char **ret, size_t *ret_len)
{
	bool not_set = line->kind == MS_CONFIG_LINE_NOT_SET;

	*ret = not_set ? "n" : line->value;
	*ret_len = not_set ? 1 : line->value_len;
}

bool ms_config_same_value(const struct ms_config_line *a, const struct ms_config_line *b)
{
	const char *left, *right;
	size_t left_len, right_len;

	value_of(a, &left, &left_len);
	value_of(b, &right, &right_len);
	return left_len == right_len && memcmp(left, right, left_len) == 0;
}

int ms_config_line_value(const struct ms_config_line *line, char **ret)
{
	const char *value;
	size_t len, n = 0;
	char *text;

	value_of(line, &value, &len);
	text = malloc(len + 1);
	if (!text)
		return -ENOMEM;
	if (line->kind != MS_CONFIG_LINE_STRING) {
		memcpy(text, value, len);
		n = len;
	}
	for (size_t i = 1; line->kind == MS_CONFIG_LINE_STRING && i + 1 < len; i++) {
		if (value[i] == '\\' && i + 2 < len)
			i++;
		text[n++] = value[i];
	}
	text[n] = '\0';
	*ret = text;
	return 0;
}

const char *ms_config_plain_name(const char *name)
{
	return begins(name, strlen(name), PREFIX) ? name + strlen(PREFIX) : name;
}

bool ms_config_is_name(const char *name)
{
	return *name && name_length(name, strlen(name)) == strlen(name);
}

static bool is_number(const char *value)
{
	const char *digits = "0123456789";

	if (value[0] == '0' && (value[1] == 'x' || value[1] == 'X')) {
		digits = "0123456789abcdefABCDEF";
		value += 2;
	} else if (value[0] == '-') {
		value++;
	}
	return *value && strspn(value, digits) == strlen(value);
}

enum ms_config_line_kind ms_config_kind_of_value(const char *value)
{
	if (strlen(value) == 1 && strchr("ymn", value[0]))
		return MS_CONFIG_LINE_STATE;
	return is_number(value) ? MS_CONFIG_LINE_NUMBER : MS_CONFIG_LINE_STRING;
}

/* kernel/module/Kconfig, certs/Kconfig, security/Kconfig, init/Kconfig */
bool ms_config_must_be_string(const char *name)
{
	static const char *const strings[] = {
		"MODULE_SIG_KEY",	  "MODULE_SIG_HASH",
		"SYSTEM_TRUSTED_KEYS",	  "SYSTEM_REVOCATION_KEYS",
		"SYSTEM_BLACKLIST_HASH_LIST", "LSM",
		"LOCALVERSION",		  "BUILD_SALT",
		"MODPROBE_PATH",	  "CMDLINE",
		"IMA_X509_PATH",	  "EVM_X509_PATH",
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(strings); i++)
		if (strcmp(name, strings[i]) == 0)
			return true;
	return false;
}

const char *ms_config_line_end(const struct ms_buf *text)
{
	const uint8_t *end = text->len ? memchr(text->data, '\n', text->len) : NULL;

	return end && end > text->data && end[-1] == '\r' ? "\r\n" : "\n";
}

static int append_quoted(struct ms_buf *ret, const char *value)
{
	int r = ms_buf_append(ret, "\"", 1);

	for (; r == 0 && *value; value++) {
		if (*value == '"' || *value == '\\')
			r = ms_buf_append(ret, "\\", 1);
		r = r < 0 ? r : ms_buf_append(ret, value, 1);
	}
	return r < 0 ? r : ms_buf_append(ret, "\"", 1);
}

int ms_config_write_line(struct ms_buf *ret, enum ms_config_line_kind kind,
			 const char *name, const char *value)
{
	if (kind != MS_CONFIG_LINE_STRING && strcmp(value, "n") == 0)
		return ms_buf_printf(ret, COMMENT "%s" NOT_SET, name);
	if (kind != MS_CONFIG_LINE_STRING)
		return ms_buf_printf(ret, PREFIX "%s=%s", name, value);
	return ms_buf_printf(ret, PREFIX "%s=", name) < 0 ? -ENOMEM
							  : append_quoted(ret, value);
}
