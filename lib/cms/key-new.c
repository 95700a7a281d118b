/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * New keys into files: PATH gets private key and certificate, as the kernel's build wants
 * its signing_key.pem, and PATH.crt the certificate in DER, as mokutil, keyctl and DKMS
 * want it.
 *
 * Each appears by rename, and neither takes the place of a file that is there unless that
 * was asked for: a private key that is lost is a generation of modules that nobody can
 * sign again. The key comes first, and goes again where the certificate's file cannot be
 * written; a kill between the two leaves a key whose certificate is with it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/context.h"
#include "../base/file.h"
#include "cert-text.h"
#include "key-make.h"

enum { KEY_MODE = 0600, CERT_MODE = 0644 };

/* Found out before anybody types a passphrase; ms_file_create() sees to it once more. */
static int check_free(struct ms_ctx *ctx, const char *path, bool replace)
{
	struct stat st;

	if (replace || lstat(path, &st) < 0)
		return 0;
	ms_fail_errno(ctx, -EEXIST, "cannot create '%s'", path);
	return ms_hint(ctx, -EEXIST,
		       "with --force it is replaced, and a key that is in it lost");
}

/* Describes what was made; the strings of paths are set by the callers. */
static int describe(struct ms_ctx *ctx, const struct ms_key_request *request,
		    const struct ms_new_key *key, const char *source,
		    struct ms_made_key *made)
{
	const struct ms_key_type *type;
	const EVP_MD *md;
	int r = ms_key_request_check(ctx, request, &type, &made->hash, &md);

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

void ms_made_key_done(struct ms_made_key *made)
{
	ms_cert_text_done(&made->info);
	free(made->info.source);
	free(made->info.der);
	free(made->key);
	free(made->cert);
	*made = (struct ms_made_key){ 0 };
}

static int write_files(struct ms_ctx *ctx, const struct ms_key_output *output,
		       const char *cert_path, struct ms_new_key *key)
{
	bool sync = !output->no_sync;
	int r;

	if (ms_buf_append(&key->key_pem, key->cert_pem.data, key->cert_pem.len) < 0)
		return ms_fail_nomem(ctx);
	r = ms_file_create(ctx, output->path, key->key_pem.data, key->key_pem.len,
			   KEY_MODE, output->replace, sync);
	if (r < 0)
		return r;
	r = ms_file_create(ctx, cert_path, key->cert_der.data, key->cert_der.len,
			   CERT_MODE, output->replace, sync);
	if (r < 0 && !output->replace)
		unlink(output->path);
	return r;
}

static int new_file(struct ms_ctx *ctx, const struct ms_key_request *request,
		    const struct ms_key_output *output, struct ms_made_key *made)
{
	_cleanup_(ms_new_key_done) struct ms_new_key key = { 0 };
	int r;

	if (!output->path || !output->path[0])
		return ms_fail(ctx, -EINVAL, "no file to write the key to");
	made->key = strdup(output->path);
	if (!made->key || asprintf(&made->cert, "%s.crt", output->path) < 0)
		return ms_fail_nomem(ctx);
	r = check_free(ctx, made->key, output->replace);
	if (r == 0)
		r = check_free(ctx, made->cert, output->replace);
	if (r == 0)
		r = ms_key_make(ctx, request, &key);
	if (r == 0)
		r = describe(ctx, request, &key, made->cert, made);
	return r < 0 ? r : write_files(ctx, output, made->cert, &key);
}

int ms_key_new_file(struct ms_ctx *ctx, const struct ms_key_request *request,
		    const struct ms_key_output *output, struct ms_made_key *ret)
{
	_cleanup_(ms_made_key_done) struct ms_made_key made = { 0 };
	int r = new_file(ctx, request, output, &made);

	if (r < 0)
		return r;
	*ret = made;
	made = (struct ms_made_key){ 0 };
	return 0;
}

static int new_token(struct ms_ctx *ctx, const struct ms_key_request *request,
		     const char *uri, const struct ms_key_output *output,
		     struct ms_made_key *made)
{
	_cleanup_(ms_new_key_done) struct ms_new_key key = { 0 };
	const char *path = output ? output->path : NULL;
	int r = path ? check_free(ctx, path, output->replace) : 0;

	if (r == 0 && path && !(made->cert = strdup(path)))
		return ms_fail_nomem(ctx);
	if (r == 0)
		r = ms_key_make_in_token(ctx, request, uri, &key, &made->key);
	if (r == 0)
		r = describe(ctx, request, &key, path ? path : made->key, made);
	if (r == 0 && path)
		r = ms_file_create(ctx, path, key.cert_der.data, key.cert_der.len,
				   CERT_MODE, output->replace, !output->no_sync);
	return r;
}

int ms_key_new_token(struct ms_ctx *ctx, const struct ms_key_request *request,
		     const char *uri, const struct ms_key_output *cert_output,
		     struct ms_made_key *ret)
{
	_cleanup_(ms_made_key_done) struct ms_made_key made = { 0 };
	int r = new_token(ctx, request, uri, cert_output, &made);

	if (r < 0)
		return r;
	*ret = made;
	made = (struct ms_made_key){ 0 };
	return 0;
}
