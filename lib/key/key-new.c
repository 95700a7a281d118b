/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * New keys into files: PATH gets private key and certificate, as the kernel's build wants
 * its signing_key.pem, and PATH.crt the certificate in DER, as mokutil, keyctl and DKMS
 * want it.
 *
 * Both appear, or none (lib/files/file-set.h), and neither takes the place of a file that
 * is there unless that was asked for: a private key that is lost is a generation of
 * modules that nobody can sign again. A link in the place of either is replaced, too, and
 * never followed: the key would be in a file that nobody meant.
 *
 * Fails behind the renames: both stay, with a message that they could not be synced. A
 * private key is never deleted for that, which may be on the disk and in somebody's
 * hands. A kill leaves a key of mode 0600 under a temporary name, and the next run that
 * writes to that directory, or `modseal recover`, removes it or finishes.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/sized.h"
#include "../files/file-set.h"
#include "cert-text.h"
#include "key-make.h"

MS_DEFINE_CLEANUP(cleanup_set, struct ms_file_set *, ms_file_set_free)

enum { KEY_MODE = 0600, CERT_MODE = 0644 };

/* Found out before anybody types a passphrase; ms_file_set_add() sees to it once more. */
static int check_free(struct ms_ctx *ctx, const char *path, bool replace)
{
	struct stat st;

	if (replace || lstat(path, &st) < 0)
		return 0;
	ms_fail_errno(ctx, -EEXIST, "cannot create '%s'", path);
	return ms_hint(ctx, -EEXIST,
		       "with --force it is replaced, and a key that is in it lost");
}

/* What was made, and its face to the caller: the first member, which is given out. */
struct made {
	struct ms_made_key face;
	char *key, *cert;
	struct ms_cert_info info;
};

/* Describes what was made; the strings of paths are set by the callers. */
static int describe(struct ms_ctx *ctx, const struct ms_key_request *request,
		    const struct ms_new_key *key, const char *source, struct made *made)
{
	const struct ms_key_type *type;
	const EVP_MD *md;
	int r = ms_key_request_check(ctx, request, &type, &made->face.hash, &md);

	if (r == 0)
		r = ms_cert_text(ctx, key->cert_der.data, key->cert_der.len, &made->info);
	if (r < 0)
		return r;
	made->info.kernel_can_use = true; /* ms_new_key_set_cert() */
	made->info.source = strdup(source);
	made->info.der = malloc(key->cert_der.len);
	if (!made->info.source || !made->info.der)
		return ms_fail_nomem(ctx);
	memcpy(made->info.der, key->cert_der.data, key->cert_der.len);
	made->info.der_len = key->cert_der.len;
	return 0;
}

struct ms_made_key *ms_made_key_free(struct ms_made_key *face)
{
	struct made *made = (struct made *)face;

	if (!made)
		return NULL;
	ms_cert_text_done(&made->info);
	free(made->info.source);
	free(made->info.der);
	free(made->key);
	free(made->cert);
	free(made);
	return NULL;
}

MS_DEFINE_CLEANUP(made_cleanup, struct ms_made_key *, ms_made_key_free)

static int add(struct ms_ctx *ctx, struct ms_file_set *set, const char *path,
	       const struct ms_buf *content, mode_t mode, bool replace)
{
	const struct ms_new_file file = {
		.path = path,
		.data = content->data,
		.len = content->len,
		.mode = mode,
		.keep = MS_KEEP_NOTHING,
		.fresh = !replace,
	};

	return ms_file_set_add(ctx, set, &file);
}

static int write_files(struct ms_ctx *ctx, const struct ms_key_output *output,
		       const char *cert_path, struct ms_new_key *key)
{
	_cleanup_(cleanup_set) struct ms_file_set *set = ms_file_set_new();
	int r;

	if (!set ||
	    ms_buf_append(&key->key_pem, key->cert_pem.data, key->cert_pem.len) < 0)
		return ms_fail_nomem(ctx);
	if (output->no_sync)
		ms_file_set_no_sync(set);
	r = add(ctx, set, output->path, &key->key_pem, KEY_MODE, output->replace);
	if (r == 0)
		r = add(ctx, set, cert_path, &key->cert_der, CERT_MODE, output->replace);
	return r < 0 ? r : ms_file_set_commit(ctx, set);
}

static int write_cert(struct ms_ctx *ctx, const struct ms_key_output *output,
		      const struct ms_new_key *key)
{
	const struct ms_new_file file = {
		.path = output->path,
		.data = key->cert_der.data,
		.len = key->cert_der.len,
		.mode = CERT_MODE,
		.keep = MS_KEEP_NOTHING,
		.fresh = !output->replace,
	};

	return ms_file_put(ctx, &file, !output->no_sync);
}

/* What a killed run left there goes before it is looked at what is there. */
static int clear_up(struct ms_ctx *ctx, const struct ms_key_output *output)
{
	enum ms_recovery how;
	int r = ms_files_recover(ctx, output->path, &how);

	if (r != -ENOENT)
		return r;
	ms_fail_clear(ctx); /* of a directory that is not there, writing will tell */
	return 0;
}

static int new_file(struct ms_ctx *ctx, const struct ms_key_request *request,
		    const struct ms_key_output *output, struct made *made)
{
	_cleanup_(ms_new_key_done) struct ms_new_key key = { 0 };
	int r;

	if (!output->path || !output->path[0])
		return ms_fail(ctx, -EINVAL, "no file to write the key to");
	made->key = strdup(output->path);
	if (!made->key || asprintf(&made->cert, "%s.crt", output->path) < 0)
		return ms_fail_nomem(ctx);
	r = clear_up(ctx, output);
	if (r == 0)
		r = check_free(ctx, made->key, output->replace);
	if (r == 0)
		r = check_free(ctx, made->cert, output->replace);
	if (r == 0)
		r = ms_key_make(ctx, request, &key);
	if (r == 0)
		r = describe(ctx, request, &key, made->cert, made);
	return r < 0 ? r : write_files(ctx, output, made->cert, &key);
}

static int new_token(struct ms_ctx *ctx, const struct ms_key_request *request,
		     const char *uri, const struct ms_key_output *output,
		     struct made *made)
{
	_cleanup_(ms_new_key_done) struct ms_new_key key = { 0 };
	const char *path = output->path;
	int r = path ? clear_up(ctx, output) : 0;

	if (r == 0 && path)
		r = check_free(ctx, path, output->replace);
	if (r == 0 && path && !(made->cert = strdup(path)))
		return ms_fail_nomem(ctx);
	if (r == 0)
		r = ms_key_make_in_token(ctx, request, uri, &key, &made->key);
	if (r == 0)
		r = describe(ctx, request, &key, path ? path : made->key, made);
	if (r == 0 && path)
		r = write_cert(ctx, output, &key);
	return r;
}

/* Makes it by the caller's structs: in the token @uri, or where there is none in files.
 */
static int new_key(struct ms_ctx *ctx, const struct ms_key_request *caller_request,
		   const char *uri, const struct ms_key_output *caller_output,
		   struct ms_made_key **ret)
{
	struct made *made = calloc(1, sizeof(*made));
	_cleanup_(made_cleanup) struct ms_made_key *face = made ? &made->face : NULL;
	struct ms_key_request request;
	struct ms_key_output output;
	int r = made ? ms_sized_in(ctx, &request, sizeof(request), caller_request)
		     : ms_fail_nomem(ctx);

	if (r == 0)
		r = ms_sized_in(ctx, &output, sizeof(output), caller_output);
	if (r == 0)
		r = uri ? new_token(ctx, &request, uri, &output, made)
			: new_file(ctx, &request, &output, made);
	if (r < 0)
		return r;
	made->face.key = made->key;
	made->face.cert = made->cert;
	made->face.info = &made->info;
	*ret = ms_steal(&face);
	return 0;
}

int ms_key_new_file(struct ms_ctx *ctx, const struct ms_key_request *request,
		    const struct ms_key_output *output, struct ms_made_key **ret)
{
	return new_key(ctx, request, NULL, output, ret);
}

int ms_key_new_token(struct ms_ctx *ctx, const struct ms_key_request *request,
		     const char *uri, const struct ms_key_output *cert_output,
		     struct ms_made_key **ret)
{
	return new_key(ctx, request, uri, cert_output, ret);
}
