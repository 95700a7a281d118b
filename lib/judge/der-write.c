/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An element is begun with its tag and one byte for its length. When it ends, its
 * content is there, and is moved up where the length needs more bytes. The messages
 * written here are a few kilobytes, so that the moves cost nothing.
 */

#include "der-write.h"

#include <string.h>

/* The content begins here in out; the byte before it is kept for the length. */
size_t ms_der_begin(struct ms_der *der, uint8_t tag)
{
	const uint8_t head[2] = { tag, 0 };

	ms_der_raw(der, head, sizeof(head));
	return der->out->len;
}

/* The bytes behind the first length byte (X.690, 8.1.3): none below 128. */
static size_t more_length_bytes(size_t len)
{
	size_t n = 0;

	if (len < 0x80)
		return 0;
	for (; len; len >>= 8)
		n++;
	return n;
}

void ms_der_end(struct ms_der *der, size_t mark)
{
	struct ms_buf *out = der->out;
	size_t len, more;

	if (der->error < 0)
		return;
	len = out->len - mark;
	more = more_length_bytes(len);
	der->error = ms_buf_reserve(out, more);
	if (der->error < 0)
		return;
	memmove(out->data + mark + more, out->data + mark, len);
	out->len += more;
	out->data[mark - 1] = (uint8_t)(more ? 0x80 | more : len);
	for (size_t i = more; i > 0; i--, len >>= 8)
		out->data[mark + i - 1] = (uint8_t)len;
}

void ms_der_put(struct ms_der *der, uint8_t tag, const void *data, size_t len)
{
	size_t mark = ms_der_begin(der, tag);

	ms_der_raw(der, data, len);
	ms_der_end(der, mark);
}

void ms_der_put_oid(struct ms_der *der, enum ms_oid oid)
{
	size_t len;
	const uint8_t *content = ms_oid_content(oid, &len);

	ms_der_put(der, MS_DER_OID, content, len);
}

/* As short as can be, and with a zero byte where the highest bit would be a sign. */
void ms_der_put_unsigned(struct ms_der *der, const uint8_t *data, size_t len)
{
	static const uint8_t zero = 0;
	size_t mark = ms_der_begin(der, MS_DER_INTEGER);

	for (; len > 0 && !*data; len--)
		data++;
	if (len == 0 || *data & 0x80)
		ms_der_raw(der, &zero, 1);
	ms_der_raw(der, data, len);
	ms_der_end(der, mark);
}

void ms_der_raw(struct ms_der *der, const void *data, size_t len)
{
	if (der->error == 0 && len > 0)
		der->error = ms_buf_append(der->out, data, len);
}

int ms_der_finish(const struct ms_der *der)
{
	return der->error;
}
