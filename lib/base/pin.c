/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Finding the PIN in a pkcs11: URI (RFC 7512, 2.4: the query's attribute pin-value).
 *
 * It is looked for in any text, since a URI stands in the midst of messages, lines of
 * configurations and misspelt options; and in spellings that no token would take, upper
 * case or percent-encoded, since a PIN that was of no use is a PIN all the same. So what
 * is taken for one may be none. The other mistake is the one that counts.
 */

#include "pin.h"

#include <modseal/secret.h>

#include <string.h>
#include <strings.h>

#define SCHEME "pkcs11:"

/* RFC 3986, 3.1: a scheme is the same in upper and lower case. */
bool ms_is_pkcs11(const char *name)
{
	return !strncasecmp(name, SCHEME, strlen(SCHEME));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The bytes that one character takes at @text, percent-encoded or not; 0: another. */
static size_t same_character(const char *text, char wanted)
{
	int high, low;

	if (lower(*text) == wanted)
		return 1;
	high = *text == '%' ? hex_digit(text[1]) : -1;
	low = high >= 0 ? hex_digit(text[2]) : -1;
	return low >= 0 && lower((char)(high << 4 | low)) == wanted ? 3 : 0;
}

/* The length of "pin-value=" at @text, 0 where that is not there. */
static size_t name_at(const char *text)
{
	size_t len = 0;

	for (const char *wanted = "pin-value="; *wanted; wanted++) {
		size_t n = same_character(text + len, *wanted);

		if (n == 0)
			return 0;
		len += n;
	}
	return len;
}

/* Where the value of the next pin-value begins, or NULL. */
static char *next_value(const char *text)
{
	for (; *text; text++) {
		size_t len = name_at(text);

		if (len > 0)
			return (char *)text + len;
	}
	return NULL;
}

/* Is there another attribute of the URI's query behind an ampersand? */
static bool is_attribute(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_.");

	return len > 0 && text[len] == '=';
}

/* Where the value ends, at @limit at the latest. */
static const char *end_of(const char *value, const char *limit)
{
	while (value < limit && !(*value == '&' && is_attribute(value + 1)))
		value++;
	return value;
}

static bool is_quote(char c)
{
	return c == '\'' || c == '"';
}

/*
 * A message quotes what it names, and a PIN may have quotes in it, with anything behind
 * them. So where a quote stands before the URI, the PIN ends at the last one of its kind
 * that the text has, and else with the text: rather less of the message than more of the PIN.
 */
void ms_pin_strip(char *text)
{
	const char *in = text, *end = text + strlen(text);
	const char *last_quote = strrchr(text, '\''), *last_double = strrchr(text, '"');
	char *out = text, quote = '\0';
	bool in_uri = false;

	while (*in) {
		size_t len = name_at(in), dots = 0;
		const char *limit = quote == '\'' ? last_quote
				    : quote	  ? last_double
						  : end;

		if (ms_is_pkcs11(in)) {
			in_uri = true;
			quote = in > text && is_quote(in[-1]) ? in[-1] : '\0';
		} else if (!in_uri && is_quote(*in)) {
			quote = *in; /* a URI that is misspelt */
		}
		memmove(out, in, len ? len : 1);
		out += len ? len : 1;
		in += len ? len : 1;
		if (len == 0)
			continue;
		for (limit = end_of(in, limit > in ? limit : end); in < limit; in++)
			if (dots++ < 3)
				*out++ = '.';
	}
	*out = '\0';
}

bool ms_holds_pin(const char *text)
{
	return next_value(text) != NULL;
}

char *ms_without_pin(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		ms_pin_strip(copy);
	return copy;
}
