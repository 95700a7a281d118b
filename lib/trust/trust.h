/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TRUST_TRUST_H
#define MS_TRUST_TRUST_H

/* The library's side of a trust set: what verifying reads of it. */

#include <modseal/system.h>
#include <modseal/trust.h>

#include "../judge/keyring.h"
#include "../judge/rules.h"

const struct ms_keyring *ms_trust_keyring(const struct ms_trust *trust);
const struct ms_rules *ms_trust_rules(const struct ms_trust *trust);

/**
 * ms_trust_add_kernel() of an image that belongs to @system: its configuration is looked
 * for there, and nowhere else.
 */
int ms_trust_add_kernel_of(struct ms_ctx *ctx, struct ms_trust *trust,
			   const struct ms_system *system, const char *path);

/**
 * Adds what the EFI variables of @system's machine trust and revoke, as the kernel takes
 * them, and nothing of the running kernel's: for the judgement of another kernel there.
 * Errors as ms_trust_add("system").
 */
int ms_trust_add_machine(struct ms_ctx *ctx, struct ms_trust *trust,
			 const struct ms_system *system);

/** A set that trusts one certificate, for verifying what was just signed with it. */
int ms_trust_of_cert(struct ms_ctx *ctx, struct ms_bytes der, struct ms_trust **ret);

#endif
