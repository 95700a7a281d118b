// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading and writing a module's trailer (trailer.h draws it and names the rules).
 *
 * The reader works from the file's end: marker, struct, signature, and only then the legacy
 * names. Each length is compared with what is left before it, and only a length that is
 * smaller is taken off, so nothing wraps, and something is left for the payload.
 */
#include "trailer.h"

const uint8_t ms_marker[MS_MARKER_LEN] = MS_MARKER;

/*@
  requires ms_readable(data, len);
  assigns \nothing;
  ensures \result == 0 || \result == 1;
  ensures \result == 1 <==> ms_marked(data, len);
*/
static int is_marked(const uint8_t *data, size_t len)
{
	size_t start;

	if (len <= MS_MARKER_LEN)
		return 0;

	start = len - MS_MARKER_LEN;
	/*@
	  loop invariant 0 <= i <= 28;
	  loop invariant \forall integer k; 0 <= k < i ==> data[start + k] == ms_marker[k];
	  loop assigns i;
	  loop variant 28 - i;
	*/
	for (size_t i = 0; i < MS_MARKER_LEN; i++)
		if (data[start + i] != ms_marker[i])
			return 0;
	return 1;
}

/*
 * The struct's fields, of a file that has room for them; all else is 0. Small helpers that
 * return by value, here and below, are what the provers can follow.
 */
/*@
  requires ms_readable(data, len) && len > 40;
  assigns \nothing;
  ensures ms_places_zero(\result);
  ensures ms_fields_of(\result, data, len);
  ensures \result.state == MS_TRAILER_UNDECIDED && \result.fault == MS_TRAILER_FAULT_NONE;
*/
static struct ms_trailer read_info(const uint8_t *data, size_t len)
{
	struct ms_cursor c = ms_cur_of(data, len);
	struct ms_trailer t = { .state = MS_TRAILER_UNDECIDED };
	const uint8_t *fields;
	uint32_t claimed_len;

	if (ms_cur_seek(&c, len - MS_TRAILER_END_LEN) < 0 ||
	    ms_cur_bytes(&c, 8, &fields) < 0 || ms_cur_be32(&c, &claimed_len) < 0)
		return t; /* never; info_off 0 would make it broken */

	/*@ assert fields == data + (len - 40); */
	/*@ assert claimed_len == ms_be32_at(data, len - 32); */
	t.info_off = len - MS_TRAILER_END_LEN;
	t.claimed_len = claimed_len;
	t.algo = fields[0];
	t.hash = fields[1];
	t.id_type = fields[2];
	t.signer_len = fields[3];
	t.key_id_len = fields[4];
	t.pad[0] = fields[5];
	t.pad[1] = fields[6];
	t.pad[2] = fields[7];
	return t;
}

/* How many bytes of names stand before the signature. */
/*@
  assigns \nothing;
  ensures \result == (t.id_type <= 1 ? t.signer_len + t.key_id_len : 0);
*/
static size_t names_len(struct ms_trailer t)
{
	if (t.id_type != MS_TRAILER_PGP && t.id_type != MS_TRAILER_X509)
		return 0;
	return (size_t)t.signer_len + t.key_id_len;
}

struct ms_trailer ms_trailer_read(const uint8_t *data, size_t len)
{
	struct ms_trailer t = { .state = MS_TRAILER_ABSENT, .payload_len = len };
	size_t before_sig, names;

	if (!is_marked(data, len))
		return t;

	t.state = MS_TRAILER_BROKEN;
	t.fault = MS_TRAILER_FAULT_NO_ROOM;
	t.payload_len = 0;
	if (len - MS_MARKER_LEN <= MS_TRAILER_INFO_LEN)
		return t;

	t = read_info(data, len);
	t.state = MS_TRAILER_BROKEN;
	t.fault = MS_TRAILER_FAULT_SIG_LEN;
	if (t.claimed_len >= t.info_off)
		return t;

	t.fault = MS_TRAILER_FAULT_NAMES;
	before_sig = t.info_off - t.claimed_len;
	names = names_len(t);
	if (names >= before_sig)
		return t;

	t.state = MS_TRAILER_PRESENT;
	t.fault = MS_TRAILER_FAULT_NONE;
	t.sig_off = before_sig;
	t.sig_len = t.claimed_len;
	t.payload_len = before_sig - names;
	if (t.id_type <= MS_TRAILER_X509) {
		t.signer_off = t.payload_len;
		t.key_id_off = t.payload_len + t.signer_len;
	}
	return t;
}

int ms_trailer_errno(const struct ms_trailer *t)
{
	switch (t->state) {
	case MS_TRAILER_ABSENT:
		return -ENODATA;
	case MS_TRAILER_BROKEN:
		return t->fault == MS_TRAILER_FAULT_NAMES ? -ENOPKG : -EBADMSG;
	case MS_TRAILER_PRESENT:
		break;
	default:
		return -EINVAL;
	}

	if (t->id_type != MS_TRAILER_PKCS7)
		return -ENOPKG;
	if (t->algo != 0 || t->hash != 0 || t->signer_len != 0 || t->key_id_len != 0 ||
	    t->pad[0] != 0 || t->pad[1] != 0 || t->pad[2] != 0)
		return -EBADMSG;
	return 0;
}

const char *ms_trailer_reason(const struct ms_trailer *t)
{
	switch (t->fault) {
	case MS_TRAILER_FAULT_NO_ROOM:
		return "the file ends in a marker with no room for a trailer before it";
	case MS_TRAILER_FAULT_SIG_LEN:
		return "the trailer's sig_len reaches the start of the file, or beyond";
	case MS_TRAILER_FAULT_NAMES:
		return "the trailer's signer and key id reach the start of the file, or beyond";
	case MS_TRAILER_FAULT_NONE:
		break;
	}

	switch (ms_trailer_errno(t)) {
	case 0:
		return NULL;
	case -ENODATA:
		return "no signature";
	case -ENOPKG:
		return "the trailer is not of type PKCS#7";
	case -EBADMSG:
		return "a field of the trailer that must be zero is not";
	default:
		return "the trailer was not read";
	}
}

/*@
  requires at + 2 <= SIZE_MAX && \valid(ret + (at .. at + 1));
  assigns ret[at .. at + 1];
  ensures ms_be16_at(ret, at) == value;
*/
static void put_be16(uint16_t value, uint8_t *ret, size_t at)
{
	ret[at] = (uint8_t)(value / 256);
	ret[at + 1] = (uint8_t)(value % 256);
}

/*@
  requires \valid(ret + (0 .. 39)) && \separated(ret + (0 .. 39), ms_marker + (0 .. 27));
  assigns ret[12 .. 39];
  ensures \forall integer i; 0 <= i < 28 ==> ret[12 + i] == ms_marker[i];
*/
static void put_marker(uint8_t *ret)
{
	/*@
	  loop invariant 0 <= i <= 28;
	  loop invariant \forall integer k; 0 <= k < i ==> ret[12 + k] == ms_marker[k];
	  loop assigns i, ret[12 .. 39];
	  loop variant 28 - i;
	*/
	for (size_t i = 0; i < MS_MARKER_LEN; i++)
		ret[MS_TRAILER_INFO_LEN + i] = ms_marker[i];
}

void ms_trailer_write(uint32_t sig_len, uint8_t ret[MS_TRAILER_END_LEN])
{
	ret[0] = 0;
	ret[1] = 0;
	ret[2] = MS_TRAILER_PKCS7;
	ret[3] = 0;
	ret[4] = 0;
	ret[5] = 0;
	ret[6] = 0;
	ret[7] = 0;
	put_be16((uint16_t)(sig_len / 65536), ret, 8);
	put_be16((uint16_t)(sig_len % 65536), ret, 10);
	put_marker(ret);
}
