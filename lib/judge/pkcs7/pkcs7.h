/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_PKCS7_H
#define MS_JUDGE_PKCS7_H

/*
 * A PKCS#7 message as the kernel has it in memory (struct pkcs7_message), and the two
 * passes over it: does it hold together, and does somebody trusted stand behind it.
 */

#include "../../base/cleanup.h"
#include "../../base/index.h"
#include "../../hash/payload.h"
#include "../cert.h"
#include "../lookup.h"

/** A certificate within the message, with the marks that the passes leave on it. */
struct ms_chain_cert {
	struct ms_cert *cert;
	struct ms_chain_cert *next;
	struct ms_chain_cert *signer; /* within the message; itself where self-signed */
	bool link_known; /* @link is what came of verifying it with its issuer's key */
	int link;
	bool seen;
	bool verified;
	bool blacklisted; /* its hash is revoked, or one that it depends on */
	struct ms_standing standing; /* revoked.c */
};

/** One SignerInfo. */
struct ms_pkcs7_signer {
	struct ms_pkcs7_signer *next;
	struct ms_chain_cert *signer; /* within the message, or NULL */
	bool unsupported_crypto;
	bool blacklisted;

	enum ms_sig_algo algo;
	enum ms_hash hash;
	struct ms_bytes value;
	struct ms_key_id id; /* serial ‖ issuer, or SKID */

	unsigned attribute_set;		/* bits of enum ms_signed_attribute */
	struct ms_bytes attributes;	/* the whole element; no data: none */
	struct ms_bytes message_digest; /* as the attributes state it */
	int64_t signing_time;

	struct ms_bytes message;    /* what is signed, or its digest; once it is known */
	uint8_t *signed_attributes; /* owned: the attributes as they are signed */
	uint8_t digest[MS_HASH_MAX_SIZE];
};

enum ms_signed_attribute {
	MS_ATTRIBUTE_CONTENT_TYPE = 1 << 0,
	MS_ATTRIBUTE_SIGNING_TIME = 1 << 1,
	MS_ATTRIBUTE_MESSAGE_DIGEST = 1 << 2,
	MS_ATTRIBUTE_SMIME_CAPABILITIES = 1 << 3,
	MS_ATTRIBUTE_MS_OPUS_INFO = 1 << 4,
	MS_ATTRIBUTE_MS_STATEMENT_TYPE = 1 << 5,
};

/** The message. Its slices point into the bytes that were parsed. */
struct ms_pkcs7 {
	struct ms_chain_cert *certs;
	struct ms_pkcs7_signer *signers;
	struct ms_chain_cert **numbered; /* @certs, as the indexes number them */
	struct ms_index by_id, by_skid;  /* the first certificate that has it */
	unsigned version;
	enum ms_oid data_type;
	bool has_content;
	bool has_attributes;
	bool unread; /* ms_pkcs7_parse_names(): not all of it follows the schema */
};

/** What the passes work on. */
struct ms_judging {
	struct ms_ctx *ctx;
	const struct ms_keyring *keyring;
	const struct ms_rules *rules;
	struct ms_payload *payload;
	struct ms_pkcs7 *message;
	const struct ms_cert *vouched_by; /* the trusted key that was found good */
};

/**
 * Parses a message (pkcs7_parse_message). @ret: free with ms_pkcs7_free(). Errors: the
 * kernel's -EBADMSG, -EINVAL, -EMSGSIZE, -ENOPKG, -EKEYREJECTED, -ENOENT; failures
 * -ENOMEM, -EIO, -EOPNOTSUPP.
 */
int ms_pkcs7_parse(struct ms_ctx *ctx, const struct ms_rules *rules, const uint8_t *data,
		   size_t len, struct ms_pkcs7 **ret);

/**
 * Reads whom a message names: signers and certificates, nothing else of it is good for
 * anything. It is read by the same schema, and past all that the kernel refuses: what
 * follows there, up to where the bytes follow the schema no longer, is named all the
 * same; and of a message or certificate that breaks off so, @ret says that it was not all
 * read. -ENOMEM, -ECANCELED.
 */
int ms_pkcs7_parse_names(struct ms_ctx *ctx, const struct ms_rules *rules,
			 const uint8_t *data, size_t len, struct ms_pkcs7 **ret);

struct ms_pkcs7 *ms_pkcs7_free(struct ms_pkcs7 *message);
MS_DEFINE_CLEANUP(ms_cleanup_pkcs7, struct ms_pkcs7 *, ms_pkcs7_free)

/**
 * Makes the certificates of @message known by their identifiers; parsing does it. For a
 * message has room for hundreds of signers and of certificates, and each leads to others.
 * -ENOMEM.
 */
int ms_pkcs7_index(struct ms_ctx *ctx, struct ms_pkcs7 *message);
void ms_pkcs7_index_done(struct ms_pkcs7 *message);

/** The first certificate of @message with that issuer and serial; NULL: none. */
struct ms_chain_cert *ms_pkcs7_find(const struct ms_pkcs7 *message,
				    const struct ms_key_id *id);

/** The first certificate of @message with that SKID; NULL: none. */
struct ms_chain_cert *ms_pkcs7_find_by_skid(const struct ms_pkcs7 *message,
					    const struct ms_key_id *skid);

/**
 * The first that may have signed @cert: by issuer and serial where @cert says them, else
 * by SKID. Whether the SKID fits, too, is not asked. NULL: none.
 */
struct ms_chain_cert *ms_pkcs7_find_issuer(const struct ms_pkcs7 *message,
					   const struct ms_cert *cert);

/** The algorithm that the parser of kernel @rules takes @oid for; false: none. */
bool ms_pkcs7_digest_algo(const struct ms_rules *rules, enum ms_oid oid,
			  enum ms_hash *ret);
bool ms_pkcs7_pkey_algo(const struct ms_rules *rules, enum ms_oid oid,
			enum ms_sig_algo *ret);

/**
 * The first pass: signers against the certificates of the message, and these against
 * each other (pkcs7_verify for module signatures). 0 or a kernel errno or a failure.
 */
int ms_pkcs7_verify(struct ms_judging *j);

/** The second pass: is there a key of @keys behind it (pkcs7_validate_trust)? */
int ms_pkcs7_trust(struct ms_judging *j, enum ms_keys keys);

/**
 * Finds out what @signer's signature is over (pkcs7_digest). The payload's digest is
 * left for the time when it is needed. Kernel errnos -ENOPKG, -EBADMSG, -EKEYREJECTED.
 */
int ms_signer_digest(struct ms_judging *j, struct ms_pkcs7_signer *signer);

/** Verifies @signer's signature, after ms_signer_digest(). Errors as ms_pkey_verify(). */
int ms_signer_verify(struct ms_judging *j, struct ms_pkcs7_signer *signer,
		     struct ms_public_key *key);

#endif
