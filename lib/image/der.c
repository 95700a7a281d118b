/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* As much of DER as it takes to find where a certificate ends (X.690, 8.1 and 10.1). */

#include "../base/cursor.h"
#include "reading.h"

enum { TAG_SEQUENCE = 0x30, LENGTH_LONG = 0x80, MAX_LENGTH_BYTES = 3 };

/* A length in its shortest form, as DER demands. */
static int read_length(struct ms_cursor *c, size_t *ret)
{
	uint8_t first, byte = 0;
	size_t length = 0;
	int r = ms_cur_u8(c, &first);

	if (r < 0)
		return r;
	if (first < LENGTH_LONG) {
		*ret = first;
		return 0;
	}
	first &= LENGTH_LONG - 1;
	if (first == 0 || first > MAX_LENGTH_BYTES)
		return -EBADMSG;
	for (unsigned i = 0; i < first; i++) {
		r = ms_cur_u8(c, &byte);
		if (r < 0)
			return r;
		length = length << 8 | byte;
	}
	if (length < LENGTH_LONG || length >> 8 * (first - 1) == 0)
		return -EBADMSG;
	*ret = length;
	return 0;
}

/* The contents of the SEQUENCE that is next. */
static int read_sequence(struct ms_cursor *c, struct ms_cursor *ret)
{
	uint8_t tag;
	size_t length;
	int r = ms_cur_u8(c, &tag);

	if (r < 0 || tag != TAG_SEQUENCE)
		return -EBADMSG;
	r = read_length(c, &length);
	return r < 0 ? r : ms_cur_sub(c, length, ret);
}

size_t ms_der_sequence_size(const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len), contents;

	return read_sequence(&c, &contents) < 0 ? 0 : len - ms_cur_left(&c);
}

/*
 * Certificate and TBSCertificate are SEQUENCEs (RFC 5280, 4.1); in a TBSCertificate comes
 * the version, [0], or, where that is 1, the serial number, an INTEGER. A private key or
 * a PKCS#7 message begins otherwise.
 */
bool ms_der_may_be_certificate(const uint8_t *data, size_t size)
{
	struct ms_cursor c = ms_cur_of(data, size), certificate, tbs;
	uint8_t tag;

	return read_sequence(&c, &certificate) == 0 && ms_cur_left(&c) == 0 &&
	       read_sequence(&certificate, &tbs) == 0 && ms_cur_u8(&tbs, &tag) == 0 &&
	       (tag == 0xa0 || tag == 0x02) && ms_cur_left(&certificate) > 0;
}
