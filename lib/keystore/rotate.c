/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Rotation. The order keeps it whole wherever it fails or is killed:
 *
 *	1. configurations are read, and must agree: nobody waits for an error
 *	2. the store is locked, and they are read again: those that we waited for may have
 *	   changed them; is a new key due?
 *	3. the new generation is made, whole and not current
 *	4. the changed configurations are written beside the old ones
 *	5. `current` is pointed to the new generation
 *	6. the configurations take their names
 *
 * Failing before 5 removes the generation and what waits; failing at 6 points `current`
 * back, too. A kill between 5 and 6 leaves configurations that trust the generation before;
 * the next rotation finds no key due and mends that, for it always sees to them.
 */

#include "rotate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "add.h"
#include "write.h"

#define DEFAULT_REFRESH "7d"
#define DEFAULT_TYPE	"p384" /* as modseal key new */

/* One rotation at work. */
struct rotation {
	struct ms_ctx *ctx;
	struct ms_keystore *store;
	const struct ms_rotate_options *options;
	struct ms_rotate_configs configs;
	int64_t period;	    /* seconds; 0: always */
	char *before;	    /* where `current` pointed to when we came */
	enum ms_due due;
	char *previous;
	char made[MS_GENERATION_NAME_SIZE]; /* "": no new one */
};

const char *ms_due_name(enum ms_due due)
{
	static const char *const names[MS_DUE_COUNT] = {
		[MS_DUE_NOT] = "not-due", [MS_DUE_ALWAYS] = "always",
		[MS_DUE_NO_KEY] = "no-key", [MS_DUE_HASH] = "hash",
		[MS_DUE_TYPE] = "type",	    [MS_DUE_AGE] = "age",
	};

	return (size_t)due < MS_ARRAY_SIZE(names) && names[due] ? names[due] : "undecided";
}

void ms_rotation_done(struct ms_rotation *rotation)
{
	for (size_t i = 0; i < rotation->n_configs; i++) {
		free(rotation->configs[i].path);
		free(rotation->configs[i].trusted);
	}
	free(rotation->configs);
	free(rotation->previous);
	*rotation = (struct ms_rotation){ 0 };
}

static void rotation_done(struct rotation *rotation)
{
	ms_rotate_configs_done(&rotation->configs);
	free(rotation->before);
	free(rotation->previous);
}

/* A type that was asked for is meant to the letter; a configuration asks for a kind. */
static bool type_fits(const struct rotation *rotation, const char *type)
{
	if (rotation->options->key.type)
		return strcmp(rotation->options->key.type, type) == 0;
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
	if (rotation->options->key.type)
		return rotation->options->key.type;
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

static int make(struct rotation *rotation)
{
	struct ms_key_request request = rotation->options->key;
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
					     token, rotation->made);
	if (r < 0) {
		rotation->made[0] = '\0';
		return r;
	}
	return ms_store_scan(rotation->ctx, rotation->store);
}

/* The generation that is to be current, by name. */
static const struct ms_generation *find(const struct ms_keystore *store, const char *name)
{
	for (size_t i = 0; i < store->n_entries; i++)
		if (strcmp(store->entries[i].name, name) == 0)
			return &store->entries[i].face;
	return NULL;
}

static int point(struct rotation *rotation, const char *name)
{
	return ms_store_point(rotation->ctx, rotation->store->fd, rotation->store->path,
			      MS_STORE_LINK, name);
}

/*
 * Takes the link back to where it was. Keeps the message of the failure. Where even that
 * fails the new generation stays, for the link names it.
 */
static void point_back(struct rotation *rotation)
{
	struct ms_ctx *quiet = ms_ctx_fork(rotation->ctx);
	int r = -ENOMEM;

	if (!rotation->previous)
		r = unlinkat(rotation->store->fd, MS_STORE_LINK, 0);
	else if (quiet)
		r = ms_store_point(quiet, rotation->store->fd, rotation->store->path,
				   MS_STORE_LINK, rotation->previous);
	if (r < 0)
		rotation->made[0] = '\0';
	ms_ctx_free(quiet);
}

static int install(struct rotation *rotation)
{
	const char *name = rotation->made[0] ? rotation->made : rotation->previous;
	const struct ms_generation *next = find(rotation->store, name);
	int r;

	if (!next || !next->whole)
		return ms_fail(rotation->ctx, -EIO, "the new key '%s/%s' is not whole",
			       rotation->store->path, name);
	r = ms_rotate_configs_stage(rotation->ctx, &rotation->configs, rotation->store,
				    next);
	if (r == 0 && rotation->made[0])
		r = point(rotation, name);
	if (r < 0)
		return r;
	r = ms_rotate_configs_commit(rotation->ctx, &rotation->configs);
	if (r < 0 && rotation->made[0])
		point_back(rotation);
	return r;
}

static int report(struct rotation *rotation, struct ms_rotation *ret)
{
	_cleanup_(ms_rotation_done) struct ms_rotation done = { .due = rotation->due };
	int r = ms_store_scan(rotation->ctx, rotation->store);

	if (r == 0)
		r = ms_keystore_current(rotation->ctx, rotation->store, &done.current);
	if (r == 0)
		r = ms_rotate_configs_report(rotation->ctx, &rotation->configs, &done);
	if (r < 0)
		return r;
	done.previous = ms_steal(&rotation->previous);
	*ret = done;
	done = (struct ms_rotation){ 0 };
	return 0;
}

static int read_configs(struct rotation *rotation)
{
	ms_rotate_configs_done(&rotation->configs);
	return ms_rotate_configs_open(rotation->ctx, rotation->options->configs,
				      rotation->options->n_configs, &rotation->configs);
}

static int rotate(struct rotation *rotation, struct ms_rotation *ret)
{
	_cleanup_fd_ int lock = -1;
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
	if (r < 0) {
		if (rotation->made[0])
			ms_store_remove(rotation->store->fd, rotation->made);
		return r;
	}
	return report(rotation, ret);
}

int ms_keystore_rotate(struct ms_ctx *ctx, struct ms_keystore *store,
		       const struct ms_rotate_options *options, struct ms_rotation *ret)
{
	_cleanup_(rotation_done) struct rotation rotation = {
		.ctx = ctx,
		.store = store,
		.options = options,
	};
	int r = ms_refresh_parse(ctx, options->refresh ? options->refresh : DEFAULT_REFRESH,
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
