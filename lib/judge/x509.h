/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_X509_H
#define MS_JUDGE_X509_H

/* A certificate as the kernel's parser reads it (crypto/asymmetric_keys/x509_*). */

#include <modseal/base.h>
#include <modseal/hash.h>

#include "../base/cleanup.h"
#include "rules.h"

struct ms_cert;

/**
 * Parses one DER certificate at the start of @data, copying it, by the kernel's grammar
 * and rules for kernel @rules: what the kernel refuses to load as a key is refused.
 *
 * Errors: the kernel's: -EBADMSG, -ENOPKG, -EINVAL, -EKEYREJECTED ...; -ENOMEM.
 */
int ms_cert_parse(struct ms_ctx *ctx, const struct ms_rules *rules, const uint8_t *data,
		  size_t len, struct ms_cert **ret);

struct ms_cert *ms_cert_ref(struct ms_cert *cert);
struct ms_cert *ms_cert_free(struct ms_cert *cert); /* drops one reference */
MS_DEFINE_CLEANUP(ms_cleanup_cert, struct ms_cert *, ms_cert_free)

/** Borrowed bytes of a certificate. */
struct ms_bytes {
	const uint8_t *data;
	size_t len;
};

struct ms_bytes ms_cert_der(const struct ms_cert *cert);
struct ms_bytes ms_cert_tbs(const struct ms_cert *cert);
struct ms_bytes ms_cert_raw_issuer(const struct ms_cert *cert);  /* content of the Name */
struct ms_bytes ms_cert_raw_subject(const struct ms_cert *cert);
struct ms_bytes ms_cert_raw_serial(const struct ms_cert *cert);  /* content of INTEGER */
struct ms_bytes ms_cert_skid(const struct ms_cert *cert);        /* len 0: none */
enum ms_pkey ms_cert_pkey(const struct ms_cert *cert);

/**
 * The name the kernel gives the key: "CN", "O: CN" ... as x509_fabricate_name() does.
 * Owned by @cert.
 */
const char *ms_cert_subject_name(const struct ms_cert *cert);
const char *ms_cert_issuer_name(const struct ms_cert *cert);

/** Validity, seconds since the epoch. */
int64_t ms_cert_not_before(const struct ms_cert *cert);
int64_t ms_cert_not_after(const struct ms_cert *cert);

#endif
