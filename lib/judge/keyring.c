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
 * Keys and hashes by the ten thousand are found by index, not by going through all of
 * them, and no digest is computed of an algorithm of which none is there. Hashes that are
 * added before the keys cost nothing more; each that is added later looks at all keys
 * again.
 *
 * `bin:` hashes are of files that were measured or booted; the module loader does not
 * look at them. They are kept to be counted among what was read.
 */

#include "keyring.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../base/room.h"
#include "../hash/payload.h"
#include "keyring-inside.h"

static const enum ms_hash tbs_hashes[] = { MS_HASH_SHA256, MS_HASH_SHA384,
					   MS_HASH_SHA512 };

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
		ms_index_done(&keyring->keys[i].by_der);
		ms_index_done(&keyring->keys[i].by_id);
		ms_index_done(&keyring->keys[i].by_revoked_id);
	}
	ms_index_done(&keyring->tbs);
	ms_index_done(&keyring->bin);
	ms_index_done(&keyring->revoked_keys);
	ms_index_done(&keyring->revoked_names);
	free(keyring);
	return NULL;
}

int ms_keyring_check_tbs(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			 const struct ms_cert *cert, bool *ret_revoked)
{
	uint8_t digest[MS_HASH_MAX_SIZE];
	bool revoked = false;

	for (size_t i = 0; i < MS_KEYRING_TBS_HASHES; i++) {
		size_t len = ms_hash_size(tbs_hashes[i]), unused;
		int r;

		if (!keyring->has_tbs[i])
			continue;
		r = ms_hash_bytes(ctx, tbs_hashes[i], cert->tbs.data, cert->tbs.len,
				  digest);
		if (r < 0)
			return r;
		revoked |= ms_index_find(&keyring->tbs, digest, len, &unused);
	}
	*ret_revoked = revoked;
	return 0;
}

/* Makes the entry known by its two identifiers, unless one before it has them. */
static int index_ids(struct ms_keyring_list *list, size_t i)
{
	const struct ms_keyring_entry *entry = &list->entries[i];
	const struct ms_cert *cert = entry->cert;
	struct ms_index *index = entry->tbs_revoked ? &list->by_revoked_id : &list->by_id;
	int r = 0;

	if (cert->id.data)
		r = ms_index_add(index, cert->id.data, cert->id.len, i);
	if (r == 0 && cert->skid.data)
		r = ms_index_add(index, cert->skid.data, cert->skid.len, i);
	return r;
}

static int append(struct ms_keyring_list *list, struct ms_cert *cert, bool revoked)
{
	struct ms_bytes der = ms_cert_der(cert);
	struct ms_keyring_entry *entries =
		ms_room(list->entries, list->count, &list->room, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	list->entries = entries;
	if (ms_index_add(&list->by_der, der.data, der.len, list->count) < 0)
		return -ENOMEM;
	entries[list->count++] =
		(struct ms_keyring_entry){.cert = ms_cert_ref(cert), .tbs_revoked = revoked};
	return index_ids(list, list->count - 1);
}

static int add(struct ms_ctx *ctx, struct ms_keyring *keyring, enum ms_keys keys,
	       struct ms_cert *cert)
{
	struct ms_keyring_list *list = &keyring->keys[keys];
	struct ms_bytes der = ms_cert_der(cert);
	bool revoked = false;
	size_t there;
	int r = 0;

	keyring->settled = false;
	if (ms_index_find(&list->by_der, der.data, der.len, &there))
		return 0;
	/* what is revoked as a key stays so, whatever else revokes it */
	if (keys == MS_KEYS_TRUSTED)
		r = ms_keyring_check_tbs(ctx, keyring, cert, &revoked);
	if (r < 0)
		return r;
	return append(list, cert, revoked) < 0 ? ms_fail_nomem(ctx) : 0;
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

/* Looks again which of the trusted keys are revoked by their hash. */
static int check_trusted(struct ms_ctx *ctx, struct ms_keyring *keyring)
{
	struct ms_keyring_list *trusted = &keyring->keys[MS_KEYS_TRUSTED];
	int r = 0;

	keyring->settled = false;
	ms_index_done(&trusted->by_id);
	ms_index_done(&trusted->by_revoked_id);
	for (size_t i = 0; r == 0 && i < trusted->count; i++) {
		r = ms_keyring_check_tbs(ctx, keyring, trusted->entries[i].cert,
					 &trusted->entries[i].tbs_revoked);
		if (r == 0 && index_ids(trusted, i) < 0)
			r = ms_fail_nomem(ctx);
	}
	return r;
}

int ms_keyring_revoke_tbs(struct ms_ctx *ctx, struct ms_keyring *keyring,
			  const uint8_t *digest, size_t len)
{
	size_t i = 0;

	while (i < MS_KEYRING_TBS_HASHES && ms_hash_size(tbs_hashes[i]) != len)
		i++;
	if (i == MS_KEYRING_TBS_HASHES)
		return ms_fail(ctx, -EINVAL, "no hash of a certificate has %zu bytes",
			       len);
	if (ms_index_add(&keyring->tbs, digest, len, 0) < 0)
		return ms_fail_nomem(ctx);
	keyring->has_tbs[i] = true;
	return check_trusted(ctx, keyring);
}

int ms_keyring_revoke_bin(struct ms_ctx *ctx, struct ms_keyring *keyring,
			  const uint8_t digest[32])
{
	return ms_index_add(&keyring->bin, digest, 32, 0) < 0 ? ms_fail_nomem(ctx) : 0;
}

size_t ms_keyring_count(const struct ms_keyring *keyring)
{
	return keyring->keys[MS_KEYS_TRUSTED].count;
}

const struct ms_cert *ms_keyring_cert(const struct ms_keyring *keyring, size_t i)
{
	const struct ms_keyring_list *trusted = &keyring->keys[MS_KEYS_TRUSTED];

	return i < trusted->count ? trusted->entries[i].cert : NULL;
}

int ms_keyring_find(const struct ms_keyring *keyring, enum ms_keys keys,
		    const struct ms_key_id *id, const struct ms_key_id *skid,
		    struct ms_cert **ret)
{
	const struct ms_keyring_list *list = &keyring->keys[keys];
	const struct ms_key_id *wanted = id->data ? id : skid;
	struct ms_cert *cert;
	size_t i;

	if (!wanted->data || wanted->len == 0)
		return -EINVAL;
	if (!ms_index_find(&list->by_id, wanted->data, wanted->len, &i))
		return -ENOKEY;
	cert = list->entries[i].cert;
	if (id->data && skid->data && !ms_key_id_same(&cert->skid, skid))
		return -EKEYREJECTED;
	*ret = cert;
	return 0;
}
