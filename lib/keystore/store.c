/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opening and making a store. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/beneath.h"
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
	ms_store_unmake_path(store->made, store->n_made);
	free(store->path);
	free(store->root);
	free(store);
	return NULL;
}

/* The name of a new directory is to be on the disk before anything in it is promised. */
static int sync_parent(struct ms_ctx *ctx, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent =
		slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	_cleanup_fd_ int fd = -1;

	if (!parent)
		return ms_fail_nomem(ctx);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return ms_fail_errno(ctx, -errno, "cannot sync the directory of '%s'",
				     path);
	return 0;
}

/* One directory: 1 where it was made, 0 where it was there. */
static int make_one(struct ms_ctx *ctx, const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 1;
	if (errno == EEXIST || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	return ms_fail_errno(ctx, -errno, "cannot make directory '%s'", path);
}

static int note_made(struct ms_ctx *ctx, const char *path, char ***made, size_t *n)
{
	char **list = reallocarray(*made, *n + 1, sizeof(*list));

	if (!list)
		return ms_fail_nomem(ctx);
	*made = list;
	list[*n] = strdup(path);
	if (!list[*n])
		return ms_fail_nomem(ctx);
	(*n)++;
	return 1;
}

int ms_store_make_path(struct ms_ctx *ctx, const char *path, mode_t mode, char ***ret_made,
		       size_t *ret_n)
{
	_cleanup_free_ char *part = strdup(path);
	size_t len = part ? strlen(part) : 0;
	int r;

	if (!part)
		return ms_fail_nomem(ctx);
	while (len > 1 && part[len - 1] == '/')
		part[--len] = '\0';
	for (char *at = part; at; ) {
		at = strchr(at + 1, '/');
		if (at)
			*at = '\0';
		r = make_one(ctx, part, at ? 0755 : mode);
		if (r == 1)
			r = note_made(ctx, part, ret_made, ret_n);
		if (r == 1)
			r = sync_parent(ctx, part);
		if (r < 0)
			return r;
		if (at)
			*at = '/';
	}
	return 0;
}

void ms_store_unmake_path(char **made, size_t n)
{
	/* what is not empty stays: rmdir says so */
	while (n-- > 0) {
		rmdir(made[n]);
		free(made[n]);
	}
	free(made);
}

int ms_keystore_open(struct ms_ctx *ctx, const char *path, bool create,
		     struct ms_keystore **ret)
{
	_cleanup_(cleanup_store) struct ms_keystore *store = calloc(1, sizeof(*store));
	int r = 0;

	if (!store)
		return ms_fail_nomem(ctx);
	store->fd = -1;
	store->root = strdup("");
	if (!store->root)
		return ms_fail_nomem(ctx);
	if (create)
		r = ms_store_make_path(ctx, path, 0700, &store->made, &store->n_made);
	if (r < 0)
		return r;
	store->path = realpath(path, NULL);
	store->fd = store->path ? ms_open_resolved(store->path, O_RDONLY) : -errno;
	if (store->fd < 0) {
		r = ms_fail_errno(ctx, store->fd, "cannot open the key store '%s'", path);
		return r == -ENOENT ? ms_hint_command(ctx, r,
						      "modseal key new --store %s", path)
				    : r;
	}
	r = ms_store_scan(ctx, store);
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
	size_t len = strlen(root);
	char *copy;

	while (len > 0 && root[len - 1] == '/')
		len--;
	copy = strndup(root, len);
	if (!copy)
		return ms_fail_nomem(ctx);
	free(store->root);
	store->root = copy;
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
