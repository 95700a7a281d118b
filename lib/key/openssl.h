/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_OPENSSL_H
#define MS_KEY_OPENSSL_H

/* OpenSSL's parsers and writers, for keys and certificates, and their cleanups. */

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "../judge/mathematics.h"

MS_OPENSSL_CLEANUP(ms_bio_done, BIO, BIO_free_all)
MS_OPENSSL_CLEANUP(ms_octets_done, ASN1_OCTET_STRING, ASN1_OCTET_STRING_free)
MS_OPENSSL_CLEANUP(ms_pkcs8_done, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
MS_OPENSSL_CLEANUP(ms_usages_done, EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free)
MS_OPENSSL_CLEANUP(ms_x509_done, X509, X509_free)
MS_OPENSSL_CLEANUP(ms_x509_sig_done, X509_SIG, X509_SIG_free)

#endif
