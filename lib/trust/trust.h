/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TRUST_TRUST_H
#define MS_TRUST_TRUST_H

/* The library's side of a trust set: what verifying reads of it. */

#include <modseal/trust.h>

#include "../judge/keyring.h"
#include "../judge/rules.h"

const struct ms_keyring *ms_trust_keyring(const struct ms_trust *trust);
const struct ms_rules *ms_trust_rules(const struct ms_trust *trust);

/**
 * Adds what this machine's EFI variables trust and revoke, and nothing of the running
 * kernel's: for the judgement of another kernel here. Errors as ms_trust_add("system").
 */
int ms_trust_add_machine(struct ms_ctx *ctx, struct ms_trust *trust);

/**
 * Adds what the EFI variables in @dir, a directory like efivarfs, trust and revoke, as the
 * kernel takes them; none need be there. Errors as ms_trust_add("system").
 */
int ms_trust_add_efivars(struct ms_ctx *ctx, struct ms_trust *trust, const char *dir);

/**
 * ms_kernel_image_find() below directory @root; "" is the whole system's. -ENOENT has no
 * hint.
 */
int ms_kernel_image_find_below(struct ms_ctx *ctx, const char *root, const char *release,
			       char **ret_path);

/** A set that trusts one certificate, for verifying what was just signed with it. */
int ms_trust_of_cert(struct ms_ctx *ctx, struct ms_bytes der, struct ms_trust **ret);

#endif
