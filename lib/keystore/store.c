/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Opening, making and locking a store.
 *
 * The lock is flock()'s on the directory itself: nothing has to be written for it, it
 * works where the store is read-only, and it ends with its process, however that ends.
 * Only those who change a store take it. Whoever has it is alone, so what a killed run
 * left behind (names that begin with ".modseal-key-") can be cleared away then.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/context.h"
#include "store.h"
#include "write.h"

enum { TELL_AFTER = 300, PAUSE_MAX = 50 }; /* milliseconds */

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
	return 0;
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
	store->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0) {
		r = ms_fail_errno(ctx, -errno, "cannot open the key store '%s'", path);
		return r == -ENOENT ? ms_hint_command(ctx, r,
						      "modseal key new --store %s", path)
				    : r;
	}
	store->path = realpath(path, NULL);
	if (!store->path)
		return ms_fail_errno(ctx, -errno, "cannot resolve '%s'", path);
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

/* Removes what runs that were killed have left. Failing to is no failure. */
static void clear_away(struct ms_keystore *store)
{
	int fd = openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir)))
		if (strncmp(d->d_name, MS_STORE_TEMPORARY, strlen(MS_STORE_TEMPORARY)) ==
		    0)
			ms_store_remove(store->fd, d->d_name);
	closedir(dir);
}

static int wait_for_lock(struct ms_ctx *ctx, const char *path, bool no_wait, int fd)
{
	long waited = 0, pause = 1;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		struct timespec time = { .tv_nsec = pause * 1000000 };
		int r = ms_check_cancelled(ctx);

		if (r < 0)
			return r;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ms_fail_errno(ctx, -errno, "cannot lock '%s'", path);
		if (no_wait)
			return ms_fail(ctx, -EWOULDBLOCK,
				       "another run is at work on the store '%s'", path);
		if (waited < TELL_AFTER && waited + pause >= TELL_AFTER)
			ms_warn(ctx, "waiting for another run on the store '%s'", path);
		waited += pause;
		nanosleep(&time, NULL);
		pause = pause < PAUSE_MAX / 2 ? pause * 2 : PAUSE_MAX;
	}
	return 0;
}

int ms_store_lock(struct ms_ctx *ctx, struct ms_keystore *store, bool no_wait, int *ret)
{
	_cleanup_fd_ int fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return ms_fail_errno(ctx, -errno, "cannot open the key store '%s'",
				     store->path);
	r = wait_for_lock(ctx, store->path, no_wait, fd);
	if (r < 0)
		return r;
	clear_away(store);
	r = ms_store_scan(ctx, store);
	if (r < 0)
		return r;
	*ret = ms_steal_fd(&fd);
	return 0;
}
