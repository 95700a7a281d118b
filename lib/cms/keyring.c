/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Keyrings: the trusted keys, the revoked ones and the revoked hashes.
 *
 * A key whose TBS hash is revoked is not trusted, in whatever order the two were added:
 * the kernel does not load such a key. A revoked key stays in the list of the trusted
 * ones and is refused by the judge, with another errno (is_key_on_revocation_list).
 *
 * The kernel compares a `tbs:` hash with SHA-256 of the TBS certificate; before Linux 7.0
 * with the digest that the certificate is signed over. Here any of the three lengths
 * revokes, whatever the release: more is refused so, never less.
 *
 * `bin:` hashes are of files that were measured or booted; the module loader does not
 * look at them. They are kept to be counted among what was read.
 */

#include "keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../hash/payload.h"
#include "lookup.h"

static const enum ms_hash tbs_hashes[] = { MS_HASH_SHA256, MS_HASH_SHA384,
					   MS_HASH_SHA512 };

enum { TBS_HASHES = 3 };

struct entry {
	struct ms_cert *cert;
	bool tbs_revoked;
};

struct digest {
	uint8_t bytes[MS_HASH_MAX_SIZE];
	size_t len;
};

struct list {
	struct entry *entries;
	size_t count;
};

struct ms_keyring {
	struct list keys[2]; /* by enum ms_keys */
	struct digest *tbs;
	size_t n_tbs;
	struct digest *bin;
	size_t n_bin;
};

struct ms_keyring *ms_keyring_new(void)
{
	return calloc(1, sizeof(struct ms_keyring));
}

struct ms_keyring *ms_keyring_free(struct ms_keyring *keyring)
{
	if (!keyring)
		return NULL;
	for (size_t i = 0; i < MS_ARRAY_SIZE(keyring->keys); i++) {
		for (size_t j = 0; j < keyring->keys[i].count; j++)
			ms_cert_free(keyring->keys[i].entries[j].cert);
		free(keyring->keys[i].entries);
	}
	free(keyring->tbs);
	free(keyring->bin);
	free(keyring);
	return NULL;
}

int ms_keyring_check_tbs(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			 const struct ms_cert *cert, bool *ret_revoked)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	bool revoked = false;

	for (size_t i = 0; i < TBS_HASHES && keyring->n_tbs > 0; i++) {
		size_t len = ms_hash_size(tbs_hashes[i]);
		int r = ms_hash_bytes(ctx, tbs_hashes[i], cert->tbs.data, cert->tbs.len,
				      digest);

		if (r < 0)
			return r;
		for (size_t j = 0; j < keyring->n_tbs; j++)
			revoked |= keyring->tbs[j].len == len &&
				   !memcmp(keyring->tbs[j].bytes, digest, len);
	}
	*ret_revoked = revoked;
	return 0;
}

static bool has_cert(const struct list *list, struct ms_bytes der)
{
	for (size_t i = 0; i < list->count; i++) {
		struct ms_bytes there = ms_cert_der(list->entries[i].cert);

		if (there.len == der.len && !memcmp(there.data, der.data, der.len))
			return true;
	}
	return false;
}

static int add(struct ms_ctx *ctx, struct ms_keyring *keyring, enum ms_keys keys,
	       struct ms_cert *cert)
{
	struct list *list = &keyring->keys[keys];
	struct entry *entries;
	bool revoked;
	int r;

	if (has_cert(list, ms_cert_der(cert)))
		return 0;
	r = ms_keyring_check_tbs(ctx, keyring, cert, &revoked);
	if (r < 0)
		return r;
	entries = reallocarray(list->entries, list->count + 1, sizeof(*entries));
	if (!entries)
		return ms_fail_nomem(ctx);
	list->entries = entries;
	entries[list->count++] = (struct entry){ ms_cert_ref(cert), revoked };
	return 0;
}

int ms_keyring_trust(struct ms_ctx *ctx, struct ms_keyring *keyring, struct ms_cert *cert)
{
	return add(ctx, keyring, MS_KEYS_TRUSTED, cert);
}

int ms_keyring_revoke(struct ms_ctx *ctx, struct ms_keyring *keyring,
		      struct ms_cert *cert)
{
	return add(ctx, keyring, MS_KEYS_REVOKED, cert);
}

static int add_digest(struct ms_ctx *ctx, struct digest **digests, size_t *count,
		      const uint8_t *bytes, size_t len)
{
	struct digest *more = reallocarray(*digests, *count + 1, sizeof(*more));

	if (!more)
		return ms_fail_nomem(ctx);
	*digests = more;
	memcpy(more[*count].bytes, bytes, len);
	more[(*count)++].len = len;
	return 0;
}

int ms_keyring_revoke_tbs(struct ms_ctx *ctx, struct ms_keyring *keyring,
			  const uint8_t *digest, size_t len)
{
	struct list *trusted = &keyring->keys[MS_KEYS_TRUSTED];
	bool known = false;
	int r;

	for (size_t i = 0; i < TBS_HASHES; i++)
		known |= ms_hash_size(tbs_hashes[i]) == len;
	if (!known)
		return ms_fail(ctx, -EINVAL, "no hash of a certificate has %zu bytes",
			       len);
	r = add_digest(ctx, &keyring->tbs, &keyring->n_tbs, digest, len);
	for (size_t i = 0; r == 0 && i < trusted->count; i++)
		r = ms_keyring_check_tbs(ctx, keyring, trusted->entries[i].cert,
					 &trusted->entries[i].tbs_revoked);
	return r;
}

int ms_keyring_revoke_bin(struct ms_ctx *ctx, struct ms_keyring *keyring,
			  const uint8_t digest[32])
{
	return add_digest(ctx, &keyring->bin, &keyring->n_bin, digest, 32);
}

size_t ms_keyring_count(const struct ms_keyring *keyring)
{
	return keyring->keys[MS_KEYS_TRUSTED].count;
}

const struct ms_cert *ms_keyring_cert(const struct ms_keyring *keyring, size_t i)
{
	const struct list *trusted = &keyring->keys[MS_KEYS_TRUSTED];

	return i < trusted->count ? trusted->entries[i].cert : NULL;
}

int ms_keyring_find(const struct ms_keyring *keyring, enum ms_keys keys,
		    const struct ms_key_id *id, const struct ms_key_id *skid,
		    struct ms_cert **ret)
{
	const struct list *list = &keyring->keys[keys];
	const struct ms_key_id *wanted = id->data ? id : skid;

	if (!wanted->data || wanted->len == 0)
		return -EINVAL;
	for (size_t i = 0; i < list->count; i++) {
		struct ms_cert *cert = list->entries[i].cert;

		if (list->entries[i].tbs_revoked)
			continue;
		if (!ms_key_id_same(&cert->id, wanted) &&
		    !ms_key_id_same(&cert->skid, wanted))
			continue;
		if (id->data && skid->data && !ms_key_id_same(&cert->skid, skid))
			return -EKEYREJECTED;
		*ret = cert;
		return 0;
	}
	return -ENOKEY;
}

bool ms_keyring_has_revoked(const struct ms_keyring *keyring)
{
	return keyring->keys[MS_KEYS_REVOKED].count > 0 || keyring->n_tbs > 0;
}

const struct ms_cert *ms_keyring_revoked(const struct ms_keyring *keyring,
					 const struct ms_key_id *id)
{
	for (size_t k = 0; k < MS_ARRAY_SIZE(keyring->keys); k++) {
		const struct list *list = &keyring->keys[k];

		for (size_t i = 0; i < list->count; i++) {
			const struct entry *entry = &list->entries[i];

			if (k != MS_KEYS_REVOKED && !entry->tbs_revoked)
				continue;
			if (ms_key_id_same(&entry->cert->id, id) ||
			    ms_key_id_same(&entry->cert->skid, id))
				return entry->cert;
		}
	}
	return NULL;
}
