/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_MODULE_TRAILER_H
#define MS_MODULE_TRAILER_H

/*
 * The trailer of a signed module: delimited here, exactly as the kernel does it, and not
 * judged. A file that is signed ends in
 *
 *	payload ‖ signature (PKCS#7, DER) ‖ struct module_signature ‖ marker
 *
 *	offset  size  struct module_signature (12 bytes)
 *	     0     1  algo         0
 *	     1     1  hash         0
 *	     2     1  id_type      2 = PKCS#7; 0 = PGP and 1 = X.509 are legacy
 *	     3     1  signer_len   0
 *	     4     1  key_id_len   0
 *	     5     3  pad          0
 *	     8     4  sig_len      big-endian, less than what is left before the struct
 *
 * The rules are those of Linux, kernel/module/signing.c:module_sig_check(),
 * mod_verify_sig() and kernel/module_signature.c:mod_check_sig(), which are the same from
 * 6.1 to 7.3: there is a trailer where more than the marker is there and the marker ends the
 * file; it is broken where what is left before the marker is not more than the struct, or
 * where sig_len is not less than what is left before the struct. A payload is therefore
 * never empty.
 *
 * Kernels before 4.3 wrote id_type 0 and 1, with a signer's name and a key identifier
 * between payload and signature (Linux 3.7, kernel/module_signing.c). Their lengths are
 * believed for these two types only, and must leave a payload too. Today's kernel answers
 * ENOPKG for every id_type but 2 before it looks at anything else, names that do not fit
 * included; ms_trailer_errno() does the same. To it, the signed bytes would be those before
 * sig_off: for PKCS#7 that is payload_len, and for the legacy types nobody asks.
 *
 * The comments that begin with an at sign are contracts in ACSL, proven by proofs/run for
 * files of any size.
 */

#include "../base/cursor.h"

#define MS_MARKER           "~Module signature appended~\n" /* without its NUL */
#define MS_MARKER_LEN       28
#define MS_TRAILER_INFO_LEN 12 /* struct module_signature */
#define MS_TRAILER_END_LEN  40 /* the struct and the marker */

extern const uint8_t ms_marker[MS_MARKER_LEN];

enum ms_trailer_state {
	MS_TRAILER_UNDECIDED = 0, /* nobody has looked yet */
	MS_TRAILER_ABSENT,        /* no marker at the end */
	MS_TRAILER_PRESENT,       /* delimited; its fields may still be what no kernel takes */
	MS_TRAILER_BROKEN,        /* a marker, and before it nothing that could be a trailer */
};

/* Why a trailer is BROKEN. */
enum ms_trailer_fault {
	MS_TRAILER_FAULT_NONE = 0,
	MS_TRAILER_FAULT_NO_ROOM, /* not more bytes before the marker than the struct has */
	MS_TRAILER_FAULT_SIG_LEN, /* the signature would reach the file's start, or beyond */
	MS_TRAILER_FAULT_NAMES,   /* legacy: signer and key id would reach the start, or beyond */
};

enum ms_trailer_id_type {
	MS_TRAILER_PGP = 0,
	MS_TRAILER_X509 = 1,
	MS_TRAILER_PKCS7 = 2,
	MS_TRAILER_MERKLE = 3, /* a proof; of no kernel that is released */
};

struct ms_trailer {
	enum ms_trailer_state state;
	enum ms_trailer_fault fault;

	/* Places and lengths in the file, in bytes; 0 where the state does not tell. */
	size_t payload_len; /* ABSENT: the whole file; PRESENT: what stands before the trailer */
	size_t signer_off;  /* PRESENT and id_type 0 or 1: signer_len bytes, any bytes */
	size_t key_id_off;  /* PRESENT and id_type 0 or 1: key_id_len bytes, any bytes */
	size_t sig_off;     /* PRESENT */
	size_t sig_len;     /* PRESENT; may be 0, which no kernel takes for a PKCS#7 message */
	size_t info_off;    /* the struct; PRESENT or BROKEN, but with NO_ROOM */

	/* The struct's fields as they stand; PRESENT or BROKEN, but with NO_ROOM. */
	uint32_t claimed_len; /* the field sig_len */
	uint8_t algo, hash, id_type, signer_len, key_id_len, pad[3];
};

/*@
  predicate ms_marked{L}(uint8_t *d, integer len) =
    len > 28 && \forall integer i; 0 <= i < 28 ==> d[len - 28 + i] == ms_marker[i];

  // what the struct says, where there is room for one
  logic integer ms_claimed{L}(uint8_t *d, integer len) = ms_be32_at(d, len - 32);
  logic integer ms_id_type{L}(uint8_t *d, integer len) = d[len - 38];
  logic integer ms_names_len{L}(uint8_t *d, integer len) =
    ms_id_type(d, len) <= 1 ? d[len - 37] + d[len - 36] : 0;

  predicate ms_no_room{L}(uint8_t *d, integer len) = ms_marked(d, len) && len - 28 <= 12;
  predicate ms_has_info{L}(uint8_t *d, integer len) = ms_marked(d, len) && len - 28 > 12;
  predicate ms_sig_too_long{L}(uint8_t *d, integer len) =
    ms_has_info(d, len) && ms_claimed(d, len) >= len - 40;
  predicate ms_names_too_long{L}(uint8_t *d, integer len) =
    ms_has_info(d, len) && ms_claimed(d, len) < len - 40 &&
    ms_names_len(d, len) >= len - 40 - ms_claimed(d, len);
  predicate ms_delimited{L}(uint8_t *d, integer len) =
    ms_has_info(d, len) && ms_claimed(d, len) + ms_names_len(d, len) < len - 40;

  predicate ms_fields_zero(struct ms_trailer t) =
    t.info_off == 0 && t.claimed_len == 0 && t.algo == 0 && t.hash == 0 &&
    t.id_type == 0 && t.signer_len == 0 && t.key_id_len == 0 &&
    t.pad[0] == 0 && t.pad[1] == 0 && t.pad[2] == 0;
  predicate ms_fields_of{L}(struct ms_trailer t, uint8_t *d, integer len) =
    t.info_off == len - 40 && t.claimed_len == ms_be32_at(d, len - 32) &&
    t.algo == d[len - 40] && t.hash == d[len - 39] && t.id_type == d[len - 38] &&
    t.signer_len == d[len - 37] && t.key_id_len == d[len - 36] &&
    t.pad[0] == d[len - 35] && t.pad[1] == d[len - 34] && t.pad[2] == d[len - 33];
  predicate ms_places_zero(struct ms_trailer t) =
    t.payload_len == 0 && t.signer_off == 0 && t.key_id_off == 0 && t.sig_off == 0 &&
    t.sig_len == 0;
*/

/**
 * Delimits the outermost trailer of a file.
 * @data: the whole file, unpacked, borrowed for the call only; may be NULL where @len is 0
 * @len: its length in bytes, any
 *
 * Returns the trailer; its state is never MS_TRAILER_UNDECIDED. Nothing can fail.
 */
/*@
  requires ms_readable(data, len);
  assigns \nothing;
  behavior absent:
    assumes !ms_marked(data, len);
    ensures \result.state == MS_TRAILER_ABSENT && \result.fault == MS_TRAILER_FAULT_NONE &&
      \result.payload_len == len && \result.sig_off == 0 && \result.sig_len == 0 &&
      \result.signer_off == 0 && \result.key_id_off == 0 && ms_fields_zero(\result);
  behavior no_room:
    assumes ms_no_room(data, len);
    ensures \result.state == MS_TRAILER_BROKEN && \result.fault == MS_TRAILER_FAULT_NO_ROOM &&
      ms_places_zero(\result) && ms_fields_zero(\result);
  behavior sig_too_long:
    assumes ms_sig_too_long(data, len);
    ensures \result.state == MS_TRAILER_BROKEN && \result.fault == MS_TRAILER_FAULT_SIG_LEN &&
      ms_places_zero(\result) && ms_fields_of(\result, data, len);
  behavior names_too_long:
    assumes ms_names_too_long(data, len);
    ensures \result.state == MS_TRAILER_BROKEN && \result.fault == MS_TRAILER_FAULT_NAMES &&
      ms_places_zero(\result) && ms_fields_of(\result, data, len) && \result.id_type <= 1;
  behavior present:
    assumes ms_delimited(data, len);
    ensures \result.state == MS_TRAILER_PRESENT && \result.fault == MS_TRAILER_FAULT_NONE &&
      ms_fields_of(\result, data, len);
    ensures \result.payload_len > 0 &&
      \result.payload_len + ms_names_len(data, len) == \result.sig_off &&
      \result.sig_off + \result.sig_len == \result.info_off &&
      \result.info_off + 40 == len && \result.sig_len == \result.claimed_len;
    ensures \result.id_type <= 1 ?
      \result.signer_off == \result.payload_len &&
      \result.key_id_off == \result.signer_off + \result.signer_len &&
      \result.sig_off == \result.key_id_off + \result.key_id_len :
      \result.signer_off == 0 && \result.key_id_off == 0;
  complete behaviors;
  disjoint behaviors;
*/
struct ms_trailer ms_trailer_read(const uint8_t *data, size_t len);

/**
 * The kernel's answer to the trailer alone, in the kernel's order.
 *
 * Returns 0 where the kernel goes on to parse the signature as PKCS#7; -ENODATA for no
 * marker; -EBADMSG for no room or a sig_len that is too large; then -ENOPKG for an id_type
 * other than 2; then -EBADMSG for any other field that is not 0. -EINVAL where no trailer was
 * read (UNDECIDED), which is a fault of the caller.
 */
/*@
  requires \valid_read(t);
  assigns \nothing;
  behavior absent:
    assumes t->state == MS_TRAILER_ABSENT;
    ensures \result == -ENODATA;
  behavior broken:
    assumes t->state == MS_TRAILER_BROKEN && t->fault != MS_TRAILER_FAULT_NAMES;
    ensures \result == -EBADMSG;
  behavior legacy:
    assumes t->state == MS_TRAILER_BROKEN && t->fault == MS_TRAILER_FAULT_NAMES;
    ensures \result == -ENOPKG;
  behavior not_pkcs7:
    assumes t->state == MS_TRAILER_PRESENT && t->id_type != 2;
    ensures \result == -ENOPKG;
  behavior reserved:
    assumes t->state == MS_TRAILER_PRESENT && t->id_type == 2;
    assumes t->algo != 0 || t->hash != 0 || t->signer_len != 0 || t->key_id_len != 0 ||
      t->pad[0] != 0 || t->pad[1] != 0 || t->pad[2] != 0;
    ensures \result == -EBADMSG;
  behavior good:
    assumes t->state == MS_TRAILER_PRESENT && t->id_type == 2;
    assumes t->algo == 0 && t->hash == 0 && t->signer_len == 0 && t->key_id_len == 0 &&
      t->pad[0] == 0 && t->pad[1] == 0 && t->pad[2] == 0;
    ensures \result == 0;
  behavior undecided:
    assumes t->state != MS_TRAILER_ABSENT && t->state != MS_TRAILER_BROKEN &&
      t->state != MS_TRAILER_PRESENT;
    ensures \result == -EINVAL;
  complete behaviors;
  disjoint behaviors;
*/
int ms_trailer_errno(const struct ms_trailer *t);

/**
 * What ms_trailer_errno() found, in words: a constant for messages, lower case, no full
 * stop. NULL where it returns 0.
 */
/*@
  requires \valid_read(t);
  assigns \nothing;
*/
const char *ms_trailer_reason(const struct ms_trailer *t);

/**
 * Writes what stands behind a PKCS#7 signature: the struct and the marker.
 * @sig_len: length of the signature in bytes. That it is longer than a kernel reads is not
 *	looked at here.
 * @ret: all 40 bytes are written
 */
/*@
  requires \valid(ret + (0 .. 39)) && \separated(ret + (0 .. 39), ms_marker + (0 .. 27));
  assigns ret[0 .. 39];
  ensures ret[0] == 0 && ret[1] == 0 && ret[2] == 2 && ret[3] == 0 && ret[4] == 0;
  ensures ret[5] == 0 && ret[6] == 0 && ret[7] == 0;
  ensures ms_be32_at(ret, 8) == sig_len;
  ensures \forall integer i; 0 <= i < 28 ==> ret[12 + i] == ms_marker[i];
*/
void ms_trailer_write(uint32_t sig_len, uint8_t ret[MS_TRAILER_END_LEN]);

#endif
