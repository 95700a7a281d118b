/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_CERT_H
#define MS_JUDGE_CERT_H

/* What a certificate is inside lib/judge: struct x509_certificate of the kernel. */

#include "oid.h"
#include "pkey.h"
#include "x509.h"

/** A key identifier; one of no bytes is there all the same where data is not NULL. */
struct ms_key_id {
	uint8_t *data;
	size_t len;
};

/**
 * Joins two runs of bytes to an identifier (asymmetric_key_generate_id). 0 or -ENOMEM.
 */
int ms_key_id_join(struct ms_key_id *id, struct ms_bytes a, struct ms_bytes b);
void ms_key_id_done(struct ms_key_id *id);

/** Are both there, and the same? */
bool ms_key_id_same(const struct ms_key_id *a, const struct ms_key_id *b);

struct ms_cert {
	_Atomic unsigned references;
	uint8_t *data; /* owned; everything below points into it */
	size_t len;

	struct ms_bytes der;
	struct ms_bytes tbs;
	struct ms_bytes serial, issuer, subject; /* contents */
	struct ms_bytes raw_skid;
	char *subject_name, *issuer_name;
	int64_t not_before, not_after;

	struct ms_key_id id; /* serial ‖ issuer */
	struct ms_key_id skid;
	/* of the key that signed it, from the AuthorityKeyIdentifier */
	struct ms_key_id authority_id, authority_skid;

	struct ms_public_key key;
	enum ms_sig_algo sig_algo;
	enum ms_hash sig_hash;
	struct ms_bytes sig_value;

	bool unsupported_sig;	  /* the kernel lacks what it is signed with */
	bool self_signed;	  /* and the signature is good */
	bool self_signed_unknown; /* looks so; our crypto library cannot verify it */
};

/**
 * As ms_cert_parse(), for a certificate in a message: @len bytes as the kernel reads
 * them, of which the last may lie behind the @available ones; those are zero
 * (pkcs7_extract_cert() counts the end mark of an indefinite length twice, and behind
 * a message lie the zero bytes of struct module_signature). A certificate whose
 * self-signature our library cannot verify is refused with -EOPNOTSUPP.
 */
int ms_cert_parse_embedded(struct ms_ctx *ctx, const struct ms_rules *rules,
			   const uint8_t *data, size_t len, size_t available,
			   struct ms_cert **ret);

/**
 * Reads whom a certificate in a message names, past all that the kernel refuses but for
 * syntax errors: identifiers, key and what was signed. Nothing is verified, and the key
 * need not be one that anybody can use. Arguments as above; -EBADMSG, -EMSGSIZE, -ENOMEM.
 */
int ms_cert_read_names(struct ms_ctx *ctx, const struct ms_rules *rules,
		       const uint8_t *data, size_t len, size_t available,
		       struct ms_cert **ret);

/**
 * Verifies the certificate's signature with @key. Errors as ms_pkey_check() and
 * ms_pkey_verify().
 */
int ms_cert_verify(struct ms_ctx *ctx, const struct ms_rules *rules,
		   const struct ms_cert *cert, struct ms_public_key *key);

/**
 * The key's name for a person: its subject, or where that is empty the SKID. To free().
 */
char *ms_cert_key_name(const struct ms_cert *cert);

/** Decodes a certificate's time (x509_decode_time). 0 or -EBADMSG. */
int ms_x509_decode_time(uint8_t tag, const uint8_t *value, size_t len, int64_t *ret);

/**
 * Reads @cert->data into @cert: x509_cert_parse() up to the parameters of the signature.
 * @names_only: as ms_cert_read_names() says.
 */
int ms_x509_read(struct ms_ctx *ctx, const struct ms_rules *rules, bool names_only,
		 struct ms_cert *cert);

#endif
