/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CMS_LOOKUP_H
#define MS_CMS_LOOKUP_H

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
 * A key that @id names, and that is revoked: by its certificate, or by the hash of that.
 * NULL: none.
 */
const struct ms_cert *ms_keyring_revoked(const struct ms_keyring *keyring,
					 const struct ms_key_id *id);

/** Is the hash of what was signed in @cert revoked? 0 or a failure. */
int ms_keyring_check_tbs(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			 const struct ms_cert *cert, bool *ret_revoked);

#endif
