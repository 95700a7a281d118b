/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_JUDGE_H
#define MS_JUDGE_JUDGE_H

/*
 * The kernel's verdict on a PKCS#7 message over a payload: verify_pkcs7_signature() of
 * certs/system_keyring.c, by our own parser, with libcrypto for the mathematics.
 */

#include <modseal/module.h>

#include "../base/texts.h"
#include "../hash/payload.h"
#include "keyring.h"
#include "rules.h"

struct ms_judgement {
	enum ms_verdict verdict;
	int error;            /* positive errno the kernel gives; 0 where trusted */
	enum ms_voucher vouched;
	char *vouched_by;     /* the trusted key's name (subject, else SKID), or what the
				 hashes are that have it; or NULL */
	char *reason;         /* for a person; or NULL */
	struct ms_texts warnings; /* a sentence for each signer that is revoked, or where
				     that is not known, which need not show in the
				     verdict (revoked.c) */

	/* of a module that was judged whole (lib/module) */
	bool of_module;
	bool elf; /* what the kernel would load is a relocatable ELF file */
	enum ms_kernel_decompress kernel_decompress;
};

/** Frees what is in it; it is undecided then. */
void ms_judgement_done(struct ms_judgement *judgement);

/**
 * Judges the message @sig over @payload. Returns 0 where there is a verdict, whatever it
 * is; a negative errno value where there is none (-ENOMEM, -EIO, -EOPNOTSUPP the crypto
 * library cannot compute what this kernel could), and @ret is undecided then.
 */
int ms_cms_judge(struct ms_ctx *ctx, const struct ms_keyring *keyring,
		 const struct ms_rules *rules, struct ms_payload *payload,
		 const uint8_t *sig, size_t sig_len, struct ms_judgement *ret);

/** The verdict that goes with a kernel errno (positive; 0 is trusted). Unknown ones: undecided. */
enum ms_verdict ms_verdict_of_errno(int error);

/**
 * Reads the fields of a PKCS#7 message for showing, leniently: what cannot be read stays
 * NULL. Fills signer, sig_key, sig_hashalgo, sig_algo, signature of the first
 * SignerInfo, as kmod's modinfo names them. -ENOMEM.
 */
int ms_cms_fields(struct ms_ctx *ctx, const uint8_t *sig, size_t len,
		  struct ms_signature_fields *ret);

/**
 * Keeps a copy of the beginning of @signature, and how long it is, in @fields, which have
 * none yet. 0 or -ENOMEM.
 */
int ms_signature_fields_keep(struct ms_signature_fields *fields, const uint8_t *signature,
			     size_t len);

/** Frees what is in @fields; they are empty then. */
void ms_signature_fields_done(struct ms_signature_fields *fields);

#endif
