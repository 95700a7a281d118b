/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a kernel trusts.
 *
 * Sources are kept as they came: certificates in DER, digests, whether they are trusted
 * or revoked. Which of them a kernel can use depends on its release and configuration,
 * which may be told before or after the sources; so after every change the keyring is
 * made anew from what is kept. The keyring and the rules that are there always belong
 * together, and a change that fails leaves those of before.
 *
 * Hashes of modules are not like certificates, of which any source adds some: they say
 * what one kernel was built with, and so they are the first image's or nobody's.
 *
 * A certificate that a person named must be one that the kernel takes. Those in a kernel
 * image and in EFI variables are taken as the kernel takes them: what it cannot parse it
 * passes over with a message in its log.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/room.h"
#include "../judge/pkey.h"
#include "assumed.h"
#include "set.h"

struct item {
	char *shown; /* the file it came from */
	uint8_t *der;
	size_t len;
	bool revoked;
	enum ms_trust_manner manner;
};

struct ms_trust {
	struct item *items;
	size_t n_items, items_room;
	struct ms_source_digest *digests;
	size_t n_digests;

	char *release;
	bool release_is_set; /* by hand: an image's does not replace it */
	struct ms_kconfig *config;
	char *config_path;
	bool config_is_set;
	bool no_crypto_modules;

	bool has_kernel;                 /* an image was taken */
	struct ms_kernel_hashes *hashes; /* the first image's, or NULL */

	struct ms_texts notes;	 /* that stay */
	struct ms_texts assumed; /* the notes, and what follows from what is not known */
	struct ms_keyring *keyring;
	struct ms_rules rules;
};

MS_DEFINE_CLEANUP(cleanup_kconfig, struct ms_kconfig *, ms_kconfig_free)
MS_DEFINE_CLEANUP(cleanup_trust, struct ms_trust *, ms_trust_free)

int ms_trust_note(struct ms_ctx *ctx, struct ms_trust *trust, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = ms_texts_vprintf(&trust->notes, format, args);
	va_end(args);
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}

struct ms_trust *ms_trust_new(void)
{
	_cleanup_(cleanup_trust) struct ms_trust *trust = calloc(1, sizeof(*trust));
	struct ms_ctx *ctx = ms_ctx_new();
	int r = trust && ctx ? ms_trust_refresh(ctx, trust) : -ENOMEM;

	ms_ctx_free(ctx);
	return r < 0 ? NULL : ms_steal(&trust);
}

static void drop_items(struct ms_trust *trust, size_t n)
{
	while (trust->n_items > n) {
		trust->n_items--;
		free(trust->items[trust->n_items].shown);
		free(trust->items[trust->n_items].der);
	}
}

struct ms_trust *ms_trust_free(struct ms_trust *trust)
{
	if (!trust)
		return NULL;
	drop_items(trust, 0);
	free(trust->items);
	free(trust->digests);
	free(trust->release);
	ms_kconfig_free(trust->config);
	free(trust->config_path);
	ms_texts_done(&trust->notes);
	ms_texts_done(&trust->assumed);
	ms_keyring_free(trust->keyring);
	ms_kernel_hashes_free(trust->hashes);
	free(trust);
	return NULL;
}

static int add_item(struct ms_ctx *ctx, struct ms_trust *trust, const char *shown,
		    const uint8_t *der, size_t len, enum ms_trust_manner manner,
		    bool revoked)
{
	struct item *items =
		ms_room(trust->items, trust->n_items, &trust->items_room, sizeof(*items));
	struct item item = { .len = len, .manner = manner, .revoked = revoked };

	if (!items)
		return ms_fail_nomem(ctx);
	trust->items = items;
	item.shown = strdup(shown);
	item.der = malloc(len ? len : 1);
	if (!item.shown || !item.der) {
		free(item.shown);
		free(item.der);
		return ms_fail_nomem(ctx);
	}
	memcpy(item.der, der, len);
	items[trust->n_items++] = item;
	return 0;
}

static int add_digests(struct ms_ctx *ctx, struct ms_trust *trust,
		       const struct ms_source *source)
{
	struct ms_source_digest *digests;

	if (source->n_digests == 0)
		return 0;
	digests = reallocarray(trust->digests, trust->n_digests + source->n_digests,
			       sizeof(*digests));
	if (!digests)
		return ms_fail_nomem(ctx);
	trust->digests = digests;
	memcpy(digests + trust->n_digests, source->digests,
	       source->n_digests * sizeof(*digests));
	trust->n_digests += source->n_digests;
	return 0;
}

int ms_trust_take(struct ms_ctx *ctx, struct ms_trust *trust, const char *shown,
		  const struct ms_source *source, enum ms_trust_manner manner,
		  bool revoke)
{
	/* an EFI list's digests say what may boot, or what is revoked; a kernel's revoke */
	bool with_digests = revoke || source->kind == MS_SOURCE_KERNEL;
	int r = with_digests ? add_digests(ctx, trust, source) : 0;

	for (size_t i = 0; i < source->n_certs && r == 0; i++)
		r = add_item(ctx, trust, shown, source->certs[i].der,
			     source->certs[i].len, manner,
			     revoke || source->certs[i].place == MS_CERT_REVOKED);
	return r;
}

int ms_trust_take_hashes(struct ms_ctx *ctx, struct ms_trust *trust, const char *shown,
			 struct ms_kernel_hashes **hashes)
{
	if (!trust->has_kernel) {
		trust->hashes = ms_steal(hashes);
		trust->has_kernel = true;
		return 0;
	}
	if (!*hashes)
		return 0;
	return ms_trust_note(ctx, trust,
			     "the hashes of '%s' do not count: it is not the first kernel",
			     shown);
}

struct ms_trust_mark ms_trust_begin(const struct ms_trust *trust)
{
	return (struct ms_trust_mark){
		.n_items = trust->n_items,
		.n_digests = trust->n_digests,
		.n_notes = trust->notes.n,
		.has_kernel = trust->has_kernel,
	};
}

int ms_trust_end(struct ms_ctx *ctx, struct ms_trust *trust, struct ms_trust_mark mark,
		 int r)
{
	r = r < 0 ? r : ms_trust_refresh(ctx, trust);
	if (r < 0) {
		drop_items(trust, mark.n_items);
		trust->n_digests = mark.n_digests;
		ms_texts_drop(&trust->notes, mark.n_notes);
		if (!mark.has_kernel)
			trust->hashes = ms_kernel_hashes_free(trust->hashes);
		trust->has_kernel = mark.has_kernel;
	}
	return r;
}

static int put_on_ring(struct ms_ctx *ctx, struct ms_keyring *keyring,
		       const struct ms_rules *rules, const struct item *item)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = NULL;
	int r = ms_cert_parse(ctx, rules, item->der, item->len, &cert);

	/* what went wrong here says nothing of what the kernel does */
	if (r < 0 && item->manner == MS_TRUST_AS_KERNEL && ms_is_verdict(r)) {
		ms_info(ctx, "'%s': the kernel passes over a certificate: %s",
			item->shown, ms_ctx_message(ctx));
		ms_fail_clear(ctx);
		return 0;
	}
	if (r < 0)
		return ms_fail_prefix(ctx, r, "'%s'", item->shown);
	return item->revoked ? ms_keyring_revoke(ctx, keyring, cert)
			     : ms_keyring_trust(ctx, keyring, cert);
}

static int put_digest(struct ms_ctx *ctx, struct ms_keyring *keyring,
		      const struct ms_source_digest *digest)
{
	if (digest->tbs && (digest->len == 32 || digest->len == 48 || digest->len == 64))
		return ms_keyring_revoke_tbs(ctx, keyring, digest->digest, digest->len);
	if (!digest->tbs && digest->len == 32)
		return ms_keyring_revoke_bin(ctx, keyring, digest->digest);
	ms_info(ctx, "a revoked digest of %zu bytes: of no algorithm that is compared",
		digest->len);
	return 0;
}

static int fill_keyring(struct ms_ctx *ctx, const struct ms_trust *trust,
			const struct ms_rules *rules, struct ms_keyring *keyring)
{
	int r = 0;

	/* the hashes first: a keyring looks at all its keys for each that comes later */
	for (size_t i = 0; i < trust->n_digests && r == 0; i++)
		r = put_digest(ctx, keyring, &trust->digests[i]);
	for (size_t i = 0; i < trust->n_items && r == 0; i++) {
		r = ms_check_cancelled(ctx);
		r = r < 0 ? r : put_on_ring(ctx, keyring, rules, &trust->items[i]);
	}
	return r < 0 ? r : ms_keyring_settle(ctx, keyring);
}

static int make_rules(struct ms_ctx *ctx, const struct ms_trust *trust, bool modules,
		      struct ms_rules *ret)
{
	*ret = ms_rules_default();
	if (trust->config)
		ms_rules_set_config(ret, trust->config, modules);
	return trust->release ? ms_rules_set_release(ctx, ret, trust->release) : 0;
}

static int make_assumed(struct ms_ctx *ctx, const struct ms_trust *trust,
			struct ms_texts *ret)
{
	struct ms_rules with_modules, without_modules;
	struct ms_trust_known known = {
		.release = trust->release,
		.config_path = trust->config_path,
		.config_was_found = !trust->config_is_set,
		.modules_count = !trust->no_crypto_modules,
		.with_modules = &with_modules,
		.without_modules = &without_modules,
		.hashes = trust->hashes,
		.config_has_hashes =
			trust->config && ms_kconfig_state(trust->config, "MODULE_HASHES") ==
						 MS_KCONFIG_YES,
	};
	int r = make_rules(ctx, trust, true, &with_modules);

	r = r < 0 ? r : make_rules(ctx, trust, false, &without_modules);
	for (size_t i = 0; i < trust->notes.n && r == 0; i++)
		r = ms_texts_printf(ret, "%s", trust->notes.texts[i]);
	r = r < 0 ? r : ms_trust_list_assumed(&known, ret);
	return r == -ENOMEM ? ms_fail_nomem(ctx) : r;
}

int ms_trust_refresh(struct ms_ctx *ctx, struct ms_trust *trust)
{
	_cleanup_(ms_cleanup_keyring) struct ms_keyring *keyring = ms_keyring_new();
	_cleanup_(ms_texts_done) struct ms_texts assumed = { 0 };
	struct ms_texts old = trust->assumed;
	struct ms_rules rules;
	int r = make_rules(ctx, trust, !trust->no_crypto_modules, &rules);

	if (r < 0)
		return r;
	if (!keyring)
		return ms_fail_nomem(ctx);
	r = fill_keyring(ctx, trust, &rules, keyring);
	r = r < 0 ? r : make_assumed(ctx, trust, &assumed);
	if (r < 0)
		return r;
	ms_keyring_free(trust->keyring);
	trust->keyring = ms_steal(&keyring);
	trust->rules = rules;
	trust->assumed = assumed;
	assumed = old;
	return 0;
}

/* Puts @release in the place of the one before, unless a kernel of it cannot be. */
static int change_release(struct ms_ctx *ctx, struct ms_trust *trust, const char *release)
{
	char *before = trust->release;
	int r;

	trust->release = strdup(release);
	r = trust->release ? ms_trust_refresh(ctx, trust) : ms_fail_nomem(ctx);
	if (r < 0) {
		free(trust->release);
		trust->release = before;
		return r;
	}
	free(before);
	return 0;
}

int ms_trust_set_release(struct ms_ctx *ctx, struct ms_trust *trust, const char *release)
{
	int r = change_release(ctx, trust, release);

	if (r == 0)
		trust->release_is_set = true;
	return r;
}

int ms_trust_image_release(struct ms_ctx *ctx, struct ms_trust *trust,
			   const char *release)
{
	return trust->release_is_set ? 0 : change_release(ctx, trust, release);
}

static int change_config(struct ms_ctx *ctx, struct ms_trust *trust, const char *path,
			 struct ms_kconfig *config, bool by_hand)
{
	_cleanup_(cleanup_kconfig) struct ms_kconfig *old = trust->config;
	_cleanup_free_ char *old_path = trust->config_path;
	bool was_set = trust->config_is_set;
	int r;

	trust->config = config;
	trust->config_path = strdup(path);
	trust->config_is_set = by_hand;
	r = trust->config_path ? ms_trust_refresh(ctx, trust) : ms_fail_nomem(ctx);
	if (r < 0) {
		ms_kconfig_free(trust->config);
		free(trust->config_path);
		trust->config = ms_steal(&old);
		trust->config_path = ms_steal(&old_path);
		trust->config_is_set = was_set;
	}
	return r;
}

bool ms_trust_wants_config(const struct ms_trust *trust)
{
	return !trust->config_is_set;
}

int ms_trust_image_config(struct ms_ctx *ctx, struct ms_trust *trust, const char *path,
			  struct ms_kconfig *config)
{
	return change_config(ctx, trust, path, config, false);
}

int ms_trust_set_config(struct ms_ctx *ctx, struct ms_trust *trust, const char *path)
{
	struct ms_kconfig *config = NULL;
	int r = ms_kconfig_read(ctx, path, &config);

	return r < 0 ? r : change_config(ctx, trust, path, config, true);
}

void ms_trust_set_no_crypto_modules(struct ms_trust *trust)
{
	trust->no_crypto_modules = true;
}

size_t ms_trust_count(const struct ms_trust *trust)
{
	return ms_keyring_count(trust->keyring);
}

const struct ms_kernel_hashes *ms_trust_hashes(const struct ms_trust *trust)
{
	return trust->hashes;
}

const char *ms_trust_release(const struct ms_trust *trust)
{
	return trust->release;
}

const char *ms_trust_assumed(const struct ms_trust *trust, size_t i)
{
	return i < trust->assumed.n ? trust->assumed.texts[i] : NULL;
}

const struct ms_keyring *ms_trust_keyring(const struct ms_trust *trust)
{
	return trust->keyring;
}

const struct ms_rules *ms_trust_rules(const struct ms_trust *trust)
{
	return &trust->rules;
}

int ms_trust_of_cert(struct ms_ctx *ctx, struct ms_bytes der, struct ms_trust **ret)
{
	_cleanup_(cleanup_trust) struct ms_trust *trust = ms_trust_new();
	int r;

	if (!trust)
		return ms_fail_nomem(ctx);
	r = add_item(ctx, trust, "certificate", der.data, der.len, MS_TRUST_STRICT,
		     false);
	r = r < 0 ? r : ms_trust_refresh(ctx, trust);
	if (r < 0)
		return r;
	*ret = ms_steal(&trust);
	return 0;
}
