/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_KEYRING_H
#define MS_JUDGE_KEYRING_H

/*
 * Keys that a kernel trusts, and what is revoked: its keyrings and its blacklist. Read
 * by many threads once it is filled.
 */

#include "x509.h"

struct ms_keyring;

struct ms_keyring *ms_keyring_new(void);
struct ms_keyring *ms_keyring_free(struct ms_keyring *keyring);
MS_DEFINE_CLEANUP(ms_cleanup_keyring, struct ms_keyring *, ms_keyring_free)

/** Adds a trusted certificate (takes a reference). One that is there already is not added. */
int ms_keyring_trust(struct ms_ctx *ctx, struct ms_keyring *keyring, struct ms_cert *cert);

/** Adds a revoked certificate (takes a reference), as the kernel's .blacklist has it. */
int ms_keyring_revoke(struct ms_ctx *ctx, struct ms_keyring *keyring, struct ms_cert *cert);

/** Adds a revoked hash of a TBS certificate (`tbs:`), SHA-256, 384 or 512 by @len. */
int ms_keyring_revoke_tbs(struct ms_ctx *ctx, struct ms_keyring *keyring,
			  const uint8_t *digest, size_t len);

/** Adds a revoked hash of data (`bin:`), SHA-256, as EFI_CERT_SHA256 entries become. */
int ms_keyring_revoke_bin(struct ms_ctx *ctx, struct ms_keyring *keyring,
			  const uint8_t digest[32]);

/**
 * Finds out what the revocations mean for the trusted keys. To be called when all is
 * added; without, nobody can be told who is revoked. -ENOMEM, -ECANCELED, -ELOOP revoked
 * keys stand behind others in more steps than are looked at, and failures of the crypto
 * library.
 */
int ms_keyring_settle(struct ms_ctx *ctx, struct ms_keyring *keyring);

size_t ms_keyring_count(const struct ms_keyring *keyring);           /* trusted */
const struct ms_cert *ms_keyring_cert(const struct ms_keyring *keyring, size_t i);

#endif
