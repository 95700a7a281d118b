/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/base.h>

#include "checked.h"
#include "cleanup.h"

char *ms_format(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	return len < 0 ? NULL : text;
}

static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int ms_hex_append(struct ms_buf *buf, const uint8_t *data, size_t len)
{
	size_t size;
	int r;

	if (!ms_mul_ok(len, 2, &size))
		return -ENOMEM;
	r = ms_buf_reserve(buf, size);
	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++) {
		buf->data[buf->len++] = (uint8_t)hex_lower[data[i] >> 4];
		buf->data[buf->len++] = (uint8_t)hex_lower[data[i] & 15];
	}
	return 0;
}

char *ms_hex_colons(const uint8_t *data, size_t len)
{
	size_t size;
	char *text;

	if (!ms_mul_ok(len, 3, &size))
		return NULL;
	text = malloc(size + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		text[3 * i] = hex_upper[data[i] >> 4];
		text[3 * i + 1] = hex_upper[data[i] & 15];
		text[3 * i + 2] = ':';
	}
	text[len ? size - 1 : 0] = '\0';
	return text;
}

static int hex_value(const char *digits, char c)
{
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

int ms_hex_decode(const char *text, size_t text_len, uint8_t *ret, size_t len)
{
	if (text_len / 2 != len || text_len % 2)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(hex_lower, text[2 * i]);
		int low = hex_value(hex_lower, text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int ms_base64_append(struct ms_buf *buf, const uint8_t *data, size_t len)
{
	size_t size;
	int r;

	if (!ms_mul_ok(len / 3 + 1, 4, &size))
		return -ENOMEM;
	r = ms_buf_reserve(buf, size);
	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)data[i] << 16 | (n > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
			     (n > 2 ? data[i + 2] : 0);
		uint8_t *out = buf->data + buf->len;

		out[0] = (uint8_t)base64_digits[v >> 18];
		out[1] = (uint8_t)base64_digits[v >> 12 & 63];
		out[2] = n > 1 ? (uint8_t)base64_digits[v >> 6 & 63] : '=';
		out[3] = n > 2 ? (uint8_t)base64_digits[v & 63] : '=';
		buf->len += 4;
	}
	return 0;
}

/* One group of four characters to one to three bytes; returns their number. */
static int base64_group(const char *text, bool last, uint8_t ret[3])
{
	int digits = 4;
	uint32_t v = 0;

	if (last && text[3] == '=')
		digits = text[2] == '=' ? 2 : 3;
	for (int i = 0; i < 4; i++) {
		int d = i < digits ? hex_value(base64_digits, text[i]) : 0;

		if (d < 0)
			return -EBADMSG;
		v = v << 6 | (uint32_t)d;
	}
	if ((digits == 2 && v & 0xffff) || (digits == 3 && v & 0xff))
		return -EBADMSG;
	ret[0] = (uint8_t)(v >> 16);
	ret[1] = (uint8_t)(v >> 8);
	ret[2] = (uint8_t)v;
	return digits - 1;
}

int ms_base64_decode(const char *text, size_t text_len, struct ms_buf *ret)
{
	if (text_len % 4)
		return -EBADMSG;
	for (size_t i = 0; i < text_len; i += 4) {
		uint8_t bytes[3];
		int n = base64_group(text + i, i + 4 == text_len, bytes);
		int r = n < 0 ? n : ms_buf_append(ret, bytes, (size_t)n);

		if (r < 0)
			return r;
	}
	return 0;
}

static int append_percent_code(struct ms_buf *buf, uint8_t c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char code[] = { '%', digits[c >> 4], digits[c & 15] };

	return ms_buf_append(buf, code, sizeof(code));
}

int ms_percent_append(struct ms_buf *buf, const char *path)
{
	for (; *path; path++) {
		uint8_t c = (uint8_t)*path;
		int r;

		if (c < 0x21 || c > 0x7e || c == '%')
			r = append_percent_code(buf, c);
		else
			r = ms_buf_append(buf, &c, 1);
		if (r < 0)
			return r;
	}
	return 0;
}

int ms_percent_decode(const char *text, size_t text_len, char **ret)
{
	_cleanup_free_ char *out = malloc(text_len + 1);
	size_t n = 0;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < text_len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c < 0x21 || c > 0x7e)
			return -EBADMSG;
		if (c == '%') {
			int high = text_len - i > 2 ? hex_value(hex_upper, text[i + 1]) : -1;
			int low = high >= 0 ? hex_value(hex_upper, text[i + 2]) : -1;

			if (low < 0 || !(high | low))
				return -EBADMSG;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	*ret = ms_steal(&out);
	return 0;
}

size_t ms_text_cut(const char *text, size_t len, size_t max)
{
	enum { MOST_CONTINUED = 3 };
	size_t cut = max;

	if (len <= max)
		return len;
	while (cut > 0 && max - cut < MOST_CONTINUED &&
	       ((uint8_t)text[cut] & 0xc0) == 0x80)
		cut--;
	return ((uint8_t)text[cut] & 0xc0) == 0x80 ? max : cut;
}

bool ms_ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && !memcmp(text + len - suffix_len, suffix, suffix_len);
}

/* The smallest code point that needs a sequence of that length (RFC 3629). */
static const uint32_t utf8_least[] = { 0, 0, 0x80, 0x800, 0x10000 };

/*
 * The length of the valid UTF-8 sequence at @s, 0 where there is none. A NUL is no
 * continuation byte, so the sequence never runs past the end of the string.
 */
static size_t utf8_sequence(const uint8_t *s, uint32_t *ret_code_point)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
		     s[0] < 0xf8 ? 4 : 0;
	uint32_t code_point = len == 1 ? s[0] : s[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code_point = code_point << 6 | (s[i] & 0x3f);
	}
	if (len > 1 && (code_point < utf8_least[len] || code_point > 0x10ffff ||
			(code_point >= 0xd800 && code_point < 0xe000)))
		return 0;
	*ret_code_point = code_point;
	return len;
}

static bool is_hex_pair(const char *s)
{
	return s[0] && strchr("0123456789abcdefABCDEF", s[0]) && s[1] &&
	       strchr("0123456789abcdefABCDEF", s[1]);
}

char *ms_path_to_utf8(const char *path)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	int r = 0;

	while (*path && r == 0) {
		uint32_t code_point;
		size_t n = utf8_sequence((const uint8_t *)path, &code_point);

		if (n == 0 || (*path == '%' && is_hex_pair(path + 1)))
			r = append_percent_code(&out, (uint8_t)*path);
		else
			r = ms_buf_append(&out, path, n);
		path += n ? n : 1;
	}
	if (r < 0 || ms_buf_append(&out, "", 1) < 0)
		return NULL;
	return (char *)ms_steal(&out.data);
}

/*
 * What a terminal might obey: C0, DEL, C1, and the marks that change the direction of
 * text, with which a name can be made to read as another.
 */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t ms_text_shown(const char *text)
{
	uint32_t code_point = 0;
	size_t n = utf8_sequence((const uint8_t *)text, &code_point);

	return n > 0 && !is_control(code_point) ? n : 0;
}

static int escape_bytes(struct ms_buf *out, const char *s, size_t n)
{
	int r = 0;

	if (n == 1 && (*s == '\n' || *s == '\t' || *s == '\r'))
		return ms_buf_append_str(out, *s == '\n' ? "\\n" : *s == '\t' ? "\\t" : "\\r");
	for (size_t i = 0; i < n && r == 0; i++)
		r = ms_buf_printf(out, "\\x%02x", (uint8_t)s[i]);
	return r;
}

char *ms_text_escape(const char *text)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	int r = 0;

	while (*text && r == 0) {
		uint32_t code_point = 0;
		size_t n = utf8_sequence((const uint8_t *)text, &code_point);

		if (n == 0 || is_control(code_point))
			r = escape_bytes(&out, text, n ? n : 1);
		else
			r = ms_buf_append(&out, text, n);
		text += n ? n : 1;
	}
	if (r < 0 || ms_buf_append(&out, "", 1) < 0)
		return NULL;
	return (char *)ms_steal(&out.data);
}
