/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The right generation for each kernel. After a rotation the kernels that are installed
 * still trust the generations they were built with; what is signed for one of them, by
 * hand or by DKMS, needs that generation's key.
 *
 * The question is the one that the kernel asks when it finds a key for a signature
 * (find_asymmetric_key() of Linux), in the same keyring that verify judges by. Signatures
 * name their key by serial number and issuer, or by subject key identifier: a certificate
 * counts only where it is found by either, so that it does not matter which. And the public
 * key must be the same: identifiers alone are names.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/context.h"
#include "../judge/cert.h"
#include "../judge/lookup.h"
#include "../trust/trust.h"
#include "store.h"

MS_DEFINE_CLEANUP(cleanup_trust, struct ms_trust *, ms_trust_free)

static const struct ms_key_id none;

static bool same_key(const struct ms_public_key *a, const struct ms_public_key *b)
{
	return a->algo == b->algo && a->key.len == b->key.len &&
	       !memcmp(a->key.data, b->key.data, a->key.len);
}

/* Does a signature find the certificate's key, however it names it? */
static bool finds_key(const struct ms_keyring *keyring, const struct ms_cert *cert)
{
	struct ms_cert *found = NULL;

	if (ms_keyring_find(keyring, MS_KEYS_TRUSTED, &cert->id, &none, &found) < 0 ||
	    !same_key(&cert->key, &found->key))
		return false;
	if (!cert->skid.data)
		return true;
	return ms_keyring_find(keyring, MS_KEYS_TRUSTED, &none, &cert->skid, &found) == 0 &&
	       same_key(&cert->key, &found->key);
}

/*
 * Would the kernel take a signature of this certificate's key, and verify not warn of it?
 * What is revoked by any name, key or issuer is not taken, though the kernel looks at less.
 */
static int is_trusted(struct ms_ctx *ctx, const struct ms_trust *trust,
		      const struct ms_cert *cert, bool *ret)
{
	const struct ms_keyring *keyring = ms_trust_keyring(trust);
	const struct ms_cert *revoked = NULL;
	int r = ms_keyring_revoked_behind(ctx, keyring, cert, &revoked);

	if (r < 0)
		return r;
	*ret = !revoked && ms_trust_rules(trust)->pkey[cert->key.algo] &&
	       finds_key(keyring, cert);
	return 0;
}

/* All that kernel @release trusts. */
static int gather(struct ms_ctx *ctx, const struct ms_keystore *store, const char *release,
		  struct ms_trust *trust)
{
	_cleanup_free_ char *image = NULL;
	int r = ms_system_kernel_image(ctx, store->system, release, &image);

	if (r < 0)
		return r;
	r = ms_trust_add_kernel_of(ctx, trust, store->system, image);
	if (r == -ENOKEY) { /* it has no certificate: the machine may have one */
		ms_fail_clear(ctx);
		r = 0;
	}
	if (r == 0 && !*ms_system_root(store->system))
		r = ms_trust_add_machine(ctx, trust, store->system);
	return r;
}

static int fail_none(struct ms_ctx *ctx, const struct ms_keystore *store,
		     const char *release)
{
	ms_fail(ctx, -ENOKEY, "kernel %s trusts no key generation of the store '%s'", release,
		store->path);
	return ms_hint_command(
		ctx, -ENOKEY,
		"enrol the current one: modseal key enroll --mok --store %s; or "
		"build that kernel from a configuration that trusts it: modseal key "
		"rotate --store %s --config FILE",
		store->path, store->path);
}

int ms_keystore_for_kernel(struct ms_ctx *ctx, struct ms_keystore *store,
			   const char *release, const struct ms_generation **ret)
{
	_cleanup_(cleanup_trust) struct ms_trust *trust = ms_trust_new();
	int r = trust ? gather(ctx, store, release, trust) : ms_fail_nomem(ctx);

	if (r < 0)
		return r;
	for (size_t i = 0; i < store->n_entries; i++) {
		const struct ms_store_entry *entry = &store->entries[i];
		bool trusted = false;

		if (!entry->face.whole)
			continue;
		r = is_trusted(ctx, trust, entry->parsed, &trusted);
		if (r < 0)
			return r;
		if (!trusted)
			continue;
		*ret = &entry->face;
		return 0;
	}
	return fail_none(ctx, store, release);
}
