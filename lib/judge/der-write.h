/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_DER_WRITE_H
#define MS_JUDGE_DER_WRITE_H

/*
 * Writes DER (X.690): tag, definite length in the fewest bytes, content.
 *
 * The calls are written in the order of the encoding, so that a writer reads as its
 * ASN.1. The first failure is remembered and everything after it does nothing, so that
 * only ms_der_finish() needs to be looked at:
 *
 *	size_t seq = ms_der_begin(&der, MS_DER_SEQUENCE);
 *	ms_der_put(&der, MS_DER_OID, oid, sizeof(oid));
 *	ms_der_end(&der, seq);
 *	r = ms_der_finish(&der);
 */

#include <stddef.h>
#include <stdint.h>

#include "../base/buffer.h"
#include "oid.h"

enum {
	MS_DER_INTEGER = 0x02,
	MS_DER_BIT_STRING = 0x03,
	MS_DER_OCTET_STRING = 0x04,
	MS_DER_NULL = 0x05,
	MS_DER_OID = 0x06,
	MS_DER_SEQUENCE = 0x30,
	MS_DER_SET = 0x31,
	MS_DER_CONTEXT_0 = 0x80, /* [0] IMPLICIT of a primitive type */
	MS_DER_CONTEXT_0_CONSTRUCTED = 0xa0,
};

/** Where the encoding goes, and the first failure. Set out, the rest zero. */
struct ms_der {
	struct ms_buf *out; /* borrowed; the encoding is appended */
	int error;
};

/**
 * Begins an element whose content follows. Returns the mark that its ms_der_end() needs.
 * Elements end in the reverse order of their beginning.
 */
size_t ms_der_begin(struct ms_der *der, uint8_t tag);

/** Ends the element that @mark stands for: its length is what was written since. */
void ms_der_end(struct ms_der *der, size_t mark);

/** Writes one element with this content. @data may be NULL where @len is 0. */
void ms_der_put(struct ms_der *der, uint8_t tag, const void *data, size_t len);

/** Writes an OBJECT IDENTIFIER. */
void ms_der_put_oid(struct ms_der *der, enum ms_oid oid);

/** Writes the INTEGER whose magnitude these bytes are, most significant first. */
void ms_der_put_unsigned(struct ms_der *der, const uint8_t *data, size_t len);

/** Writes bytes that are DER already. */
void ms_der_raw(struct ms_der *der, const void *data, size_t len);

/** 0, or -ENOMEM where any of the calls failed; what @out holds is of no use then. */
int ms_der_finish(const struct ms_der *der);

#endif
