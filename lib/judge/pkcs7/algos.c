/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The algorithms that the kernel's parser of PKCS#7 knows by name
 * (pkcs7_sig_note_digest_algo, pkcs7_sig_note_pkey_algo), and in which releases.
 */

#include "../../base/checked.h"
#include "pkcs7.h"
#include "../versions.h"

static const struct {
	enum ms_oid oid;
	enum ms_hash hash;
	unsigned since, before;
} digest_algos[] = {
	{ MS_OID_MD4, MS_HASH_MD4, 0, MS_LINUX_NO_MD5 },
	{ MS_OID_MD5, MS_HASH_MD5, 0, MS_LINUX_NO_MD5 },
	{ MS_OID_SHA1, MS_HASH_SHA1, 0, 0 },
	{ MS_OID_SHA224, MS_HASH_SHA224, 0, 0 },
	{ MS_OID_SHA256, MS_HASH_SHA256, 0, 0 },
	{ MS_OID_SHA384, MS_HASH_SHA384, 0, 0 },
	{ MS_OID_SHA512, MS_HASH_SHA512, 0, 0 },
	{ MS_OID_SHA3_256, MS_HASH_SHA3_256, MS_LINUX_SHA3, 0 },
	{ MS_OID_SHA3_384, MS_HASH_SHA3_384, MS_LINUX_SHA3, 0 },
	{ MS_OID_SHA3_512, MS_HASH_SHA3_512, MS_LINUX_SHA3, 0 },
	{ MS_OID_SM3, MS_HASH_SM3, 0, 0 },
	{ MS_OID_STREEBOG256, MS_HASH_STREEBOG256, 0, 0 },
	{ MS_OID_STREEBOG512, MS_HASH_STREEBOG512, 0, 0 },
};

bool ms_pkcs7_digest_algo(const struct ms_rules *rules, enum ms_oid oid,
			  enum ms_hash *ret)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(digest_algos); i++) {
		if (digest_algos[i].oid != oid ||
		    !ms_linux_within(rules, digest_algos[i].since,
				     digest_algos[i].before))
			continue;
		*ret = digest_algos[i].hash;
		return true;
	}
	return false;
}

static const struct {
	enum ms_oid oid;
	enum ms_sig_algo algo;
	unsigned since, before;
} pkey_algos[] = {
	{ MS_OID_RSA, MS_SIG_RSA, 0, 0 },
	{ MS_OID_ECDSA_SHA1, MS_SIG_ECDSA, 0, 0 },
	{ MS_OID_ECDSA_SHA224, MS_SIG_ECDSA, 0, 0 },
	{ MS_OID_ECDSA_SHA256, MS_SIG_ECDSA, 0, 0 },
	{ MS_OID_ECDSA_SHA384, MS_SIG_ECDSA, 0, 0 },
	{ MS_OID_ECDSA_SHA512, MS_SIG_ECDSA, 0, 0 },
	{ MS_OID_ECDSA_SHA3_256, MS_SIG_ECDSA, MS_LINUX_SHA3, 0 },
	{ MS_OID_ECDSA_SHA3_384, MS_SIG_ECDSA, MS_LINUX_SHA3, 0 },
	{ MS_OID_ECDSA_SHA3_512, MS_SIG_ECDSA, MS_LINUX_SHA3, 0 },
	{ MS_OID_SM2_SM3, MS_SIG_SM2, 0, MS_LINUX_NO_SM2 },
	{ MS_OID_GOST_KEY256, MS_SIG_ECRDSA, 0, 0 },
	{ MS_OID_GOST_KEY512, MS_SIG_ECRDSA, 0, 0 },
	{ MS_OID_MLDSA44, MS_SIG_MLDSA44, MS_LINUX_MLDSA, 0 },
	{ MS_OID_MLDSA65, MS_SIG_MLDSA65, MS_LINUX_MLDSA, 0 },
	{ MS_OID_MLDSA87, MS_SIG_MLDSA87, MS_LINUX_MLDSA, 0 },
};

bool ms_pkcs7_pkey_algo(const struct ms_rules *rules, enum ms_oid oid,
			enum ms_sig_algo *ret)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(pkey_algos); i++) {
		if (pkey_algos[i].oid != oid ||
		    !ms_linux_within(rules, pkey_algos[i].since, pkey_algos[i].before))
			continue;
		*ret = pkey_algos[i].algo;
		return true;
	}
	return false;
}
