/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A new generation: the key is made in memory, written to a directory of mode 0700 under
 * a name that no reader takes for a generation, each file with its final mode from the
 * moment on that it is there, and put on the disk. Then it gets its name, and `current`
 * points to it: both or none (write.h).
 *
 * Fails before the renames, or in their midst: the directory goes, and a key that was
 * made in a token stays there. Fails behind them, at the sync: the generation is current
 * and stays, since `current` may have been saved and name it. A kill leaves the temporary
 * directory, which the next change of the store clears away, or a journal, which
 * finishes.
 */

#include "add.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/context.h"
#include "../base/sized.h"
#include "../key/key-make.h"
#include "write.h"

MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

enum { KEY_MODE = 0600, PUBLIC_MODE = 0644, DIRECTORY_MODE = 0700 };

static struct iovec bytes_of(const struct ms_buf *buf)
{
	return (struct iovec){ .iov_base = buf->data, .iov_len = buf->len };
}

static struct iovec text_of(const char *text)
{
	return (struct iovec){ .iov_base = (void *)text, .iov_len = strlen(text) };
}

static int write_line(struct ms_ctx *ctx, const struct ms_new_dir *dir, const char *shown,
		      const char *name, mode_t mode, const char *text)
{
	struct iovec line[] = { text_of(text), text_of("\n") };

	return ms_store_write(ctx, dir->fd, shown, name, mode, line, 2);
}

/* The private key, in files of its own or by its URI. */
static int write_key(struct ms_ctx *ctx, const struct ms_new_dir *dir, const char *shown,
		     const struct ms_new_key *key, const char *uri)
{
	struct iovec both[] = { bytes_of(&key->key_pem), bytes_of(&key->cert_pem) };
	int r;

	if (uri) {
		r = write_line(ctx, dir, shown, MS_STORE_URI, KEY_MODE, uri);
		return r < 0 ? r
			     : ms_store_write(ctx, dir->fd, shown, MS_STORE_PEM,
					      PUBLIC_MODE, &both[1], 1);
	}
	r = ms_store_write(ctx, dir->fd, shown, MS_STORE_KEY, KEY_MODE, both, 2);
	return r < 0 ? r
		     : ms_store_write(ctx, dir->fd, shown, MS_STORE_PRV, KEY_MODE, both, 1);
}

static int write_all(struct ms_ctx *ctx, const struct ms_new_dir *dir, const char *shown,
		     const struct ms_new_key *key, const char *uri, enum ms_hash hash)
{
	struct iovec cert = bytes_of(&key->cert_der);
	int r = write_key(ctx, dir, shown, key, uri);

	if (r == 0)
		r = ms_store_write(ctx, dir->fd, shown, MS_STORE_CRT, PUBLIC_MODE, &cert,
				   1);
	if (r == 0)
		r = write_line(ctx, dir, shown, MS_STORE_HASH, PUBLIC_MODE,
			       ms_hash_name(hash));
	if (r == 0)
		r = write_line(ctx, dir, shown, MS_STORE_TYPE, PUBLIC_MODE,
			       ms_store_kind(key->type));
	return r;
}

static int make_key(struct ms_ctx *ctx, const struct ms_key_request *request,
		    const char *token, const char *name, struct ms_new_key *key,
		    char **ret_uri)
{
	_cleanup_free_ char *uri = NULL;
	int r;

	if (!token)
		return ms_key_make(ctx, request, key);
	r = ms_store_token_uri(ctx, token, true, name, &uri);
	return r < 0 ? r : ms_key_make_in_token(ctx, request, uri, key, ret_uri);
}

int ms_store_make_generation(struct ms_ctx *ctx, struct ms_keystore *store,
			     const struct ms_key_request *request, const char *token,
			     struct ms_new_dir *dir,
			     char ret_name[MS_GENERATION_NAME_SIZE])
{
	_cleanup_(ms_new_key_done) struct ms_new_key key = { 0 };
	_cleanup_free_ char *uri = NULL;
	enum ms_hash hash = request->hash ? request->hash : MS_HASH_SHA512;
	int r;

	/* before the key is made, which takes time or changes a token */
	r = ms_new_dir_begin(ctx, store->fd, store->path, dir);
	if (r == 0 &&
	    !ms_generation_name_next(store->n_entries ? &store->entries[0].id : NULL,
				     time(NULL), ret_name))
		r = ms_fail(ctx, -ERANGE, "no name is left for a new key in '%s'",
			    store->path);
	if (r == 0)
		r = make_key(ctx, request, token, ret_name, &key, &uri);
	if (r == 0 && !ms_store_kind(key.type))
		r = ms_fail(ctx, -EINVAL, "no kernel takes a key of that type");
	if (r == 0)
		r = write_all(ctx, dir, store->path, &key, uri, hash);
	if (r == 0)
		r = ms_new_dir_seal(ctx, dir, store->path, DIRECTORY_MODE);
	return r;
}

int ms_keystore_add(struct ms_ctx *ctx, struct ms_keystore *store,
		    const struct ms_key_request *caller, const char *token, bool no_wait,
		    const struct ms_generation **ret)
{
	struct ms_key_request request;
	_cleanup_(ms_store_unlock) struct ms_store_lock lock = MS_STORE_UNLOCKED;
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	_cleanup_(ms_new_dir_done) struct ms_new_dir dir = {.fd = -1};
	_cleanup_(ms_new_link_done) struct ms_new_link link = {0};
	char name[MS_GENERATION_NAME_SIZE];
	int r = set ? ms_sized_in(ctx, &request, sizeof(request), caller)
		    : ms_fail_nomem(ctx);

	if (r == 0)
		r = ms_store_lock(ctx, store, no_wait, &lock);
	if (r == 0)
		r = ms_store_make_generation(ctx, store, &request, token, &dir, name);
	if (r == 0)
		r = ms_store_add_to(ctx, set, store->path, &dir, name, &link);
	if (r == 0)
		r = ms_store_commit(ctx, set, &dir, &link);
	r = r < 0 ? r : ms_store_scan(ctx, store);
	return r < 0 ? r : ms_keystore_current(ctx, store, ret);
}
