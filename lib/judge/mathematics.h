/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_MATHEMATICS_H
#define MS_JUDGE_MATHEMATICS_H

/*
 * All that the judge sees of OpenSSL: numbers, curves, and keys made of raw parameters.
 * No other file of this area includes a header of OpenSSL's. None of its parsers for
 * PKCS#7, CMS, X.509 or ASN.1 is ever called here: what OpenSSL accepts says nothing
 * of what a kernel accepts. ARCHITECTURE.md lists what may be included and called, and
 * tests/layers holds the compiled objects to it.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "../hash/openssl.h"

MS_OPENSSL_CLEANUP(ms_bn_done, BIGNUM, BN_free)
MS_OPENSSL_CLEANUP(ms_bn_ctx_done, BN_CTX, BN_CTX_free)
MS_OPENSSL_CLEANUP(ms_ec_group_done, EC_GROUP, EC_GROUP_free)
MS_OPENSSL_CLEANUP(ms_ec_point_done, EC_POINT, EC_POINT_free)
MS_OPENSSL_CLEANUP(ms_evp_pkey_done, EVP_PKEY, EVP_PKEY_free)
MS_OPENSSL_CLEANUP(ms_evp_pkey_ctx_done, EVP_PKEY_CTX, EVP_PKEY_CTX_free)

#endif
