/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of object identifiers, in their DER content bytes. No two share a value, so
 * the order does not matter; a message holds about a dozen of them.
 */

#include "oid.h"

#include <string.h>

#define OID(text)                                                                        \
	{                                                                                \
		(text), sizeof(text) - 1                                                 \
	}

/* clang-format off */
static const struct {
	const char *bytes;
	size_t len;
} table[MS_OID_COUNT] = {
	/* 1.2.840.113549.1.7.1 */
	[MS_OID_DATA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"),
	/* 1.2.840.113549.1.7.2 */
	[MS_OID_SIGNED_DATA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
	/* 1.3.6.1.4.1.311.2.1.4 */
	[MS_OID_MS_INDIRECT_DATA] = OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x04"),
	/* 1.3.6.1.4.1.311.2.1.11 */
	[MS_OID_MS_STATEMENT_TYPE] = OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0b"),
	/* 1.3.6.1.4.1.311.2.1.12 */
	[MS_OID_MS_SP_OPUS_INFO] = OID("\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0c"),
	/* 1.2.840.113549.1.9.3 */
	[MS_OID_CONTENT_TYPE] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"),
	/* 1.2.840.113549.1.9.4 */
	[MS_OID_MESSAGE_DIGEST] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"),
	/* 1.2.840.113549.1.9.5 */
	[MS_OID_SIGNING_TIME] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"),
	/* 1.2.840.113549.1.9.15 */
	[MS_OID_SMIME_CAPABILITIES] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0f"),
	/* 1.2.840.113549.1.9.1 */
	[MS_OID_EMAIL_ADDRESS] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"),
	/* 2.5.4.3 */
	[MS_OID_COMMON_NAME] = OID("\x55\x04\x03"),
	/* 2.5.4.10 */
	[MS_OID_ORGANIZATION_NAME] = OID("\x55\x04\x0a"),
	/* 2.5.29.14 */
	[MS_OID_SUBJECT_KEY_ID] = OID("\x55\x1d\x0e"),
	/* 2.5.29.15 */
	[MS_OID_KEY_USAGE] = OID("\x55\x1d\x0f"),
	/* 2.5.29.19 */
	[MS_OID_BASIC_CONSTRAINTS] = OID("\x55\x1d\x13"),
	/* 2.5.29.35 */
	[MS_OID_AUTHORITY_KEY_ID] = OID("\x55\x1d\x23"),
	/* 1.2.840.113549.2.4 */
	[MS_OID_MD4] = OID("\x2a\x86\x48\x86\xf7\x0d\x02\x04"),
	/* 1.2.840.113549.2.5 */
	[MS_OID_MD5] = OID("\x2a\x86\x48\x86\xf7\x0d\x02\x05"),
	/* 1.3.14.3.2.26 */
	[MS_OID_SHA1] = OID("\x2b\x0e\x03\x02\x1a"),
	/* 2.16.840.1.101.3.4.2.4 */
	[MS_OID_SHA224] = OID("\x60\x86\x48\x01\x65\x03\x04\x02\x04"),
	/* 2.16.840.1.101.3.4.2.1 */
	[MS_OID_SHA256] = OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01"),
	/* 2.16.840.1.101.3.4.2.2 */
	[MS_OID_SHA384] = OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02"),
	/* 2.16.840.1.101.3.4.2.3 */
	[MS_OID_SHA512] = OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03"),
	/* 2.16.840.1.101.3.4.2.8 */
	[MS_OID_SHA3_256] = OID("\x60\x86\x48\x01\x65\x03\x04\x02\x08"),
	/* 2.16.840.1.101.3.4.2.9 */
	[MS_OID_SHA3_384] = OID("\x60\x86\x48\x01\x65\x03\x04\x02\x09"),
	/* 2.16.840.1.101.3.4.2.10 */
	[MS_OID_SHA3_512] = OID("\x60\x86\x48\x01\x65\x03\x04\x02\x0a"),
	/* 1.2.156.10197.1.401 */
	[MS_OID_SM3] = OID("\x2a\x81\x1c\xcf\x55\x01\x83\x11"),
	/* 1.2.643.7.1.1.2.2 */
	[MS_OID_STREEBOG256] = OID("\x2a\x85\x03\x07\x01\x01\x02\x02"),
	/* 1.2.643.7.1.1.2.3 */
	[MS_OID_STREEBOG512] = OID("\x2a\x85\x03\x07\x01\x01\x02\x03"),
	/* 1.2.840.113549.1.1.1 */
	[MS_OID_RSA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"),
	/* 1.2.840.10045.2.1 */
	[MS_OID_EC_PUBLIC_KEY] = OID("\x2a\x86\x48\xce\x3d\x02\x01"),
	/* 1.2.840.10045.3.1.1 */
	[MS_OID_P192] = OID("\x2a\x86\x48\xce\x3d\x03\x01\x01"),
	/* 1.2.840.10045.3.1.7 */
	[MS_OID_P256] = OID("\x2a\x86\x48\xce\x3d\x03\x01\x07"),
	/* 1.3.132.0.34 */
	[MS_OID_P384] = OID("\x2b\x81\x04\x00\x22"),
	/* 1.3.132.0.35 */
	[MS_OID_P521] = OID("\x2b\x81\x04\x00\x23"),
	/* 1.2.156.10197.1.301 */
	[MS_OID_SM2] = OID("\x2a\x81\x1c\xcf\x55\x01\x82\x2d"),
	/* 1.2.643.7.1.1.1.1 */
	[MS_OID_GOST_KEY256] = OID("\x2a\x85\x03\x07\x01\x01\x01\x01"),
	/* 1.2.643.7.1.1.1.2 */
	[MS_OID_GOST_KEY512] = OID("\x2a\x85\x03\x07\x01\x01\x01\x02"),
	/* 2.16.840.1.101.3.4.3.17 */
	[MS_OID_MLDSA44] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x11"),
	/* 2.16.840.1.101.3.4.3.18 */
	[MS_OID_MLDSA65] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x12"),
	/* 2.16.840.1.101.3.4.3.19 */
	[MS_OID_MLDSA87] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x13"),
	/* 1.2.840.113549.1.1.4 */
	[MS_OID_MD4_RSA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"),
	/* 1.2.840.113549.1.1.5 */
	[MS_OID_SHA1_RSA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"),
	/* 1.2.840.113549.1.1.14 */
	[MS_OID_SHA224_RSA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e"),
	/* 1.2.840.113549.1.1.11 */
	[MS_OID_SHA256_RSA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"),
	/* 1.2.840.113549.1.1.12 */
	[MS_OID_SHA384_RSA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"),
	/* 1.2.840.113549.1.1.13 */
	[MS_OID_SHA512_RSA] = OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"),
	/* 2.16.840.1.101.3.4.3.14 */
	[MS_OID_SHA3_256_RSA] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0e"),
	/* 2.16.840.1.101.3.4.3.15 */
	[MS_OID_SHA3_384_RSA] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0f"),
	/* 2.16.840.1.101.3.4.3.16 */
	[MS_OID_SHA3_512_RSA] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x10"),
	/* 1.2.840.10045.4.1 */
	[MS_OID_ECDSA_SHA1] = OID("\x2a\x86\x48\xce\x3d\x04\x01"),
	/* 1.2.840.10045.4.3.1 */
	[MS_OID_ECDSA_SHA224] = OID("\x2a\x86\x48\xce\x3d\x04\x03\x01"),
	/* 1.2.840.10045.4.3.2 */
	[MS_OID_ECDSA_SHA256] = OID("\x2a\x86\x48\xce\x3d\x04\x03\x02"),
	/* 1.2.840.10045.4.3.3 */
	[MS_OID_ECDSA_SHA384] = OID("\x2a\x86\x48\xce\x3d\x04\x03\x03"),
	/* 1.2.840.10045.4.3.4 */
	[MS_OID_ECDSA_SHA512] = OID("\x2a\x86\x48\xce\x3d\x04\x03\x04"),
	/* 2.16.840.1.101.3.4.3.10 */
	[MS_OID_ECDSA_SHA3_256] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0a"),
	/* 2.16.840.1.101.3.4.3.11 */
	[MS_OID_ECDSA_SHA3_384] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0b"),
	/* 2.16.840.1.101.3.4.3.12 */
	[MS_OID_ECDSA_SHA3_512] = OID("\x60\x86\x48\x01\x65\x03\x04\x03\x0c"),
	/* 1.2.643.7.1.1.3.2 */
	[MS_OID_GOST_SIG256] = OID("\x2a\x85\x03\x07\x01\x01\x03\x02"),
	/* 1.2.643.7.1.1.3.3 */
	[MS_OID_GOST_SIG512] = OID("\x2a\x85\x03\x07\x01\x01\x03\x03"),
	/* 1.2.156.10197.1.501 */
	[MS_OID_SM2_SM3] = OID("\x2a\x81\x1c\xcf\x55\x01\x83\x75"),
};
/* clang-format on */

enum ms_oid ms_oid_find(const uint8_t *data, size_t len)
{
	for (enum ms_oid i = MS_OID_UNKNOWN + 1; i < MS_OID_COUNT; i++)
		if (table[i].len == len && !memcmp(table[i].bytes, data, len))
			return i;
	return MS_OID_UNKNOWN;
}

const uint8_t *ms_oid_content(enum ms_oid oid, size_t *ret_len)
{
	*ret_len = table[oid].len;
	return (const uint8_t *)table[oid].bytes;
}
