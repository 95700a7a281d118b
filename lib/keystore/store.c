/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opening and making a store. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../files/beneath.h"
#include "../base/context.h"
#include "store.h"

MS_DEFINE_CLEANUP(cleanup_store, struct ms_keystore *, ms_keystore_free)

struct ms_keystore *ms_keystore_free(struct ms_keystore *store)
{
	if (!store)
		return NULL;
	ms_store_forget(store);
	if (store->fd >= 0)
		close(store->fd);
	ms_made_remove(&store->made);
	ms_made_done(&store->made);
	free(store->path);
	ms_system_free(store->system);
	free(store);
	return NULL;
}

int ms_store_make(struct ms_ctx *ctx, const char *path, mode_t mode,
		  struct ms_made_directories *made)
{
	_cleanup_fd_ int fd = ms_make_directories(ctx, path, 0755, mode, made);
	int r = fd < 0 ? fd : ms_made_sync(ctx, made, path);

	return r < 0 ? r : ms_steal_fd(&fd);
}

/* Opens the store as a directory of which the path is known. @made: it, or -1. */
static int open_store(struct ms_ctx *ctx, struct ms_keystore *store, const char *path,
		      int made)
{
	int r;

	store->path = realpath(path, NULL);
	store->fd = store->path ? ms_open_resolved(store->path, O_RDONLY) : -errno;
	if (store->fd < 0) {
		r = ms_fail_errno(ctx, store->fd, "cannot open the key store '%s'", path);
		return r == -ENOENT ? ms_hint_command(ctx, r,
						      "modseal key new --store %s", path)
				    : r;
	}
	if (made >= 0 && !ms_same_file(made, store->fd))
		return ms_fail(ctx, -EBUSY, "directory '%s' changed while at work", path);
	return 0;
}

int ms_keystore_open(struct ms_ctx *ctx, const char *path, bool create,
		     struct ms_keystore **ret)
{
	_cleanup_(cleanup_store) struct ms_keystore *store = calloc(1, sizeof(*store));
	_cleanup_fd_ int made = -1;
	int r;

	if (!store)
		return ms_fail_nomem(ctx);
	store->fd = -1;
	if (create) {
		made = ms_store_make(ctx, path, 0700, &store->made);
		if (made < 0)
			return made;
	}
	r = open_store(ctx, store, path, made);
	r = r < 0 ? r : ms_store_scan(ctx, store);
	if (r < 0)
		return r;
	*ret = ms_steal(&store);
	return 0;
}

const char *ms_keystore_path(const struct ms_keystore *store)
{
	return store->path;
}

int ms_keystore_set_root(struct ms_ctx *ctx, struct ms_keystore *store, const char *root)
{
	struct ms_system *system = NULL;
	int r = ms_system_open(ctx, root, &system);

	if (r < 0)
		return r;
	ms_system_free(store->system);
	store->system = system;
	return 0;
}

size_t ms_keystore_count(const struct ms_keystore *store)
{
	return store->n_entries;
}

const struct ms_generation *ms_keystore_at(const struct ms_keystore *store, size_t i)
{
	return i < store->n_entries ? &store->entries[i].face : NULL;
}

const char *ms_keystore_fault(const struct ms_keystore *store, size_t i,
			      const char **ret_hint)
{
	if (i >= store->faults.n)
		return NULL;
	if (ret_hint)
		*ret_hint = store->faults.hints[i];
	return store->faults.texts[i];
}

/* The link's fault is the first of the store's. */
static int fail_link(struct ms_ctx *ctx, const struct ms_keystore *store)
{
	ms_fail(ctx, -EBADMSG, "%s", store->faults.texts[0]);
	return store->faults.hints[0] ? ms_hint(ctx, -EBADMSG, "%s", store->faults.hints[0])
				      : -EBADMSG;
}

int ms_keystore_current(struct ms_ctx *ctx, const struct ms_keystore *store,
			const struct ms_generation **ret)
{
	const struct ms_generation *current;

	if (store->link == MS_LINK_ABSENT) {
		ms_fail(ctx, -ENOENT, "no current key in the store '%s'", store->path);
		return ms_hint_command(ctx, -ENOENT, "modseal key new --store %s",
				       store->path);
	}
	if (store->link == MS_LINK_BAD)
		return fail_link(ctx, store);
	current = &store->entries[store->current].face;
	if (!current->whole) {
		ms_fail(ctx, -EBADMSG, "the current key generation is not whole: %s",
			current->n_faults ? current->faults[0] : current->path);
		return ms_hint_command(
			ctx, -EBADMSG,
			"restore it, or rm %s/" MS_STORE_LINK
			" and make a new key: modseal key rotate --store %s",
			store->path, store->path);
	}
	*ret = current;
	return 0;
}

bool ms_store_is_temporary(const char *name)
{
	return strncmp(name, MS_STORE_TEMPORARY, strlen(MS_STORE_TEMPORARY)) == 0 &&
	       strcmp(name, MS_STORE_LOCK) != 0;
}

int ms_store_lock(struct ms_ctx *ctx, struct ms_keystore *store, bool no_wait,
		  struct ms_store_lock *ret)
{
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	int r = ms_store_lock_directory(ctx, store->fd, store->path, no_wait, &lock,
					NULL);

	r = r < 0 ? r : ms_store_scan(ctx, store);
	if (r < 0)
		return r;
	*ret = lock;
	lock = (struct ms_store_lock)MS_STORE_UNLOCKED;
	return 0;
}
