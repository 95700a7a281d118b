/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is in a store: its generations, sorted, and where `current` points to.
 *
 * The link must be relative and name a generation of this store and nothing else: a store
 * that is copied or moved takes its link with it, and nobody who can write a link gets
 * another directory's key used. Whatever else lies in the directory is not looked at.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/context.h"
#include "../files/directory.h"
#include "../base/shell.h"
#include "../base/text.h"
#include "store.h"

enum { SCANS = 3 };

void ms_store_forget(struct ms_keystore *store)
{
	for (size_t i = 0; i < store->n_entries; i++)
		ms_generation_done(&store->entries[i]);
	free(store->entries);
	store->entries = NULL;
	store->n_entries = 0;
	store->link = MS_LINK_ABSENT;
	free(store->link_target);
	store->link_target = NULL;
	ms_faults_done(&store->faults);
}

/* Adds the generation of that name, if it is one and still there. */
static int add_entry(struct ms_ctx *ctx, struct ms_keystore *store, const char *name)
{
	struct ms_store_entry entry = { 0 }, *entries;
	int r;

	if (!ms_generation_name_parse(name, &entry.id))
		return 0;
	entries = reallocarray(store->entries, store->n_entries + 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	store->entries = entries;
	entry.name = strdup(name);
	entry.path = ms_format("%s/%s", store->path, name);
	r = entry.name && entry.path ? ms_generation_read(ctx, store, &entry) : -ENOMEM;
	if (r < 0) {
		ms_generation_done(&entry);
		return r == -ENOENT ? 0 : r;
	}
	entries[store->n_entries++] = entry;
	return 0;
}

static int read_entries(struct ms_ctx *ctx, struct ms_keystore *store)
{
	_cleanup_(ms_directory_list_done) DIR *dir = ms_directory_list(store->fd);

	if (!dir)
		return ms_fail_errno(ctx, -errno, "cannot read '%s'", store->path);
	for (;;) {
		const struct dirent *d;
		int r;

		errno = 0;
		d = readdir(dir);
		if (!d && errno)
			return ms_fail_errno(ctx, -errno, "cannot read '%s'", store->path);
		if (!d)
			return 0;
		r = add_entry(ctx, store, d->d_name);
		if (r < 0)
			return ms_fail_nomem(ctx);
	}
}

static int newest_first(const void *a, const void *b)
{
	const struct ms_store_entry *x = a, *y = b;

	return ms_generation_name_compare(&y->id, &x->id);
}

/* The link's path as an argument for the shell; to free(), or NULL. */
static char *quoted_link(const struct ms_keystore *store)
{
	_cleanup_free_ char *link = ms_format("%s/" MS_STORE_LINK, store->path);

	return link ? ms_shell_format("%s", link) : NULL;
}

/* Records that the link is bad. The newest whole generation is what it should name. */
static int bad_link(struct ms_keystore *store, const char *what)
{
	_cleanup_free_ char *word = quoted_link(store);
	char *hint = NULL;

	if (!word)
		return -ENOMEM;
	store->link = MS_LINK_BAD;
	for (size_t i = 0; i < store->n_entries && !hint; i++)
		if (store->entries[i].face.whole)
			hint = ms_format("ln -sfn %s %s", store->entries[i].name, word);
	if (!hint)
		hint = ms_shell_format("rm %s/" MS_STORE_LINK
				       "; modseal key rotate --store %s",
				       store->path, store->path);
	if (store->link_target)
		return ms_faults_add(&store->faults, hint,
				     "the link '%s/" MS_STORE_LINK "' (to '%s') %s",
				     store->path, store->link_target, what);
	return ms_faults_add(&store->faults, hint, "'%s/" MS_STORE_LINK "' %s",
			     store->path, what);
}

/* The name in the link's target: "./" before and "/" behind are harmless. */
static char *plain_target(const char *target)
{
	size_t len;

	while (strncmp(target, "./", 2) == 0)
		target += 2;
	len = strlen(target);
	while (len > 0 && target[len - 1] == '/')
		len--;
	return strndup(target, len);
}

static int find_current(struct ms_keystore *store)
{
	_cleanup_free_ char *name = plain_target(store->link_target);

	if (!name)
		return -ENOMEM;
	if (!*name || strchr(name, '/') || !strcmp(name, "..") || !strcmp(name, "."))
		return bad_link(store, "leaves the store");
	for (size_t i = 0; i < store->n_entries; i++) {
		if (strcmp(store->entries[i].name, name) != 0)
			continue;
		store->link = MS_LINK_GOOD;
		store->current = i;
		store->entries[i].face.current = true;
		return 0;
	}
	if (faccessat(store->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return bad_link(store, "does not name a key generation");
	return bad_link(store, "dangles");
}

static int read_link(struct ms_keystore *store)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(store->fd, MS_STORE_LINK, target, sizeof(target) - 1);

	if (len < 0 && errno == ENOENT)
		return 0;
	if (len < 0)
		return bad_link(store, errno == EINVAL ? "is no link" : "cannot be read");
	target[len] = '\0';
	store->link_target = strdup(target);
	return store->link_target ? find_current(store) : -ENOMEM;
}

/* What is wrong with the store besides the link. */
static int check_store(struct ms_keystore *store)
{
	_cleanup_free_ char *word = quoted_link(store);
	struct stat st;
	int r = word ? 0 : -ENOMEM;

	if (r == 0 && fstat(store->fd, &st) == 0 && (st.st_mode & 022))
		r = ms_faults_add(&store->faults,
				  ms_shell_format("chmod go-w %s", store->path),
				  "'%s' can be changed by others (mode %04o)",
				  store->path, (unsigned)st.st_mode & 07777);
	for (size_t i = 0; i < store->n_entries && r == 0; i++) {
		if (!store->entries[i].face.whole)
			continue;
		if (store->link == MS_LINK_GOOD && i < store->current)
			r = ms_faults_add(
				&store->faults,
				ms_format("ln -sfn %s %s", store->entries[i].name, word),
				"the link '%s/" MS_STORE_LINK
				"' is stale: %s is newer than %s",
				store->path, store->entries[i].name,
				store->entries[store->current].name);
		break;
	}
	return r;
}

static int scan(struct ms_ctx *ctx, struct ms_keystore *store)
{
	int r;

	ms_store_forget(store);
	r = read_entries(ctx, store);
	if (r < 0)
		return r;
	if (store->n_entries > 0)
		qsort(store->entries, store->n_entries, sizeof(*store->entries),
		      newest_first);
	r = read_link(store);
	r = r < 0 ? r : check_store(store);
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}

int ms_store_scan(struct ms_ctx *ctx, struct ms_keystore *store)
{
	int r = scan(ctx, store);

	/* a rotation may have come between the generations and the link */
	for (int i = 0; i < SCANS && r == 0 && store->link == MS_LINK_BAD; i++)
		r = scan(ctx, store);
	return r;
}
