/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Rotation. The order keeps it whole wherever it fails or is killed:
 *
 *	1. configurations are read, and must agree: nobody waits for an error
 *	2. the store is locked, and they are read again: those that we waited for may have
 *	   changed them; is a new key due?
 *	3. the new generation is made, whole, under a name that is no generation's
 *	4. the changed configurations are written beside the old ones
 *	5. all get their names in one set (lib/files/file-set.h): the generation, `current`
 *	   and the configurations, in this order, so that nothing names what is not there
 *
 * Failing before 5 or in its midst leaves all as it was, and the new generation goes.
 * Failing behind the renames, at the sync, leaves all new: no generation is deleted that
 * `current` or a configuration may name. Killed within 5, it is undone or finished by the
 * next run of the same user that changes the store or a configuration in one of these
 * directories; another user's run does not touch the store until then.
 */

#include "rotate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/context.h"
#include "../base/sized.h"
#include "../base/text.h"
#include "add.h"
#include "write.h"

#define DEFAULT_REFRESH "7d"
#define DEFAULT_TYPE	"p384" /* as modseal key new */

/* One rotation at work. */
struct rotation {
	struct ms_ctx *ctx;
	struct ms_keystore *store;
	const struct ms_rotate_options *options;
	struct ms_key_request key;
	struct ms_rotate_configs configs;
	int64_t period;	    /* seconds; 0: always */
	char *before;	    /* where `current` pointed to when we came */
	enum ms_due due;
	char *previous;
	struct ms_new_dir dir;		    /* the new one, under its temporary name */
	struct ms_new_link link;	    /* to it */
	struct ms_store_entry fresh;	    /* what is in it */
	char *trusted;			    /* what configurations will name */
	char made[MS_GENERATION_NAME_SIZE]; /* "": no new one */
};

struct ms_rotation *ms_rotation_free(struct ms_rotation *rotation)
{
	if (!rotation)
		return NULL;
	for (size_t i = 0; i < rotation->n_configs; i++) {
		free(rotation->configs[i].path);
		free(rotation->configs[i].trusted);
	}
	free(rotation->configs);
	free(rotation->previous);
	free(rotation);
	return NULL;
}

MS_DEFINE_CLEANUP(result_cleanup, struct ms_rotation *, ms_rotation_free)

enum ms_due ms_rotation_due(const struct ms_rotation *rotation)
{
	return rotation->due;
}

const char *ms_rotation_previous(const struct ms_rotation *rotation)
{
	return rotation->previous;
}

const struct ms_generation *ms_rotation_current(const struct ms_rotation *rotation)
{
	return rotation->current;
}

const struct ms_rotated_config *ms_rotation_config(const struct ms_rotation *rotation,
						   size_t i)
{
	return i < rotation->n_configs ? &rotation->configs[i] : NULL;
}

static void rotation_done(struct rotation *rotation)
{
	ms_new_dir_done(&rotation->dir);
	ms_new_link_done(&rotation->link);
	ms_generation_done(&rotation->fresh);
	ms_rotate_configs_done(&rotation->configs);
	free(rotation->trusted);
	free(rotation->before);
	free(rotation->previous);
}

/* A type that was asked for is meant to the letter; a configuration asks for a kind. */
static bool type_fits(const struct rotation *rotation, const char *type)
{
	if (rotation->key.type)
		return strcmp(rotation->key.type, type) == 0;
	if (!rotation->configs.type)
		return true;
	return strcmp(ms_store_kind(rotation->configs.type), ms_store_kind(type)) == 0;
}

static enum ms_due judge(const struct rotation *rotation,
			 const struct ms_generation *current)
{
	const char *now_at = rotation->store->link_target;
	int64_t age = (int64_t)time(NULL) - current->made;
	bool fresh = !rotation->before || strcmp(rotation->before, now_at) != 0;

	if (rotation->configs.hash && rotation->configs.hash != current->hash)
		return MS_DUE_HASH;
	if (!type_fits(rotation, current->type))
		return MS_DUE_TYPE;
	if (fresh) /* another process has made it while we waited */
		return MS_DUE_NOT;
	if (rotation->period == 0)
		return MS_DUE_ALWAYS;
	return age >= rotation->period ? MS_DUE_AGE : MS_DUE_NOT;
}

static int decide(struct rotation *rotation)
{
	const struct ms_generation *current = NULL;
	int r = ms_keystore_current(rotation->ctx, rotation->store, &current);

	if (r == -ENOENT) {
		ms_fail_clear(rotation->ctx);
		rotation->due = MS_DUE_NO_KEY;
		return 0;
	}
	if (r < 0)
		return r;
	rotation->due = judge(rotation, current);
	rotation->previous = strdup(current->name);
	return rotation->previous ? 0 : ms_fail_nomem(rotation->ctx);
}

static enum ms_hash hash_to_use(const struct rotation *rotation,
				const struct ms_generation *current)
{
	if (rotation->configs.hash)
		return rotation->configs.hash;
	return current ? current->hash : MS_HASH_SHA512;
}

static const char *type_to_use(const struct rotation *rotation,
			       const struct ms_generation *current)
{
	if (rotation->key.type)
		return rotation->key.type;
	if (rotation->configs.type)
		return rotation->configs.type;
	return current ? current->type : DEFAULT_TYPE;
}

/* The token that the next key goes into, *@ret NULL: into files. To free(). */
static int token_to_use(const struct rotation *rotation,
			const struct ms_generation *current, char **ret)
{
	const char *uri = rotation->options->token;

	*ret = NULL;
	if (!uri && (!current || !current->in_token))
		return 0;
	if (!uri)
		return ms_store_token_uri(rotation->ctx, current->key, false, NULL, ret);
	*ret = strdup(uri);
	return *ret ? 0 : ms_fail_nomem(rotation->ctx);
}

/* A key in files is encrypted where it was asked for, or the one before is. */
static int choose_secret(const struct rotation *rotation,
			 const struct ms_generation *current, bool in_token,
			 struct ms_key_request *request)
{
	bool encrypt = rotation->options->encrypt || (current && current->encrypted);

	if (!in_token && !encrypt)
		request->secret = NULL;
	if (!in_token && encrypt && !request->secret)
		return ms_fail(rotation->ctx, -ENOKEY,
			       "no passphrase to encrypt the new key with");
	return 0;
}

/* Reads the new generation where it waits. */
static int read_fresh(struct rotation *rotation)
{
	struct ms_store_entry *fresh = &rotation->fresh;
	const char *store = rotation->store->path, *base;
	int r;

	if (!ms_generation_name_parse(rotation->made, &fresh->id))
		return ms_fail(rotation->ctx, -EIO, "'%s' is no name of a key",
			       rotation->made);
	fresh->name = strdup(rotation->dir.name);
	fresh->path = ms_format("%s/%s", store, rotation->dir.name);
	r = fresh->name && fresh->path
		    ? ms_generation_read(rotation->ctx, rotation->store, fresh)
		    : -ENOMEM;
	if (r == 0 && (!fresh->face.whole || !fresh->trusted))
		return ms_fail(rotation->ctx, -EIO, "the new key '%s/%s' is not whole",
			       store, rotation->made);
	if (r == 0) {
		base = strrchr(fresh->trusted, '/');
		rotation->trusted = ms_format("%s/%s%s", store, rotation->made, base);
		r = rotation->trusted ? 0 : -ENOMEM;
	}
	return r == -ENOMEM ? ms_fail_nomem(rotation->ctx) : r;
}

static int make(struct rotation *rotation)
{
	struct ms_key_request request = rotation->key;
	const struct ms_generation *current = NULL;
	_cleanup_free_ char *token = NULL;
	int r;

	if (rotation->due == MS_DUE_NOT)
		return 0;
	if (rotation->previous)
		current = &rotation->store->entries[rotation->store->current].face;
	request.hash = hash_to_use(rotation, current);
	request.type = type_to_use(rotation, current);
	r = token_to_use(rotation, current, &token);
	r = r < 0 ? r : choose_secret(rotation, current, token != NULL, &request);
	if (r == 0)
		r = ms_store_make_generation(rotation->ctx, rotation->store, &request,
					     token, &rotation->dir, rotation->made);
	return r < 0 ? r : read_fresh(rotation);
}

/* The generation comes first: nothing ever names one that is not there. */
static int stage(struct rotation *rotation)
{
	const struct ms_generation *next = &rotation->fresh.face;
	int r = 0;

	if (rotation->made[0])
		r = ms_store_add_to(rotation->ctx, rotation->configs.staged,
				    rotation->store->path, &rotation->dir, rotation->made,
				    &rotation->link);
	else
		next = &rotation->store->entries[rotation->store->current].face;
	return r < 0 ? r
		     : ms_rotate_configs_stage(rotation->ctx, &rotation->configs,
					       rotation->store, next, rotation->trusted);
}

static int install(struct rotation *rotation)
{
	int r = stage(rotation);

	return r < 0 ? r
		     : ms_store_commit(rotation->ctx, rotation->configs.staged,
				       &rotation->dir, &rotation->link);
}

static int report(struct rotation *rotation, struct ms_rotation **ret)
{
	_cleanup_(result_cleanup) struct ms_rotation *done = calloc(1, sizeof(*done));
	int r = done ? ms_store_scan(rotation->ctx, rotation->store)
		     : ms_fail_nomem(rotation->ctx);

	if (r == 0)
		r = ms_keystore_current(rotation->ctx, rotation->store, &done->current);
	if (r == 0)
		r = ms_rotate_configs_report(rotation->ctx, &rotation->configs, done);
	if (r < 0)
		return r;
	done->due = rotation->due;
	done->previous = ms_steal(&rotation->previous);
	*ret = ms_steal(&done);
	return 0;
}

static int read_configs(struct rotation *rotation)
{
	ms_rotate_configs_done(&rotation->configs);
	return ms_rotate_configs_open(rotation->ctx, rotation->options->configs,
				      rotation->options->n_configs, &rotation->configs);
}

static int rotate(struct rotation *rotation, struct ms_rotation **ret)
{
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	int r = ms_store_lock(rotation->ctx, rotation->store, rotation->options->no_wait,
			      &lock);

	if (r == 0)
		r = read_configs(rotation);
	if (r == 0)
		r = decide(rotation);
	if (r == 0)
		r = make(rotation);
	if (r == 0)
		r = install(rotation);
	return r < 0 ? r : report(rotation, ret);
}

int ms_keystore_rotate(struct ms_ctx *ctx, struct ms_keystore *store,
		       const struct ms_rotate_options *caller, struct ms_rotation **ret)
{
	struct ms_rotate_options options;
	_cleanup_(rotation_done) struct rotation rotation = {
		.ctx = ctx,
		.store = store,
		.options = &options,
		.dir = {.fd = -1},
	};
	int r = ms_sized_in(ctx, &options, sizeof(options), caller);

	if (r == 0)
		r = ms_sized_in(ctx, &rotation.key, sizeof(rotation.key), options.key);
	if (r == 0)
		r = ms_refresh_parse(ctx,
				     options.refresh ? options.refresh : DEFAULT_REFRESH,
				     &rotation.period);
	if (r == 0)
		r = read_configs(&rotation);
	if (r < 0)
		return r;
	if (store->link_target) {
		rotation.before = strdup(store->link_target);
		if (!rotation.before)
			return ms_fail_nomem(ctx);
	}
	return rotate(&rotation, ret);
}
