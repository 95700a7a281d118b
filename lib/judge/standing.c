/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the revoked keys of a keyring mean for its trusted ones.
 *
 * A trusted key that a revoked one stands behind (the same key with another certificate,
 * or the key that has signed it) is found as before: so does the kernel. But it is known
 * of it, for whoever asks for more than the verdict (revoked.c). That takes a look at all
 * of them, when all is there, and not one for each signer of each module.
 */

#include <errno.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "keyring-inside.h"

/*
 * Rounds of looking for revoked keys behind keys of one name. In earnest two are enough; each
 * looks at all trusted keys, so there is a bound, and no answer beyond it.
 */
enum { MOST_ROUNDS = 64 };

int ms_keyring_need_settled(struct ms_ctx *ctx, const struct ms_keyring *keyring)
{
	if (keyring->settled)
		return 0;
	return ms_fail(ctx, -EIO, "who is revoked has not been found out");
}

bool ms_keyring_has_revoked(const struct ms_keyring *keyring)
{
	return keyring->keys[MS_KEYS_REVOKED].count > 0 || keyring->tbs.root;
}

const struct ms_cert *ms_keyring_revoked(const struct ms_keyring *keyring,
					 const struct ms_key_id *id)
{
	const struct ms_keyring_list *revoked = &keyring->keys[MS_KEYS_REVOKED];
	const struct ms_keyring_list *trusted = &keyring->keys[MS_KEYS_TRUSTED];
	size_t i;

	if (!id->len)
		return NULL;
	if (ms_index_find(&revoked->by_id, id->data, id->len, &i))
		return revoked->entries[i].cert;
	if (ms_index_find(&trusted->by_revoked_id, id->data, id->len, &i))
		return trusted->entries[i].cert;
	if (ms_index_find(&keyring->revoked_names, id->data, id->len, &i))
		return trusted->entries[i].standing.revoked;
	return NULL;
}

/* A revoked certificate of that very key. */
static const struct ms_cert *revoked_of_key(const struct ms_keyring *keyring,
					    struct ms_bytes key)
{
	const struct ms_keyring_list *revoked = &keyring->keys[MS_KEYS_REVOKED];
	const struct ms_keyring_list *trusted = &keyring->keys[MS_KEYS_TRUSTED];
	size_t i;

	if (!key.len || !ms_index_find(&keyring->revoked_keys, key.data, key.len, &i))
		return NULL;
	return i < revoked->count ? revoked->entries[i].cert
				  : trusted->entries[i - revoked->count].cert;
}

/* The revoked key that @cert is, or has, or that has signed it; NULL: none. */
static int look_at_cert(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			const struct ms_cert *cert, const struct ms_cert **ret)
{
	const struct ms_cert *found;
	bool by_hash;
	int r = ms_keyring_check_tbs(ctx, keyring, cert, &by_hash);

	if (r < 0)
		return r;
	if (by_hash) {
		*ret = cert;
		return 0;
	}
	found = ms_keyring_revoked(keyring, &cert->id);
	found = found ? found : ms_keyring_revoked(keyring, &cert->skid);
	found = found ? found : revoked_of_key(keyring, cert->key.key);
	found = found ? found : ms_keyring_revoked(keyring, &cert->authority_id);
	*ret = found ? found : ms_keyring_revoked(keyring, &cert->authority_skid);
	return 0;
}

int ms_keyring_find_standing(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			     struct ms_standing *first, ms_issuer_fn issuer,
			     const void *among)
{
	struct ms_standing *end = first;

	/* without a certificate: a trusted key where nothing is revoked */
	while (end && end->cert && !end->known) {
		int r = ms_check_cancelled(ctx);

		r = r < 0 ? r : look_at_cert(ctx, keyring, end->cert, &end->revoked);
		if (r < 0)
			return r;
		end->known = true;
		if (end->revoked)
			break;
		end = issuer(among, end->cert);
	}
	/* nobody where the way has led in a circle */
	for (struct ms_standing *s = first; end && end->revoked && s != end;
	     s = issuer(among, s->cert))
		s->revoked = end->revoked;
	return 0;
}

static struct ms_standing *trusted_issuer(const void *among, const struct ms_cert *cert)
{
	const struct ms_keyring_list *trusted = among;
	const struct ms_key_id *ids[] = {&cert->authority_id, &cert->authority_skid};
	size_t number;

	for (size_t i = 0; i < MS_ARRAY_SIZE(ids); i++)
		if (ids[i]->len &&
		    ms_index_find(&trusted->by_id, ids[i]->data, ids[i]->len, &number))
			return &trusted->entries[number].standing;
	return NULL;
}

int ms_keyring_revoked_behind(struct ms_ctx *ctx, const struct ms_keyring *keyring,
			      const struct ms_cert *cert, const struct ms_cert **ret)
{
	struct ms_standing standing = { .cert = cert };
	int r = 0;

	if (ms_keyring_has_revoked(keyring))
		r = ms_keyring_need_settled(ctx, keyring);
	if (r == 0)
		r = ms_keyring_find_standing(ctx, keyring, &standing, trusted_issuer,
					     &keyring->keys[MS_KEYS_TRUSTED]);
	*ret = standing.revoked;
	return r;
}

static int index_key(struct ms_keyring *keyring, const struct ms_cert *cert,
		     size_t number)
{
	return ms_index_add(&keyring->revoked_keys, cert->key.key.data, cert->key.key.len,
			    number);
}

static int index_revoked_keys(struct ms_keyring *keyring)
{
	const struct ms_keyring_list *revoked = &keyring->keys[MS_KEYS_REVOKED];
	const struct ms_keyring_list *trusted = &keyring->keys[MS_KEYS_TRUSTED];
	int r = 0;

	ms_index_done(&keyring->revoked_keys);
	for (size_t i = 0; i < revoked->count && r == 0; i++)
		r = index_key(keyring, revoked->entries[i].cert, i);
	for (size_t i = 0; i < trusted->count && r == 0; i++)
		if (trusted->entries[i].tbs_revoked)
			r = index_key(keyring, trusted->entries[i].cert,
				      revoked->count + i);
	return r;
}

/* Whose name somebody else has too (an SKID) is told of under it, too. */
static int name_revoked(struct ms_keyring *keyring, size_t number, bool *more)
{
	struct ms_keyring_entry *entry = &keyring->keys[MS_KEYS_TRUSTED].entries[number];
	const struct ms_key_id *ids[] = { &entry->cert->id, &entry->cert->skid };
	int r = 0;

	if (!entry->standing.revoked || entry->is_named)
		return 0;
	for (size_t i = 0; i < MS_ARRAY_SIZE(ids) && r == 0; i++)
		if (ids[i]->len)
			r = ms_index_add(&keyring->revoked_names, ids[i]->data,
					 ids[i]->len, number);
	entry->is_named = true;
	*more = true;
	return r;
}

/* @more: the names of some are those of revoked keys that were not known before. */
static int find_standings(struct ms_ctx *ctx, struct ms_keyring *keyring, bool *more)
{
	struct ms_keyring_list *trusted = &keyring->keys[MS_KEYS_TRUSTED];
	int r = 0;

	for (size_t i = 0; i < trusted->count; i++) {
		struct ms_keyring_entry *entry = &trusted->entries[i];

		if (!entry->standing.revoked)
			entry->standing = (struct ms_standing){ .cert = entry->cert };
	}
	for (size_t i = 0; i < trusted->count && r == 0; i++)
		r = ms_keyring_find_standing(ctx, keyring, &trusted->entries[i].standing,
					     trusted_issuer, trusted);
	for (size_t i = 0; i < trusted->count && r == 0; i++)
		if (name_revoked(keyring, i, more) < 0)
			r = ms_fail_nomem(ctx);
	return r;
}

int ms_keyring_settle(struct ms_ctx *ctx, struct ms_keyring *keyring)
{
	struct ms_keyring_list *trusted = &keyring->keys[MS_KEYS_TRUSTED];
	bool more = ms_keyring_has_revoked(keyring);
	int r = 0;

	if (index_revoked_keys(keyring) < 0)
		return ms_fail_nomem(ctx);
	ms_index_done(&keyring->revoked_names);
	for (size_t i = 0; i < trusted->count; i++) {
		struct ms_keyring_entry *entry = &trusted->entries[i];

		entry->standing.revoked = NULL; /* nor is anything else known */
		entry->is_named = false;
	}
	/* in whatever order they were added */
	for (int round = 0; more && round < MOST_ROUNDS && r == 0; round++) {
		more = false;
		r = find_standings(ctx, keyring, &more);
	}
	/* what is not known to its end must not pass for an answer */
	if (r == 0 && more)
		r = ms_fail(ctx, -ELOOP,
			    "revoked keys and trusted ones of the same names stand behind "
			    "each other in more than %d steps", MOST_ROUNDS);
	keyring->settled = r == 0;
	return r;
}
