/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_PKCS7_PARSE_H
#define MS_JUDGE_PKCS7_PARSE_H

/* A walk over a message: parse.c, which begins it, and parse-signer.c. */

#include "pkcs7.h"

struct ms_pkcs7_walk {
	struct ms_ctx *ctx;
	const struct ms_rules *rules;
	const uint8_t *end; /* of the message */
	struct ms_pkcs7 *message;
	struct ms_pkcs7_signer *signer; /* that is being read */
	struct ms_pkcs7_signer **next_signer;
	struct ms_chain_cert *certs; /* until the list of certificates has ended */
	bool certs_ended;	     /* what follows is within revocation lists */
	struct ms_chain_cert **next_cert;
	enum ms_oid last_oid;
	struct ms_bytes serial, issuer, skid;
	bool expect_skid;
	bool names_only; /* whom it names is all that is asked, by what stands there */
};

/** An error of the kernel's; but the question who is named goes on behind it. */
int ms_pkcs7_refuse(const struct ms_pkcs7_walk *p, int error, const char *text);

/** Ends the signer that is being read, and begins another. -ENOMEM. */
int ms_pkcs7_end_signer(struct ms_pkcs7_walk *p);

/** Either all signers have signed attributes or none (pkcs7_check_authattrs). -EINVAL. */
int ms_pkcs7_check_attributes(struct ms_ctx *ctx, struct ms_pkcs7 *message);

struct ms_pkcs7_signer *ms_pkcs7_signer_free(struct ms_pkcs7_signer *signer);

#endif
