/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reading a kernel's .config: one symbol a line,
 *
 *	CONFIG_MODULE_SIG=y           y, m or n
 *	CONFIG_NR_CPUS=64             a number, decimal or 0x...
 *	CONFIG_MODULE_SIG_KEY="a\"b"  a string, with \" and \\ inside
 *	# CONFIG_EMBEDDED is not set  the same as n
 *
 * with empty lines and other comments between (scripts/kconfig/confdata.c reads and
 * writes them). Linux's own reader passes over what it does not understand; here such a
 * line is an error, because the answer decides what counts as trusted: a file that is
 * something else, or cut off, must not read as a kernel that has no algorithms. Where a
 * symbol occurs twice the last one counts, as there.
 *
 * Symbols lie in an array sorted by name once the file is read.
 */

#include "kconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/buffer.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/room.h"
#include "../codec/codec.h"

/* A distribution's config is 0.3 MB. */
enum { MAX_SIZE = 16 << 20 };

struct symbol {
	char *name; /* without CONFIG_ */
	enum ms_kconfig_state state;
	char *string; /* NULL: no string symbol */
	size_t line;
};

struct ms_kconfig {
	struct symbol *symbols; /* sorted by name, then line */
	size_t n;
	size_t room;
};

MS_DEFINE_CLEANUP(cleanup_kconfig, struct ms_kconfig *, ms_kconfig_free)

struct ms_kconfig *ms_kconfig_free(struct ms_kconfig *config)
{
	for (size_t i = 0; config && i < config->n; i++) {
		free(config->symbols[i].name);
		free(config->symbols[i].string);
	}
	if (config)
		free(config->symbols);
	free(config);
	return NULL;
}

/* A piece of the text that is being read. */
struct piece {
	const char *text;
	size_t len;
};

static bool starts_with(struct piece piece, const char *prefix)
{
	size_t len = strlen(prefix);

	return piece.len >= len && memcmp(piece.text, prefix, len) == 0;
}

static struct piece without_start(struct piece piece, size_t len)
{
	return (struct piece){ piece.text + len, piece.len - len };
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

static size_t name_length(struct piece piece)
{
	size_t len = 0;

	while (len < piece.len && is_name_char(piece.text[len]))
		len++;
	return len;
}

static bool is_number(struct piece value)
{
	const char *digits = "0123456789";
	size_t i = 0;

	if (starts_with(value, "0x") || starts_with(value, "0X")) {
		digits = "0123456789abcdefABCDEF";
		i = 2;
	} else if (starts_with(value, "-")) {
		i = 1;
	}
	if (i == value.len)
		return false;
	for (; i < value.len; i++)
		if (!value.text[i] || !strchr(digits, value.text[i]))
			return false;
	return true;
}

/* Undoes the escapes of a string with its quotes. -EBADMSG: it is not one. */
static int unquote(struct piece value, char **ret)
{
	_cleanup_free_ char *out = malloc(value.len + 1);
	size_t n = 0, i = 1;

	if (!out)
		return -ENOMEM;
	if (value.len < 2 || value.text[0] != '"' || value.text[value.len - 1] != '"')
		return -EBADMSG;
	for (; i < value.len - 1; i++) {
		if (value.text[i] == '"' || value.text[i] == '\0')
			return -EBADMSG;
		if (value.text[i] == '\\')
			i++;
		out[n++] = value.text[i];
	}
	if (i != value.len - 1)
		return -EBADMSG; /* the closing quote was escaped */
	out[n] = '\0';
	*ret = ms_steal(&out);
	return 0;
}

static int parse_value(struct piece value, struct symbol *symbol)
{
	if (value.len == 1 && value.text[0] == 'y')
		symbol->state = MS_KCONFIG_YES;
	else if (value.len == 1 && value.text[0] == 'm')
		symbol->state = MS_KCONFIG_MODULE;
	else if (value.len >= 1 && value.text[0] == '"')
		return unquote(value, &symbol->string);
	else if (!(value.len == 1 && value.text[0] == 'n') && !is_number(value))
		return -EBADMSG;
	return 0;
}

static int add_symbol(struct ms_kconfig *config, struct piece name, size_t line,
		      struct symbol **ret)
{
	struct symbol *symbols =
		ms_room(config->symbols, config->n, &config->room, sizeof(*symbols));

	if (!symbols)
		return -ENOMEM;
	config->symbols = symbols;
	*ret = &config->symbols[config->n];
	**ret = (struct symbol){ .name = strndup(name.text, name.len), .line = line };
	if (!(*ret)->name)
		return -ENOMEM;
	config->n++;
	return 0;
}

/* "# CONFIG_X is not set" is a statement; every other comment is none. */
static int parse_comment(struct ms_kconfig *config, struct piece line, size_t number)
{
	static const char not_set[] = " is not set";
	struct symbol *symbol;
	struct piece rest;
	size_t len;

	if (!starts_with(line, "# CONFIG_"))
		return 0;
	rest = without_start(line, strlen("# CONFIG_"));
	len = name_length(rest);
	if (len == 0 || rest.len - len != strlen(not_set) ||
	    !starts_with(without_start(rest, len), not_set))
		return 0;
	return add_symbol(config, (struct piece){ rest.text, len }, number, &symbol);
}

static int parse_line(struct ms_kconfig *config, struct piece line, size_t number)
{
	struct symbol *symbol;
	struct piece rest;
	size_t len;
	int r;

	if (line.len > 0 && line.text[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0)
		return 0;
	if (line.text[0] == '#')
		return parse_comment(config, line, number);
	if (!starts_with(line, "CONFIG_"))
		return -EBADMSG;
	rest = without_start(line, strlen("CONFIG_"));
	len = name_length(rest);
	if (len == 0 || len == rest.len || rest.text[len] != '=')
		return -EBADMSG;
	r = add_symbol(config, (struct piece){ rest.text, len }, number, &symbol);
	return r < 0 ? r : parse_value(without_start(rest, len + 1), symbol);
}

static int by_name_then_line(const void *a, const void *b)
{
	const struct symbol *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : (left->line > right->line) - (left->line < right->line);
}

int ms_kconfig_parse(struct ms_ctx *ctx, const char *text, size_t len, const char *shown,
		     struct ms_kconfig **ret)
{
	_cleanup_(cleanup_kconfig) struct ms_kconfig *config = calloc(1, sizeof(*config));
	struct piece left = { text, len };

	if (!config)
		return ms_fail_nomem(ctx);
	for (size_t number = 1; left.len > 0; number++) {
		const char *end = memchr(left.text, '\n', left.len);
		size_t line_len = end ? (size_t)(end - left.text) : left.len;
		int r = parse_line(config, (struct piece){ left.text, line_len }, number);

		if (r == -EBADMSG)
			return ms_fail(ctx, r,
				       "'%s', line %zu: no line of a kernel config",
				       shown, number);
		if (r < 0)
			return ms_fail_nomem(ctx);
		left = without_start(left, line_len + (end ? 1 : 0));
	}
	if (config->n == 0)
		return ms_fail(ctx, -EBADMSG, "'%s' is no kernel config: no symbol in it",
			       shown);
	qsort(config->symbols, config->n, sizeof(*config->symbols), by_name_then_line);
	*ret = ms_steal(&config);
	return 0;
}

int ms_kconfig_read(struct ms_ctx *ctx, const char *path, struct ms_kconfig **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf file = { 0 }, text = { 0 };
	struct ms_codec_info info;
	int r = ms_file_read(ctx, path, MAX_SIZE, &file);

	if (r < 0)
		return r;
	if (ms_codec_detect(file.data, file.len) != MS_COMPRESSION_GZIP)
		return ms_kconfig_parse(ctx, (const char *)file.data, file.len, path,
					ret);
	r = ms_codec_unpack(ctx, MS_COMPRESSION_GZIP, file.data, file.len, MAX_SIZE,
			    &text, &info);
	if (r < 0)
		return ms_fail_prefix(ctx, r, "'%s'", path);
	return ms_kconfig_parse(ctx, (const char *)text.data, text.len, path, ret);
}

/* The last of the lines that name the symbol, NULL where there is none. */
static const struct symbol *find(const struct ms_kconfig *config, const char *name)
{
	size_t low = 0, high = config->n;

	while (low < high) { /* the first symbol that sorts behind name */
		size_t middle = low + (high - low) / 2;

		if (strcmp(config->symbols[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || strcmp(config->symbols[low - 1].name, name) != 0)
		return NULL;
	return &config->symbols[low - 1];
}

enum ms_kconfig_state ms_kconfig_state(const struct ms_kconfig *config, const char *name)
{
	const struct symbol *symbol = find(config, name);

	return symbol ? symbol->state : MS_KCONFIG_ABSENT;
}

const char *ms_kconfig_string(const struct ms_kconfig *config, const char *name)
{
	const struct symbol *symbol = find(config, name);

	return symbol ? symbol->string : NULL;
}
