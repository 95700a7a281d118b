/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Adding to CONFIG_SYSTEM_TRUSTED_KEYS (certs/Kconfig, certs/Makefile of Linux).
 *
 * It names one PEM file, out of which certs/extract-cert.c takes all certificates. To add
 * one to those that a configuration trusts already, they all have to be in one file. That
 * file is made here: each certificate once, sorted by its bytes, so that it does not matter
 * in which order they were added. Only a file that is the present one or that was made
 * here before is ever overwritten, and never one that holds a private key.
 *
 * A file named by a relative path lies in the directory where the kernel is built, which
 * is where its .config is. The absolute path of the new file is written.
 */

#include "trusted-keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../files/beneath.h"
#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/index.h"
#include "../image/image.h"

#define SYMBOL "SYSTEM_TRUSTED_KEYS"
#define HEADER "# Certificates that the kernel is to trust, collected by modseal config trust\n"

enum { MAX_PEM = 1 << 20 };

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

/* A change at work. */
struct work {
	struct ms_ctx *ctx;
	const struct ms_trusted_keys_change *change;
	struct ms_config_edit *edit;
	char *named;		      /* the file that is named now; NULL: none */
	struct ms_cert_list *before;  /* what is in it; NULL: nothing */
	bool before_is_pem;
	struct ms_cert_list *adding;
	struct ms_index in_adding; /* by their bytes */
	bool adding_is_pem;
	const struct ms_cert_info **all; /* what will be trusted; borrowed from both */
	size_t n_all;
	size_t added, dropped;
};

static void work_done(struct work *work)
{
	free(work->named);
	ms_cert_list_free(work->before);
	ms_cert_list_free(work->adding);
	ms_index_done(&work->in_adding);
	free(work->all);
}

void ms_trusted_keys_done(struct ms_config_trusted *trusted)
{
	free(trusted->path);
	free(trusted->keys);
	ms_cert_list_free(trusted->certs);
	*trusted = (struct ms_config_trusted){ 0 };
}

bool ms_pem_has_private_key(const void *data, size_t len)
{
	static const char mark[] = "PRIVATE KEY-----";

	return len > 0 && memmem(data, len, mark, sizeof(mark) - 1);
}

int ms_config_file_path(struct ms_ctx *ctx, const char *config, const char *value,
			char **ret)
{
	const char *slash = strrchr(config, '/');
	int len = slash && value[0] != '/' ? (int)(slash - config + 1) : 0;

	if (asprintf(ret, "%.*s%s", len, config, value) < 0) {
		*ret = NULL;
		return ms_fail_nomem(ctx);
	}
	return 0;
}

/* Reads a file of certificates; of images and EFI lists nobody means all that is in them. */
static int read_certs(struct ms_ctx *ctx, const char *path, struct ms_cert_list **ret,
		      bool *ret_pem)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	_cleanup_(ms_buf_wipe) struct ms_buf file = { 0 };
	int r = ms_file_read(ctx, path, MAX_PEM, &file);

	r = r < 0 ? r : ms_source_parse(ctx, file.data, file.len, path, &source);
	if (r < 0)
		return r;
	if (source->kind != MS_SOURCE_CERTIFICATES)
		return ms_fail(ctx, -EBADMSG, "'%s' is no file of certificates", path);
	*ret_pem = file.len > 0 && file.data[0] != 0x30; /* a DER SEQUENCE */
	return ms_cert_list_of(ctx, path, source, ret);
}

static int fail_missing(struct ms_ctx *ctx, const char *config, const char *named)
{
	ms_fail(ctx, -ENOENT, "'%s': CONFIG_" SYMBOL " names '%s', which is not there",
		config, named);
	return ms_hint_command(ctx, -ENOENT,
			       "modseal config set " SYMBOL "= %s forgets it", config);
}

static int read_before(struct work *work)
{
	const char *config = ms_config_edit_path(work->edit);
	_cleanup_free_ char *value = NULL;
	int r = ms_config_edit_get(work->edit, SYMBOL, &value);

	if (r == -EEXIST)
		return ms_fail(work->ctx, r, "'%s': CONFIG_" SYMBOL " is there twice",
			       config);
	if (r < 0 && r != -ENOENT)
		return ms_fail_nomem(work->ctx);
	if (r == -ENOENT || !*value || !ms_config_edit_is_string(work->edit, SYMBOL) ||
	    strcmp(value, "n") == 0)
		return 0;
	r = ms_config_file_path(work->ctx, config, value, &work->named);
	r = r < 0 ? r
		  : read_certs(work->ctx, work->named, &work->before,
			       &work->before_is_pem);
	if (r != -ENOENT)
		return r < 0 ? ms_fail_prefix(work->ctx, r, "'%s': CONFIG_" SYMBOL, config)
			     : 0;
	if (!work->change->missing_ok)
		return fail_missing(work->ctx, config, work->named);
	ms_fail_clear(work->ctx);
	return 0;
}

static int read_adding(struct work *work)
{
	const char *path = work->change->cert;
	int r = read_certs(work->ctx, path, &work->adding, &work->adding_is_pem);

	for (size_t i = 0; r == 0 && i < work->adding->count; i++)
		if (!work->adding->certs[i].kernel_can_use)
			r = ms_fail(work->ctx, -ENOPKG,
				    "'%s': no kernel takes the certificate of '%s' as a key",
				    path, work->adding->certs[i].subject);
	return r;
}

static int by_bytes(const struct ms_cert_info *a, const struct ms_cert_info *b)
{
	size_t len = a->der_len < b->der_len ? a->der_len : b->der_len;
	int order = memcmp(a->der, b->der, len);

	return order ? order : (a->der_len > b->der_len) - (a->der_len < b->der_len);
}

static int by_bytes_sort(const void *a, const void *b)
{
	return by_bytes(*(const struct ms_cert_info *const *)a,
			*(const struct ms_cert_info *const *)b);
}

static bool is_in(const struct ms_index *index, const struct ms_cert_info *cert)
{
	size_t unused;

	return ms_index_find(index, cert->der, cert->der_len, &unused);
}

static int take(struct work *work, struct ms_index *taken,
		const struct ms_cert_info *cert)
{
	if (is_in(taken, cert))
		return 0;
	if (ms_index_add(taken, cert->der, cert->der_len, work->n_all) < 0)
		return ms_fail_nomem(work->ctx);
	work->all[work->n_all++] = cert;
	return 0;
}

static bool is_dropped(const struct work *work, const struct ms_cert_info *cert)
{
	return work->change->drop && !is_in(&work->in_adding, cert) &&
	       work->change->drop(work->change->userdata, cert);
}

static int take_before(struct work *work, struct ms_index *taken)
{
	int r = 0;

	for (size_t i = 0; r == 0 && work->before && i < work->before->count; i++) {
		if (is_dropped(work, &work->before->certs[i]))
			work->dropped++;
		else
			r = take(work, taken, &work->before->certs[i]);
	}
	return r;
}

static int index_adding(struct work *work)
{
	for (size_t i = 0; i < work->adding->count; i++)
		if (ms_index_add(&work->in_adding, work->adding->certs[i].der,
				 work->adding->certs[i].der_len, i) < 0)
			return ms_fail_nomem(work->ctx);
	return 0;
}

/* All that will be trusted, each once, in the order of their bytes. */
static int join(struct work *work)
{
	_cleanup_(ms_index_done) struct ms_index taken = {0};
	size_t n_before = work->before ? work->before->count : 0;
	int r = index_adding(work);

	if (r < 0)
		return r;
	work->all = calloc(n_before + work->adding->count + 1, sizeof(*work->all));
	if (!work->all)
		return ms_fail_nomem(work->ctx);
	r = take_before(work, &taken);
	n_before = work->n_all;
	for (size_t i = 0; r == 0 && i < work->adding->count; i++)
		r = take(work, &taken, &work->adding->certs[i]);
	work->added = work->n_all - n_before;
	qsort(work->all, work->n_all, sizeof(*work->all), by_bytes_sort);
	return r;
}

/* The absolute path of a file that need not be there, in a directory that must. */
static int absolute(struct ms_ctx *ctx, const char *path, char **ret)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = strndup(slash ? path : ".",
					   slash ? (size_t)(slash - path) + 1 : 1);
	_cleanup_free_ char *real = dir ? realpath(dir, NULL) : NULL;

	if (!dir)
		return ms_fail_nomem(ctx);
	if (!real)
		return ms_fail_errno(ctx, -errno, "cannot write '%s'", path);
	if (asprintf(ret, "%s/%s", real[1] ? real : "", slash ? slash + 1 : path) < 0) {
		*ret = NULL;
		return ms_fail_nomem(ctx);
	}
	return 0;
}

static int choose_output(struct work *work, char **ret)
{
	const char *config = ms_config_edit_path(work->edit);
	_cleanup_free_ char *path = NULL;

	if (work->change->output)
		return absolute(work->ctx, work->change->output, ret);
	if (asprintf(&path, "%s.trusted.pem", config) < 0) {
		path = NULL;
		return ms_fail_nomem(work->ctx);
	}
	return absolute(work->ctx, path, ret);
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return a && b && stat(a, &one) == 0 && stat(b, &other) == 0 &&
	       ms_same_inode(&one, &other);
}

/*
 * What may be overwritten: what is named now, or was made here; and no private key. What
 * only stands beside the configuration may be anybody's link, and is no file of ours
 * then: only a path that the user gave is followed.
 */
static int check_output(struct work *work, const char *path)
{
	_cleanup_(ms_buf_wipe) struct ms_buf file = { 0 };
	int r = ms_file_read_at(work->ctx, AT_FDCWD, path, path, !work->change->output,
				MAX_PEM, &file, NULL);

	if (r == -ELOOP)
		return ms_fail(work->ctx, -EEXIST, "'%s' is a link, and is not followed",
			       path);
	if (r == -ENOENT) {
		ms_fail_clear(work->ctx);
		return 0;
	}
	if (r < 0)
		return r;
	if (ms_pem_has_private_key(file.data, file.len))
		return ms_fail(work->ctx, -EEXIST,
			       "'%s' holds a private key and is not overwritten", path);
	if (same_file(path, work->named) ||
	    (file.len >= strlen(HEADER) && !memcmp(file.data, HEADER, strlen(HEADER))))
		return 0;
	return ms_fail(work->ctx, -EEXIST,
		       "'%s' is there, was not written by modseal, and is not overwritten",
		       path);
}

/* The subject stands above each block, for people; extract-cert passes over it. */
static int write_pem(const struct work *work, struct ms_buf *ret)
{
	int r = ms_buf_append_str(ret, HEADER);

	for (size_t i = 0; i < work->n_all && r == 0; i++) {
		_cleanup_free_ char *subject = ms_text_escape(work->all[i]->subject);

		r = subject ? ms_buf_printf(ret, "\n# %s\n", subject) : -ENOMEM;
		r = r < 0 ? r
			  : ms_cert_pem_append(ret, work->all[i]->der,
					       work->all[i]->der_len);
	}
	return r;
}

static int stage(struct work *work, struct ms_file_set *files, const char *path)
{
	_cleanup_(ms_buf_done) struct ms_buf pem = { 0 };
	int r = check_output(work, path);

	if (r < 0)
		return r;
	if (write_pem(work, &pem) < 0)
		return ms_fail_nomem(work->ctx);
	return ms_file_set_add(work->ctx, files,
			       &(const struct ms_new_file){
				       .path = path,
				       .data = pem.data,
				       .len = pem.len,
				       .mode = 0666,
				       .beside = !work->change->output,
			       });
}

/* The file that is to be named. *@ret_write: it has to be written first. */
static int choose(struct work *work, char **ret, bool *ret_write)
{
	size_t n_adding = 0;

	*ret_write = false;
	if (work->before && work->before_is_pem && !work->added && !work->dropped) {
		*ret = strdup(work->named);
		return *ret ? 0 : ms_fail_nomem(work->ctx);
	}
	for (size_t i = 0; i < work->n_all; i++)
		n_adding += is_in(&work->in_adding, work->all[i]);
	if (work->change->direct && work->adding_is_pem && n_adding == work->n_all) {
		*ret = work->change->named ? strdup(work->change->named)
					   : realpath(work->change->cert, NULL);
		return *ret ? 0
			    : ms_fail_errno(work->ctx, -errno, "cannot find '%s'",
					    work->change->cert);
	}
	*ret_write = true;
	return choose_output(work, ret);
}

/* Copies the descriptions of what will be trusted. */
static int describe(struct work *work, struct ms_config_trusted *ret)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	_cleanup_(ms_buf_done) struct ms_buf pem = { 0 };
	int r = write_pem(work, &pem) < 0 ? ms_fail_nomem(work->ctx) : 0;

	r = r < 0 ? r : ms_source_parse(work->ctx, pem.data, pem.len, ret->keys, &source);
	r = r < 0 ? r : ms_cert_list_of(work->ctx, ret->keys, source, &ret->certs);
	if (r < 0)
		return r;
	ret->path = strdup(ms_config_edit_path(work->edit));
	ret->added = work->added;
	ret->dropped = work->dropped;
	return ret->path ? 0 : ms_fail_nomem(work->ctx);
}

static int apply(struct work *work, struct ms_file_set *files,
		 struct ms_config_trusted *ret)
{
	bool write = false, same;
	int r = choose(work, &ret->keys, &write);

	if (r < 0)
		return r;
	same = !write && work->named && strcmp(ret->keys, work->named) == 0;
	if (write)
		r = stage(work, files, ret->keys);
	if (r == 0 && !same)
		r = ms_config_edit_set_string(work->ctx, work->edit, SYMBOL, ret->keys);
	r = r < 0 ? r : describe(work, ret);
	ret->changed = write || ms_config_edit_changed(work->edit);
	return r;
}

int ms_trusted_keys_add(struct ms_ctx *ctx, struct ms_config_edit *edit,
			const struct ms_trusted_keys_change *change,
			struct ms_file_set *files, struct ms_config_trusted *ret)
{
	_cleanup_(work_done) struct work work = { .ctx = ctx, .change = change, .edit = edit };
	_cleanup_(ms_trusted_keys_done) struct ms_config_trusted trusted = { 0 };
	int r = read_adding(&work);

	r = r < 0 ? r : read_before(&work);
	r = r < 0 ? r : join(&work);
	r = r < 0 ? r : apply(&work, files, &trusted);
	if (r < 0)
		return r;
	*ret = trusted;
	trusted = (struct ms_config_trusted){ 0 };
	return 0;
}
