/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The public list of the certificates in a source, each described for people, and that
 * list as a PEM file. A list is for looking at: a certificate that no kernel would take is
 * in it too, and says so.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../files/file.h"
#include "../base/text.h"
#include "../key/cert-text.h"
#include "image.h"

enum { PEM_LINE = 64 };

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)
MS_DEFINE_CLEANUP(cleanup_list, struct ms_cert_list *, ms_cert_list_free)

struct ms_cert_list *ms_cert_list_free(struct ms_cert_list *list)
{
	for (size_t i = 0; list && i < list->count; i++) {
		ms_cert_text_done(&list->certs[i]);
		free(list->certs[i].source);
		free(list->certs[i].der);
	}
	if (list) {
		free(list->certs);
		free(list->release);
	}
	free(list);
	return NULL;
}

/* Would the kernel, or any kernel where it is not known which, take it as a key? */
static bool kernel_can_use(struct ms_ctx *ctx, const char *release,
			   const struct ms_source_cert *cert)
{
	struct ms_rules rules = ms_rules_default();
	struct ms_cert *parsed = NULL;
	bool usable;

	if (release && ms_rules_set_release(ctx, &rules, release) < 0)
		rules = ms_rules_default();
	usable = ms_cert_parse(ctx, &rules, cert->der, cert->len, &parsed) == 0 &&
		 ms_cert_pkey(parsed) != MS_PKEY_NONE && rules.pkey[ms_cert_pkey(parsed)];
	ms_cert_free(parsed);
	ms_fail_clear(ctx);
	return usable;
}

static int add(struct ms_ctx *ctx, const char *path, const struct ms_source_cert *cert,
	       struct ms_cert_list *list)
{
	struct ms_cert_info *info = &list->certs[list->count];
	int r = ms_cert_text(ctx, cert->der, cert->len, info);

	if (r < 0)
		return ms_fail_prefix(ctx, r, "'%s'", path);
	list->count++;
	info->place = cert->place;
	info->kernel_can_use = kernel_can_use(ctx, list->release, cert);
	info->source = strdup(path);
	info->der = malloc(cert->len);
	if (!info->source || !info->der)
		return ms_fail_nomem(ctx);
	memcpy(info->der, cert->der, cert->len);
	info->der_len = cert->len;
	return 0;
}

size_t ms_cert_list_count(const struct ms_cert_list *list)
{
	return list ? list->count : 0;
}

const struct ms_cert_info *ms_cert_list_at(const struct ms_cert_list *list, size_t i)
{
	return i < ms_cert_list_count(list) ? &list->certs[i] : NULL;
}

const char *ms_cert_list_release(const struct ms_cert_list *list)
{
	return list->release;
}

int ms_cert_list_of(struct ms_ctx *ctx, const char *path, const struct ms_source *source,
		    struct ms_cert_list **ret)
{
	_cleanup_(cleanup_list) struct ms_cert_list *list = calloc(1, sizeof(*list));
	int r = 0;

	if (!list)
		return ms_fail_nomem(ctx);
	if (source->n_certs == 0)
		return ms_fail(ctx, -ENOKEY, "'%s': no certificate in it", path);
	list->certs = calloc(source->n_certs, sizeof(*list->certs));
	list->release = source->release ? strdup(source->release) : NULL;
	if (!list->certs || (source->release && !list->release))
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < source->n_certs && r == 0; i++) {
		r = ms_check_cancelled(ctx);
		r = r < 0 ? r : add(ctx, path, &source->certs[i], list);
	}
	if (r < 0)
		return r;
	*ret = ms_steal(&list);
	return 0;
}

int ms_cert_list_read(struct ms_ctx *ctx, const char *path, struct ms_cert_list **ret)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	int r = ms_source_open(ctx, path, &source);

	return r < 0 ? r : ms_cert_list_of(ctx, path, source, ret);
}

int ms_cert_pem_append(struct ms_buf *out, const uint8_t *der, size_t der_len)
{
	_cleanup_(ms_buf_done) struct ms_buf base64 = { 0 };
	int r = ms_base64_append(&base64, der, der_len);

	r = r < 0 ? r : ms_buf_append_str(out, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < base64.len && r == 0; at += PEM_LINE) {
		size_t len = base64.len - at < PEM_LINE ? base64.len - at : PEM_LINE;

		r = ms_buf_append(out, base64.data + at, len);
		r = r < 0 ? r : ms_buf_append_str(out, "\n");
	}
	return r < 0 ? r : ms_buf_append_str(out, "-----END CERTIFICATE-----\n");
}

int ms_cert_save_pem(struct ms_ctx *ctx, const struct ms_cert_info *const *certs,
		     size_t n, const char *path)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };

	for (size_t i = 0; i < n; i++)
		if (ms_cert_pem_append(&out, certs[i]->der, certs[i]->der_len) < 0)
			return ms_fail_nomem(ctx);
	return ms_file_replace(ctx, path, out.data, out.len, 0666, true);
}
