/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_PKEY_H
#define MS_JUDGE_PKEY_H

/*
 * Public keys and the verification of one signature, with the kernel's errors
 * (crypto/asymmetric_keys/public_key.c and the algorithms behind it).
 *
 * Errors are of two sorts, told apart by ms_is_verdict(): the kernel's answer, and our
 * own inability to compute it.
 */

#include <modseal/base.h>
#include <modseal/hash.h>

#include "rules.h"
#include "x509.h"

/** A signature and what it is over. All bytes are borrowed. */
struct ms_signature {
	enum ms_sig_algo algo;
	enum ms_hash hash; /* MS_HASH_NONE: over the message itself */
	struct ms_bytes value;
	struct ms_bytes message; /* its digest; the message itself for ML-DSA */
};

struct ms_pkey_ready;

/** A public key as a certificate has it. The bytes are borrowed from the certificate. */
struct ms_public_key {
	enum ms_pkey algo;
	struct ms_bytes key;
	/* made by the first use, then shared by all threads */
	_Atomic(struct ms_pkey_ready *) ready;
};

/** Is the (negative) error an answer of the kernel, rather than a failure of ours? */
bool ms_is_verdict(int error);

/**
 * Can a kernel that follows @rules verify a signature of that sort with @key at all?
 * Needs neither signature nor digest. 0 or a kernel errno: -EKEYREJECTED the algorithms
 * differ, -EINVAL the hash does not go with the algorithm, -ENOENT the kernel lacks it.
 */
int ms_pkey_check(const struct ms_rules *rules, const struct ms_public_key *key,
		  enum ms_sig_algo algo, enum ms_hash hash);

/**
 * Verifies @sig, for which ms_pkey_check() returned 0. 0: it is good. Kernel errnos:
 * -EKEYREJECTED, -EBADMSG, -EINVAL. Failures: -EOPNOTSUPP the crypto library lacks the
 * algorithm, -EIO, -ENOMEM.
 */
int ms_pkey_verify(struct ms_ctx *ctx, const struct ms_rules *rules,
		   struct ms_public_key *key, const struct ms_signature *sig);

/** Frees what verifying made of the key. */
void ms_public_key_done(struct ms_public_key *key);

#endif
