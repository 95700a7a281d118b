/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Files of certificates.
 *
 * DER: one certificate or several, one behind the other, and nothing else.
 *
 * PEM (RFC 7468): blocks of CERTIFICATE (or X509 CERTIFICATE, its old name), with any
 * text between them. Blocks of other kinds are passed over, because the file that holds a
 * kernel's signing key holds its certificate too; but a TRUSTED CERTIFICATE is refused:
 * it says for what OpenSSL is to trust it, which no kernel would heed. A block that does
 * not end, or is not base64 of exactly one certificate, is an error.
 */

#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "reading.h"

int ms_certfile_read_der(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t size = ms_der_sequence_size(data + at, len - at);
		int r;

		if (size == 0 || !ms_der_may_be_certificate(data + at, size))
			return ms_reading_fail(reading, -EBADMSG,
					       "no certificate at offset %zu", at);
		r = ms_reading_add_cert(reading, MS_CERT_IN_FILE, data + at, size);
		if (r < 0)
			return r;
		at += size;
	}
	return 0;
}

static const char begin_mark[] = "-----BEGIN ";
static const char end_mark[] = "-----END ";
static const char dashes[] = "-----";

/* The text that is being read, a line at a time. */
struct lines {
	const char *at;
	size_t left;
	size_t number;
	const char *line; /* the current one, without its end and trailing spaces */
	size_t len;
};

static bool next_line(struct lines *lines)
{
	const char *end;

	if (lines->left == 0)
		return false;
	end = memchr(lines->at, '\n', lines->left);
	lines->line = lines->at;
	lines->len = end ? (size_t)(end - lines->at) : lines->left;
	lines->at += lines->len + (end ? 1 : 0);
	lines->left -= lines->len + (end ? 1 : 0);
	lines->number++;
	while (lines->len > 0 && lines->line[lines->len - 1] &&
	       strchr(" \t\r", lines->line[lines->len - 1]))
		lines->len--;
	return true;
}

/* "-----BEGIN label-----": the label, as far as it is one. */
static bool has_mark(const struct lines *lines, const char *mark, const char **ret_label,
		     size_t *ret_len)
{
	size_t mark_len = strlen(mark), tail = strlen(dashes);

	if (lines->len < mark_len + tail || memcmp(lines->line, mark, mark_len) != 0 ||
	    memcmp(lines->line + lines->len - tail, dashes, tail) != 0)
		return false;
	*ret_label = lines->line + mark_len;
	*ret_len = lines->len - mark_len - tail;
	return true;
}

bool ms_certfile_is_pem(const uint8_t *data, size_t len)
{
	const char *label;
	size_t label_len;
	struct lines lines = { .at = (const char *)data, .left = len };

	/* a file of binary kind has no such line at the start of a line */
	while (next_line(&lines))
		if (has_mark(&lines, begin_mark, &label, &label_len))
			return true;
	return false;
}

static bool is_label(const char *label, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(label, name, len) == 0;
}

/* Collects the base64 up to the line that ends the block, which must have its label. */
static int read_block(struct ms_reading *reading, struct lines *lines, const char *label,
		      size_t label_len, struct ms_buf *ret)
{
	size_t first = lines->number;

	while (next_line(lines)) {
		const char *end_label;
		size_t end_len;

		if (has_mark(lines, end_mark, &end_label, &end_len)) {
			if (end_len == label_len &&
			    memcmp(label, end_label, end_len) == 0)
				return 0;
			break;
		}
		if (has_mark(lines, begin_mark, &end_label, &end_len))
			break;
		if (ms_buf_append(ret, lines->line, lines->len) < 0)
			return ms_fail_nomem(reading->ctx);
	}
	return ms_reading_fail(reading, -EBADMSG, "the PEM block in line %zu has no end",
			       first);
}

static int add_block(struct ms_reading *reading, const struct ms_buf *text, size_t line)
{
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	int r = ms_base64_decode((const char *)text->data, text->len, &der);

	if (r == -ENOMEM)
		return ms_fail_nomem(reading->ctx);
	if (r < 0)
		return ms_reading_fail(reading, r,
				       "the PEM block in line %zu is no base64", line);
	if (der.len == 0 || ms_der_sequence_size(der.data, der.len) != der.len ||
	    !ms_der_may_be_certificate(der.data, der.len))
		return ms_reading_fail(reading, -EBADMSG,
				       "the PEM block in line %zu holds no certificate",
				       line);
	return ms_reading_add_cert(reading, MS_CERT_IN_FILE, der.data, der.len);
}

int ms_certfile_read_pem(struct ms_reading *reading, const uint8_t *data, size_t len)
{
	struct lines lines = { .at = (const char *)data, .left = len };

	while (next_line(&lines)) {
		_cleanup_(ms_buf_wipe) struct ms_buf text = { 0 };
		size_t label_len, first = lines.number;
		const char *label;
		int r = ms_check_cancelled(reading->ctx);

		if (r < 0)
			return r;
		if (!has_mark(&lines, begin_mark, &label, &label_len))
			continue;
		if (is_label(label, label_len, "TRUSTED CERTIFICATE"))
			return ms_reading_fail(
				reading, -EBADMSG,
				"line %zu: a TRUSTED CERTIFICATE block, whose "
				"trust settings mean nothing to a kernel",
				first);
		r = read_block(reading, &lines, label, label_len, &text);
		if (r < 0)
			return r;
		if (!is_label(label, label_len, "CERTIFICATE") &&
		    !is_label(label, label_len, "X509 CERTIFICATE"))
			continue;
		r = add_block(reading, &text, first);
		if (r < 0)
			return r;
	}
	return 0;
}
