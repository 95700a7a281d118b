/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_JUDGE_REVOKED_H
#define MS_JUDGE_REVOKED_H

/* Signers that are revoked, whatever the kernel's verdict is. */

#include "../base/texts.h"
#include "keyring.h"
#include "rules.h"

/**
 * Adds to @texts a sentence for each signer of the PKCS#7 message @sig that is revoked,
 * or depends on a key that is, with @where ("" or "...: ") before it. Of a message that
 * the kernel cannot read, the signers count that can be read; and if that were not all,
 * another sentence says so. 0, also where none is; -ENOMEM, -ECANCELED, failures of the
 * crypto library, and -EIO for a keyring that is not settled.
 */
int ms_cms_find_revoked(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			const struct ms_rules *rules, const uint8_t *sig, size_t len,
			const char *where, struct ms_texts *texts);

/** How many signers the message names. Errors: as above. */
int ms_cms_count_signers(struct ms_ctx *ctx, const struct ms_rules *rules,
			 const uint8_t *sig, size_t len, size_t *ret);

#endif
