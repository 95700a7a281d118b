// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the parts give together. Nothing here is compiled into anything; proofs/run proves
 * the contracts of these functions from the contracts of those that they call.
 */
#include "../lib/module/trailer.h"

/*
 * The whole of the kernel's test of a trailer, told of the file's bytes alone, in the order
 * of module_sig_check(), mod_verify_sig() and mod_check_sig(): the first that applies is the
 * answer. No state, fault or field of modseal's own occurs in it.
 */
/*@
  requires ms_readable(data, len);
  assigns \nothing;
  behavior no_marker:
    assumes !ms_marked(data, len);
    ensures \result == -ENODATA;
  behavior no_struct:
    assumes ms_marked(data, len) && len - 28 <= 12;
    ensures \result == -EBADMSG;
  behavior sig_len:
    assumes ms_marked(data, len) && len - 28 > 12;
    assumes ms_be32_at(data, len - 32) >= len - 28 - 12;
    ensures \result == -EBADMSG;
  behavior id_type:
    assumes ms_marked(data, len) && len - 28 > 12;
    assumes ms_be32_at(data, len - 32) < len - 28 - 12;
    assumes data[len - 38] != 2;
    ensures \result == -ENOPKG;
  behavior reserved:
    assumes ms_marked(data, len) && len - 28 > 12;
    assumes ms_be32_at(data, len - 32) < len - 28 - 12;
    assumes data[len - 38] == 2;
    assumes data[len - 40] != 0 || data[len - 39] != 0 || data[len - 37] != 0 ||
      data[len - 36] != 0 || data[len - 35] != 0 || data[len - 34] != 0 ||
      data[len - 33] != 0;
    ensures \result == -EBADMSG;
  behavior goes_on:
    assumes ms_marked(data, len) && len - 28 > 12;
    assumes ms_be32_at(data, len - 32) < len - 28 - 12;
    assumes data[len - 38] == 2;
    assumes data[len - 40] == 0 && data[len - 39] == 0 && data[len - 37] == 0 &&
      data[len - 36] == 0 && data[len - 35] == 0 && data[len - 34] == 0 &&
      data[len - 33] == 0;
    ensures \result == 0;
  complete behaviors;
  disjoint behaviors;
*/
int kernel_errno(const uint8_t *data, size_t len)
{
	struct ms_trailer t = ms_trailer_read(data, len);

	return ms_trailer_errno(&t);
}

/*
 * What is written is read back, for a payload and a signature of any length: a trailer that
 * the kernel goes on with, and the same two lengths.
 */
/*@
  requires 0 < payload_len && payload_len + sig_len + 40 <= SIZE_MAX;
  requires \valid(file + (0 .. payload_len + sig_len + 39));
  requires \separated(file + (0 .. payload_len + sig_len + 39), ms_marker + (0 .. 27));
  assigns file[payload_len + sig_len .. payload_len + sig_len + 39];
  ensures \result.state == MS_TRAILER_PRESENT && \result.id_type == MS_TRAILER_PKCS7;
  ensures \result.payload_len == payload_len && \result.sig_off == payload_len;
  ensures \result.sig_len == sig_len;
  ensures \result.algo == 0 && \result.hash == 0 && \result.signer_len == 0 &&
    \result.key_id_len == 0 && \result.pad[0] == 0 && \result.pad[1] == 0 &&
    \result.pad[2] == 0;
*/
struct ms_trailer round_trip(uint8_t *file, size_t payload_len, uint32_t sig_len)
{
	size_t end = payload_len + sig_len;

	ms_trailer_write(sig_len, file + end);
	return ms_trailer_read(file, end + MS_TRAILER_END_LEN);
}
