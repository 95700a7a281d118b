/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_FUZZ_TRAILER_RULES_H
#define MS_FUZZ_TRAILER_RULES_H

/*
 * A second, naive telling of the trailer's rules, for fuzz-trailer.c and test-trailer.c to
 * compare ms_trailer_read() with. It shares nothing with it, and goes about it another way:
 * signed 64-bit positions that may go below zero, shifts for the number, and the kernel's
 * answer by the kernel's steps, apart from where the parts lie.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../lib/module/trailer.h"

/* kernel/module/signing.c and kernel/module_signature.c, step by step */
static int rules_errno(const uint8_t *data, size_t len)
{
	int64_t modlen = (int64_t)len;
	const uint8_t *ms;
	int64_t sig_len;

	if (modlen <= 28 || memcmp(data + modlen - 28, "~Module signature appended~\n", 28))
		return -ENODATA;
	modlen -= 28;

	if (modlen <= 12)
		return -EBADMSG;
	ms = data + modlen - 12;
	sig_len = (int64_t)ms[8] << 24 | ms[9] << 16 | ms[10] << 8 | ms[11];

	if (modlen - 12 - sig_len <= 0)
		return -EBADMSG;
	if (ms[2] != 2)
		return -ENOPKG;
	if (ms[0] | ms[1] | ms[3] | ms[4] | ms[5] | ms[6] | ms[7])
		return -EBADMSG;
	return 0;
}

/* Where everything must lie; false where @t says something else. */
static bool rules_places(const uint8_t *data, size_t len, const struct ms_trailer *t)
{
	int64_t info = (int64_t)len - 40, sig = -1, names = 0;

	if (rules_errno(data, len) == -ENODATA)
		return t->state == MS_TRAILER_ABSENT && t->payload_len == len;
	if (info > 0) {
		const uint8_t *ms = data + info;

		sig = info - ((int64_t)ms[8] << 24 | ms[9] << 16 | ms[10] << 8 | ms[11]);
		names = ms[2] == 0 || ms[2] == 1 ? ms[3] + ms[4] : 0;
		if (t->info_off != (size_t)info || t->algo != ms[0] || t->hash != ms[1] ||
		    t->id_type != ms[2] || t->signer_len != ms[3] || t->key_id_len != ms[4] ||
		    memcmp(t->pad, ms + 5, 3) != 0 || t->claimed_len != info - sig)
			return false;
	}

	if (info <= 0 || sig <= 0 || sig - names <= 0)
		return t->state == MS_TRAILER_BROKEN && t->payload_len == 0 &&
		       t->sig_off == 0 && t->sig_len == 0 &&
		       t->fault == (info <= 0  ? MS_TRAILER_FAULT_NO_ROOM
				    : sig <= 0 ? MS_TRAILER_FAULT_SIG_LEN
					       : MS_TRAILER_FAULT_NAMES);

	if (t->id_type < 2 && (t->signer_off != (size_t)(sig - names) ||
			       t->key_id_off != t->signer_off + t->signer_len))
		return false;
	if (t->id_type >= 2 && (t->signer_off != 0 || t->key_id_off != 0))
		return false;
	return t->state == MS_TRAILER_PRESENT && t->fault == MS_TRAILER_FAULT_NONE &&
	       t->payload_len == (size_t)(sig - names) && t->sig_off == (size_t)sig &&
	       t->sig_len == (size_t)(info - sig);
}

#endif
