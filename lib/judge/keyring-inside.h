/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_KEYRING_INSIDE_H
#define MS_JUDGE_KEYRING_INSIDE_H

/* What a keyring is: for keyring.c, which fills it, and standing.c. */

#include "../base/index.h"
#include "keyring.h"
#include "lookup.h"

enum { MS_KEYRING_TBS_HASHES = 3 }; /* SHA-256, 384 and 512 */

struct ms_keyring_entry {
	struct ms_cert *cert;
	bool tbs_revoked;
	struct ms_standing standing; /* of a trusted one; once the keyring is settled */
	bool is_named;		     /* among those of which a revoked key is known */
};

struct ms_keyring_list {
	struct ms_keyring_entry *entries;
	size_t count, room;
	struct ms_index by_der;
	struct ms_index by_id; /* the first with it, of those whose hash is not revoked */
	struct ms_index by_revoked_id; /* the same of those whose hash is */
};

struct ms_keyring {
	struct ms_keyring_list keys[2]; /* by enum ms_keys */
	struct ms_index tbs;
	bool has_tbs[MS_KEYRING_TBS_HASHES]; /* of which of tbs_hashes there are any */
	struct ms_index bin;
	/* by their bytes; numbers of the revoked list, from its end on of the trusted one
	 */
	struct ms_index revoked_keys;
	/* names of trusted keys that a revoked one stands behind, by whichever certificate */
	struct ms_index revoked_names;
	bool settled;
};

#endif
