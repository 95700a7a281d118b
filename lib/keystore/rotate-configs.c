/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configurations of a rotation: what they ask for, and whom they trust.
 *
 * One key serves them all, so they have to agree on the digest algorithm and on the kind
 * of key. A configuration without module signatures says nothing and agrees with every
 * other; one that signs and names no kind of key is of Linux 5.13 or older, which knows
 * RSA only.
 *
 * Each is to trust the current generation in place of the store's other ones, and what
 * else it trusts stays. So where nothing else is trusted CONFIG_SYSTEM_TRUSTED_KEYS names
 * the generation's own file, as kernel-sign's users know it.
 */

#include "rotate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <modseal/config.h>

#include "../base/context.h"
#include "../config/trusted-keys.h"

struct ms_rotate_config {
	struct ms_config_edit *edit;
	struct ms_config_trusted trusted;
	enum ms_hash hash; /* NONE: it does not say */
	const char *type;  /* NULL: it does not say */
};

void ms_rotate_configs_done(struct ms_rotate_configs *configs)
{
	for (size_t i = 0; i < configs->n; i++) {
		ms_config_edit_free(configs->list[i].edit);
		ms_trusted_keys_done(&configs->list[i].trusted);
	}
	free(configs->list);
	ms_file_set_free(configs->staged);
	*configs = (struct ms_rotate_configs){ 0 };
}

/* The value of a symbol, *@ret NULL where it is absent or empty; to free(). */
static int get(struct ms_ctx *ctx, const struct ms_config_edit *edit, const char *name,
	       char **ret)
{
	int r = ms_config_edit_get(edit, name, ret);

	if (r == -EEXIST)
		return ms_fail(ctx, r, "'%s': CONFIG_%s is there twice, and says different "
			       "things", ms_config_edit_path(edit), name);
	if (r == -ENOENT)
		*ret = NULL;
	else if (r < 0)
		return ms_fail_nomem(ctx);
	return 0;
}

static int read_hash(struct ms_ctx *ctx, struct ms_rotate_config *config)
{
	_cleanup_free_ char *name = NULL;
	int r = get(ctx, config->edit, "MODULE_SIG_HASH", &name);

	if (r < 0 || !name || !*name)
		return r;
	r = ms_hash_from_name(ctx, name, &config->hash);
	return r < 0 ? ms_fail_prefix(ctx, r, "'%s': CONFIG_MODULE_SIG_HASH",
				      ms_config_edit_path(config->edit))
		     : 0;
}

static int read_type(struct ms_ctx *ctx, struct ms_rotate_config *config)
{
	const char *type;
	int r = ms_key_type_from_config(ctx, ms_config_edit_path(config->edit), &type);

	if (r < 0)
		return r;
	/* RSA is also what it says where it does not say anything */
	if (config->hash || strcmp(type, "rsa4096") != 0)
		config->type = type;
	return 0;
}

static int disagree(struct ms_ctx *ctx, const struct ms_rotate_config *a,
		    const struct ms_rotate_config *b, const char *this, const char *that)
{
	ms_fail(ctx, -EINVAL, "the configurations disagree: '%s' asks for %s, '%s' for %s",
		ms_config_edit_path(a->edit), this, ms_config_edit_path(b->edit), that);
	return ms_hint(ctx, -EINVAL,
		       "use a key store for each, or modseal config set one of them");
}

/* What one says is what all before it said, or what they left open. */
static int agree(struct ms_ctx *ctx, struct ms_rotate_configs *all, size_t i)
{
	const struct ms_rotate_config *config = &all->list[i], *other;

	for (size_t j = 0; j < i; j++) {
		other = &all->list[j];
		if (config->hash && other->hash && config->hash != other->hash)
			return disagree(ctx, other, config, ms_hash_name(other->hash),
					ms_hash_name(config->hash));
		if (config->type && other->type && strcmp(config->type, other->type) != 0)
			return disagree(ctx, other, config, other->type, config->type);
	}
	if (config->hash)
		all->hash = config->hash;
	if (config->type)
		all->type = config->type;
	return 0;
}

int ms_rotate_configs_open(struct ms_ctx *ctx, const char *const *paths, size_t n,
			   struct ms_rotate_configs *ret)
{
	int r = 0;

	ret->list = calloc(n + 1, sizeof(*ret->list));
	ret->staged = ms_file_set_new();
	if (!ret->list || !ret->staged)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = ms_config_edit_open(ctx, paths[i], &ret->list[i].edit);
		if (r < 0)
			break;
		ret->n = i + 1;
		r = read_hash(ctx, &ret->list[i]);
		r = r < 0 ? r : read_type(ctx, &ret->list[i]);
		r = r < 0 ? r : agree(ctx, ret, i);
	}
	return r;
}

/* Is it the certificate of one of the store's generations? The new one is never asked of. */
static bool is_old(void *userdata, const struct ms_cert_info *cert)
{
	const struct ms_keystore *store = userdata;

	for (size_t i = 0; i < store->n_entries; i++) {
		const struct ms_cert_info *info = store->entries[i].face.info;

		if (info && info->der_len == cert->der_len &&
		    !memcmp(info->der, cert->der, cert->der_len))
			return true;
	}
	return false;
}

/*
 * Does the path lead to a generation of a store, here or where a store once was? Such a file
 * may be gone, for it was to be replaced anyway; any other that is gone is an error.
 */
static bool names_generation(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	char *slash = copy ? strrchr(copy, '/') : NULL;
	struct ms_generation_name name;

	if (!slash || (strcmp(slash + 1, MS_STORE_KEY) && strcmp(slash + 1, MS_STORE_PEM)))
		return false;
	*slash = '\0';
	slash = strrchr(copy, '/');
	return slash && ms_generation_name_parse(slash + 1, &name);
}

static int stage(struct ms_ctx *ctx, struct ms_rotate_config *config,
		 const struct ms_keystore *store, const struct ms_generation *generation,
		 const char *path, struct ms_file_set *files)
{
	_cleanup_free_ char *named = NULL;
	struct ms_trusted_keys_change change = {
		.cert = generation->trusted,
		.direct = true,
		.named = path,
		.drop = is_old,
		.userdata = (void *)store,
	};
	int r = get(ctx, config->edit, "SYSTEM_TRUSTED_KEYS", &named);

	if (r < 0)
		return r;
	change.missing_ok = named && names_generation(named);
	r = ms_trusted_keys_add(ctx, config->edit, &change, files, &config->trusted);
	return r < 0 ? r : ms_config_edit_stage(ctx, config->edit, files);
}

int ms_rotate_configs_stage(struct ms_ctx *ctx, struct ms_rotate_configs *configs,
			    const struct ms_keystore *store,
			    const struct ms_generation *generation, const char *named)
{
	int r = 0;

	for (size_t i = 0; i < configs->n && r == 0; i++)
		r = stage(ctx, &configs->list[i], store, generation, named,
			  configs->staged);
	return r;
}

int ms_rotate_configs_report(struct ms_ctx *ctx, const struct ms_rotate_configs *configs,
			     struct ms_rotation *ret)
{
	ret->configs = calloc(configs->n + 1, sizeof(*ret->configs));
	if (!ret->configs)
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < configs->n; i++) {
		const struct ms_config_trusted *trusted = &configs->list[i].trusted;
		struct ms_rotated_config *one = &ret->configs[i];

		ret->n_configs++;
		one->changed = trusted->changed;
		one->path = strdup(ms_config_edit_path(configs->list[i].edit));
		one->trusted = strdup(trusted->keys);
		if (!one->path || !one->trusted)
			return ms_fail_nomem(ctx);
	}
	return 0;
}
