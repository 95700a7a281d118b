/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of signature algorithms: x509_note_sig_algo() for certificates and
 * pkcs7_sig_note_pkey_algo() for messages, in crypto/asymmetric_keys of Linux. Messages
 * name RSA and GOST by the key's algorithm, and certificates with the digest.
 */

#include "sig-algo.h"

#include "../base/checked.h"
#include "versions.h"

/* clang-format off */
#define CERT(...)    { __VA_ARGS__, .of_cert = true }
#define MESSAGE(...) { __VA_ARGS__, .of_message = true }
#define BOTH(...)    { __VA_ARGS__, .of_cert = true, .of_message = true }

static const struct ms_sig_oid table[] = {
	MESSAGE(MS_OID_RSA, MS_SIG_RSA),
	CERT(MS_OID_MD4_RSA, MS_SIG_RSA, MS_HASH_MD4, .before = MS_LINUX_NO_MD5),
	CERT(MS_OID_SHA1_RSA, MS_SIG_RSA, MS_HASH_SHA1),
	CERT(MS_OID_SHA224_RSA, MS_SIG_RSA, MS_HASH_SHA224),
	CERT(MS_OID_SHA256_RSA, MS_SIG_RSA, MS_HASH_SHA256),
	CERT(MS_OID_SHA384_RSA, MS_SIG_RSA, MS_HASH_SHA384),
	CERT(MS_OID_SHA512_RSA, MS_SIG_RSA, MS_HASH_SHA512),
	CERT(MS_OID_SHA3_256_RSA, MS_SIG_RSA, MS_HASH_SHA3_256, .since = MS_LINUX_SHA3),
	CERT(MS_OID_SHA3_384_RSA, MS_SIG_RSA, MS_HASH_SHA3_384, .since = MS_LINUX_SHA3),
	CERT(MS_OID_SHA3_512_RSA, MS_SIG_RSA, MS_HASH_SHA3_512, .since = MS_LINUX_SHA3),
	BOTH(MS_OID_ECDSA_SHA1, MS_SIG_ECDSA, MS_HASH_SHA1),
	BOTH(MS_OID_ECDSA_SHA224, MS_SIG_ECDSA, MS_HASH_SHA224),
	BOTH(MS_OID_ECDSA_SHA256, MS_SIG_ECDSA, MS_HASH_SHA256),
	BOTH(MS_OID_ECDSA_SHA384, MS_SIG_ECDSA, MS_HASH_SHA384),
	BOTH(MS_OID_ECDSA_SHA512, MS_SIG_ECDSA, MS_HASH_SHA512),
	BOTH(MS_OID_ECDSA_SHA3_256, MS_SIG_ECDSA, MS_HASH_SHA3_256, .since = MS_LINUX_SHA3),
	BOTH(MS_OID_ECDSA_SHA3_384, MS_SIG_ECDSA, MS_HASH_SHA3_384, .since = MS_LINUX_SHA3),
	BOTH(MS_OID_ECDSA_SHA3_512, MS_SIG_ECDSA, MS_HASH_SHA3_512, .since = MS_LINUX_SHA3),
	MESSAGE(MS_OID_GOST_KEY256, MS_SIG_ECRDSA),
	MESSAGE(MS_OID_GOST_KEY512, MS_SIG_ECRDSA),
	CERT(MS_OID_GOST_SIG256, MS_SIG_ECRDSA, MS_HASH_STREEBOG256),
	CERT(MS_OID_GOST_SIG512, MS_SIG_ECRDSA, MS_HASH_STREEBOG512),
	BOTH(MS_OID_SM2_SM3, MS_SIG_SM2, MS_HASH_SM3, .before = MS_LINUX_NO_SM2),
	BOTH(MS_OID_MLDSA44, MS_SIG_MLDSA44, .since = MS_LINUX_MLDSA),
	BOTH(MS_OID_MLDSA65, MS_SIG_MLDSA65, .since = MS_LINUX_MLDSA),
	BOTH(MS_OID_MLDSA87, MS_SIG_MLDSA87, .since = MS_LINUX_MLDSA),
};
/* clang-format on */

const struct ms_sig_oid *ms_sig_oid_find(enum ms_oid oid)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(table); i++)
		if (table[i].oid == oid)
			return &table[i];
	return NULL;
}

bool ms_sig_takes_data(enum ms_sig_algo algo)
{
	return algo == MS_SIG_MLDSA44 || algo == MS_SIG_MLDSA65 || algo == MS_SIG_MLDSA87;
}
