/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_OPENSSL_H
#define MS_KEY_OPENSSL_H

/* Scoped cleanup for OpenSSL's objects: _cleanup_(ms_bio_done) BIO *bio = ... */

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "../base/cleanup.h"

#define MS_OPENSSL_CLEANUP(name, type, function) \
	static inline void name(type **p)        \
	{                                        \
		function(*p);                    \
		*p = NULL;                       \
	}

MS_OPENSSL_CLEANUP(ms_bio_done, BIO, BIO_free_all)
MS_OPENSSL_CLEANUP(ms_evp_md_ctx_done, EVP_MD_CTX, EVP_MD_CTX_free)
MS_OPENSSL_CLEANUP(ms_evp_pkey_done, EVP_PKEY, EVP_PKEY_free)
MS_OPENSSL_CLEANUP(ms_evp_pkey_ctx_done, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
MS_OPENSSL_CLEANUP(ms_octets_done, ASN1_OCTET_STRING, ASN1_OCTET_STRING_free)
MS_OPENSSL_CLEANUP(ms_pkcs8_done, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
MS_OPENSSL_CLEANUP(ms_x509_done, X509, X509_free)
MS_OPENSSL_CLEANUP(ms_x509_sig_done, X509_SIG, X509_SIG_free)

#endif
