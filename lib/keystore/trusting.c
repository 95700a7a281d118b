/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who trusts a generation: a kernel whose image has its certificate, or a configuration
 * from which such a kernel will be built.
 *
 * A certificate is the same where its bytes or its subject key identifier are: another
 * certificate of the same key lets that key's signatures in just as well.
 *
 * A configuration trusts what CONFIG_SYSTEM_TRUSTED_KEYS and CONFIG_MODULE_SIG_KEY name:
 * the certificates in that file, and, whatever can be read of it, a generation in whose
 * directory it lies. A relative name is one in the kernel's tree. Where there is no such
 * file nothing can be built from it, and so nothing of it is trusted.
 *
 * An image or a configuration that is there and cannot be understood is an error, because
 * what it trusts is not known then. So is a kernel whose modules are installed and whose
 * image is nowhere to be found: /boot may not be mounted.
 */

#include <modseal/secret.h>

#include "trusting.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../base/text.h"
#include "../judge/pkey.h"
#include "../image/image.h"
#include "../kconfig/kconfig.h"
#include "../system/kernels.h"

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)
MS_DEFINE_CLEANUP(cleanup_kconfig, struct ms_kconfig *, ms_kconfig_free)

/* A file that was looked at, by whatever name. */
struct seen {
	dev_t device;
	ino_t inode;
};

/* A search at work. */
struct search {
	struct ms_ctx *ctx;
	const struct ms_keystore *store;
	struct ms_trusting *found;
	struct seen *seen;
	size_t n_seen;
};

void ms_trusting_done(struct ms_trusting *trusting)
{
	for (size_t i = 0; i < trusting->n; i++)
		free(trusting->by[i]);
	free(trusting->by);
	*trusting = (struct ms_trusting){ 0 };
}

static int note(struct search *search, size_t generation, const char *by)
{
	char **place = &search->found->by[generation];

	if (!*place)
		*place = strdup(by);
	return *place ? 0 : ms_fail_nomem(search->ctx);
}

static bool same_bytes(struct ms_bytes a, struct ms_bytes b)
{
	return a.len > 0 && a.len == b.len && !memcmp(a.data, b.data, a.len);
}

/* Notes the generations that have this certificate, or another one of its key. */
static int note_cert(struct search *search, struct ms_bytes der, const char *by)
{
	_cleanup_(ms_cleanup_cert) struct ms_cert *cert = NULL;
	const struct ms_keystore *store = search->store;
	struct ms_rules rules = ms_rules_default();
	struct ms_bytes skid = { NULL, 0 };
	int r = ms_cert_parse(search->ctx, &rules, der.data, der.len, &cert);

	if (r < 0 && !ms_is_verdict(r))
		return r;
	if (r == 0)
		skid = ms_cert_skid(cert);
	ms_fail_clear(search->ctx); /* one that no kernel takes is nobody's key */
	r = 0;
	for (size_t i = 0; i < store->n_entries && r == 0; i++) {
		const struct ms_store_entry *entry = &store->entries[i];
		const struct ms_cert_info *info = entry->face.info;

		if ((info && same_bytes((struct ms_bytes){ info->der, info->der_len },
					der)) ||
		    (entry->parsed && same_bytes(ms_cert_skid(entry->parsed), skid)))
			r = note(search, i, by);
	}
	return r;
}

/* Is the certificate revoked by the very image that has it? */
static bool is_revoked(const struct ms_source *source, struct ms_bytes der)
{
	for (size_t i = 0; i < source->n_certs; i++) {
		const struct ms_source_cert *cert = &source->certs[i];

		if (cert->place == MS_CERT_REVOKED &&
		    same_bytes((struct ms_bytes){ cert->der, cert->len }, der))
			return true;
	}
	return false;
}

/* Notes the generations whose certificates @source trusts, on behalf of @by. */
static int note_certs(struct search *search, const struct ms_source *source,
		      const char *by)
{
	int r = 0;

	for (size_t i = 0; i < source->n_certs && r == 0; i++) {
		struct ms_bytes der = { source->certs[i].der, source->certs[i].len };

		if (!is_revoked(source, der))
			r = note_cert(search, der, by);
	}
	return r;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int look_at_image(struct search *search, const char *path)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	int r = ms_source_open(search->ctx, path, &source);

	if (r == -ENOENT) { /* a link to a kernel that has gone */
		ms_fail_clear(search->ctx);
		return 0;
	}
	return r < 0 ? r : note_certs(search, source, path);
}

/* The modules of a kernel, whose image was looked at, or else would have to be. */
static int look_at_modules(struct search *search, const char *release, const char *path)
{
	int len = (int)(strlen(path) - strlen("/kernel"));
	_cleanup_free_ char *dir = ms_format("%.*s", len, path);
	_cleanup_free_ char *image = NULL;
	int r;

	if (!dir)
		return ms_fail_nomem(search->ctx);
	r = ms_system_kernel_image(search->ctx, search->store->system, release, &image);
	if (r == -ENOENT)
		return ms_hint_command(
			search->ctx, r,
			"mount /boot, or remove what is left in %s; with --force "
			"nobody is asked what it trusts",
			dir);
	return r;
}

/* Notes the generation in whose directory the file lies. */
static int note_directory(struct search *search, const char *file, const char *by)
{
	_cleanup_free_ char *real = realpath(file, NULL);
	int r = 0;

	for (size_t i = 0; i < search->store->n_entries && r == 0; i++) {
		const char *dir = search->store->entries[i].path;
		size_t len = strlen(dir);

		if ((real && !strncmp(real, dir, len) && real[len] == '/') ||
		    (!strncmp(file, dir, len) && file[len] == '/'))
			r = note(search, i, by);
	}
	return r;
}

/* A file that a configuration names. */
static int look_at_named(struct search *search, const char *file, const char *by)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	int r = note_directory(search, file, by);

	if (r < 0)
		return r;
	r = ms_source_open(search->ctx, file, &source);
	if (r == -ENOENT || r == -ENOTDIR) {
		ms_fail_clear(search->ctx);
		return 0;
	}
	if (r < 0)
		return ms_fail_prefix(search->ctx, r, "'%s'", by);
	return note_certs(search, source, by);
}

static int look_at_config(struct search *search, const char *path)
{
	static const char *const names[] = { "SYSTEM_TRUSTED_KEYS", "MODULE_SIG_KEY" };
	_cleanup_(cleanup_kconfig) struct ms_kconfig *config = NULL;
	const char *slash = strrchr(path, '/');
	int r = ms_kconfig_read(search->ctx, path, &config);

	for (size_t i = 0; i < MS_ARRAY_SIZE(names) && r == 0; i++) {
		const char *file = ms_kconfig_string(config, names[i]);
		_cleanup_free_ char *full = NULL;

		if (!file || !*file || ms_is_pkcs11(file))
			continue;
		full = *file == '/' || !slash
			       ? strdup(file)
			       : ms_format("%.*s%s", (int)(slash - path) + 1, path, file);
		if (!full)
			return ms_fail_nomem(search->ctx);
		r = look_at_named(search, full, path);
	}
	return r;
}

/* Kernels are found by several names, and each is looked at once: 1 it is new. */
static int is_new(struct search *search, const char *path)
{
	struct seen *list;
	struct stat st;

	if (stat(path, &st) < 0) /* what cannot be looked at has not gone */
		return errno != ENOENT && errno != ENOTDIR;
	for (size_t i = 0; i < search->n_seen; i++)
		if (search->seen[i].device == st.st_dev &&
		    search->seen[i].inode == st.st_ino)
			return 0;
	list = reallocarray(search->seen, search->n_seen + 1, sizeof(*list));
	if (!list)
		return ms_fail_nomem(search->ctx);
	search->seen = list;
	list[search->n_seen++] = (struct seen){ st.st_dev, st.st_ino };
	return 1;
}

static int found(struct search *search, const char *path,
		 int (*look)(struct search *search, const char *path))
{
	int r = ms_check_cancelled(search->ctx);

	if (r == 0 && !is_directory(path))
		r = is_new(search, path);
	return r == 1 ? look(search, path) : r;
}

static int found_image(void *userdata, const char *release, const char *path)
{
	(void)release;
	return found(userdata, path, look_at_image);
}

static int found_config(void *userdata, const char *release, const char *path)
{
	(void)release;
	return found(userdata, path, look_at_config);
}

static int found_modules(void *userdata, const char *release, const char *path)
{
	return is_directory(path) ? look_at_modules(userdata, release, path) : 0;
}

/* All that is installed below the store's root. */
static int look_at_installed(struct search *search)
{
	const struct ms_system *system = search->store->system;
	int r = ms_system_each(search->ctx, system, MS_SYSTEM_IMAGES, found_image, search);

	if (r == 0)
		r = ms_system_each(search->ctx, system, MS_SYSTEM_TREES, found_modules,
				   search);
	if (r == 0)
		r = ms_system_each(search->ctx, system, MS_SYSTEM_CONFIGS, found_config,
				   search);
	return r;
}

int ms_trusting_find(struct ms_ctx *ctx, const struct ms_keystore *store,
		     const char *const *configs, size_t n_configs,
		     struct ms_trusting *ret)
{
	struct search search = { .ctx = ctx, .store = store, .found = ret };
	int r = 0;

	ret->by = calloc(store->n_entries + 1, sizeof(*ret->by));
	if (!ret->by)
		return ms_fail_nomem(ctx);
	ret->n = store->n_entries;
	for (size_t i = 0; i < n_configs && r == 0; i++)
		r = look_at_config(&search, configs[i]);
	if (r == 0)
		r = look_at_installed(&search);
	free(search.seen);
	return r;
}
