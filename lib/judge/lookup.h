/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_LOOKUP_H
#define MS_JUDGE_LOOKUP_H

/* How the judge looks into a keyring. */

#include "cert.h"
#include "keyring.h"

enum ms_keys { MS_KEYS_TRUSTED, MS_KEYS_REVOKED };

/**
 * Finds a key (find_asymmetric_key() of Linux with exact matching). @id is compared with
 * both identifiers of each key, @skid with its SKID. Either may be without data.
 * 0, -ENOKEY; -EINVAL the identifier that is looked for has no bytes; -EKEYREJECTED both
 * were given, and the key found by @id has another SKID.
 */
int ms_keyring_find(const struct ms_keyring *keyring, enum ms_keys keys,
		    const struct ms_key_id *id, const struct ms_key_id *skid,
		    struct ms_cert **ret);

/** Is anything revoked in it, but for hashes of files? */
bool ms_keyring_has_revoked(const struct ms_keyring *keyring);

/**
 * What revocations make of a certificate, and of those that it stands below. It is found
 * out once; zeroed but for @cert: not yet.
 */
struct ms_standing {
	const struct ms_cert *cert;
	const struct ms_cert *revoked; /* the revoked key behind it; NULL: none */
	bool known;
};

/** The one of @among that has signed @cert, by what @cert says. NULL: none there. */
typedef struct ms_standing *(*ms_issuer_fn)(const void *among,
					    const struct ms_cert *cert);

/**
 * Finds out about @first and those above it, as far as the way goes on: to the first that
 * is revoked, or to one that was on a way before. A certificate is revoked if a revoked
 * key has its identifiers, or is its key, or is said to have signed it; or its hash is.
 * 0; -ENOMEM, -ECANCELED and failures of the crypto library.
 */
int ms_keyring_find_standing(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			     struct ms_standing *first, ms_issuer_fn issuer,
			     const void *among);

/** Has ms_keyring_settle() been called since the last change? 0 or -EIO. */
int ms_keyring_need_settled(struct ms_ctx *ctx, const struct ms_keyring *keyring);

/**
 * The revoked key behind the key that @id names: itself, by its certificate or by the
 * hash of that; or, of any trusted key of that name, as ms_keyring_find_standing() says.
 * NULL: none.
 */
const struct ms_cert *ms_keyring_revoked(const struct ms_keyring *keyring,
					 const struct ms_key_id *id);

/**
 * The revoked key behind @cert, which need not be one of @keyring: as
 * ms_keyring_find_standing() says, with the trusted ones above it. @ret: NULL if there is
 * none; borrowed from @keyring, or @cert itself. -EIO the keyring is not settled; -ENOMEM,
 * -ECANCELED and failures of the crypto library.
 */
int ms_keyring_revoked_behind(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			      const struct ms_cert *cert, const struct ms_cert **ret);

/** Is the hash of what was signed in @cert revoked? 0 or a failure. */
int ms_keyring_check_tbs(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			 const struct ms_cert *cert, bool *ret_revoked);

#endif
