/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The algorithms that the kernel's parser of PKCS#7 knows by name
 * (pkcs7_sig_note_digest_algo, pkcs7_sig_note_pkey_algo), and in which releases.
 */

#include "../../base/checked.h"
#include "../versions.h"
#include "pkcs7.h"

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

bool ms_pkcs7_pkey_algo(const struct ms_rules *rules, enum ms_oid oid,
			enum ms_sig_algo *ret)
{
	const struct ms_sig_oid *found = ms_sig_oid_find(oid);

	if (!found || !found->of_message ||
	    !ms_linux_within(rules, found->since, found->before))
		return false;
	*ret = found->algo;
	return true;
}
