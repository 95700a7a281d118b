/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TRUST_TRUST_H
#define MS_TRUST_TRUST_H

/* The library's side of a trust set: what verifying reads of it. */

#include <modseal/trust.h>

#include "../cms/keyring.h"
#include "../cms/rules.h"

const struct ms_keyring *ms_trust_keyring(const struct ms_trust *trust);
const struct ms_rules *ms_trust_rules(const struct ms_trust *trust);

/** A set that trusts one certificate, for verifying what was just signed with it. */
int ms_trust_of_cert(struct ms_ctx *ctx, struct ms_bytes der, struct ms_trust **ret);

#endif
