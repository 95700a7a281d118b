/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the trailers of a module say, under the names of kmod's modinfo. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "module.h"

/* More trailers than anybody stacks; the rest of a hostile file is not listed. */
enum { MAX_LISTED = 64 };

static const char *id_type_name(uint8_t id_type)
{
	static const char *const names[] = { "PGP", "X509", "PKCS#7", "Merkle" };

	return id_type < MS_ARRAY_SIZE(names) ? names[id_type] : "unknown";
}

/*
 * Legacy trailers name signer, key and algorithms in plain view, by the numbers that
 * Linux 3.7 gave them (include/crypto/public_key.h, pkey_hash_algo).
 */
static int legacy_fields(struct ms_ctx *ctx, const uint8_t *data,
			 const struct ms_trailer *trailer, struct ms_signature_fields *ret)
{
	static const char *const hashes[] = { "md4",    "md5",    "sha1",   "rmd160",
					      "sha256", "sha384", "sha512", "sha224" };
	static const char *const algorithms[] = { "dsa", "rsa" };

	ret->signer = strndup((const char *)data + trailer->signer_off, trailer->signer_len);
	ret->sig_key = ms_hex_colons(data + trailer->key_id_off, trailer->key_id_len);
	if (!ret->signer || !ret->sig_key)
		return ms_fail_nomem(ctx);
	if (trailer->hash < MS_ARRAY_SIZE(hashes) &&
	    !(ret->sig_hashalgo = strdup(hashes[trailer->hash])))
		return ms_fail_nomem(ctx);
	if (trailer->algo < MS_ARRAY_SIZE(algorithms) &&
	    !(ret->sig_algo = strdup(algorithms[trailer->algo])))
		return ms_fail_nomem(ctx);
	return 0;
}

static int trailer_fields(struct ms_ctx *ctx, const uint8_t *data,
			  const struct ms_trailer *trailer, struct ms_signature_fields *ret)
{
	const uint8_t *signature = data + trailer->sig_off;

	ret->id_type = trailer->id_type;
	ret->sig_id = id_type_name(trailer->id_type);
	ret->sig_len = trailer->claimed_len;
	if (trailer->id_type == MS_TRAILER_PKCS7)
		return ms_cms_fields(ctx, signature, trailer->sig_len, ret);
	if (ms_signature_fields_keep(ret, signature, trailer->sig_len) < 0)
		return ms_fail_nomem(ctx);
	if (trailer->id_type <= MS_TRAILER_X509)
		return legacy_fields(ctx, data, trailer, ret);
	return 0;
}

static size_t count_trailers(const struct ms_module *module)
{
	struct ms_trailer trailer = module->trailer;
	size_t n = 0;

	while (trailer.state == MS_TRAILER_PRESENT && n < MAX_LISTED) {
		n++;
		trailer = ms_trailer_read(module->data, trailer.payload_len);
	}
	return n;
}

MS_DEFINE_CLEANUP(list_cleanup, struct ms_signature_list *, ms_signature_list_free)

static struct ms_signature_list *list_new(size_t n)
{
	_cleanup_(list_cleanup) struct ms_signature_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->fields = calloc(n ? n : 1, sizeof(*list->fields));
	if (!list->fields)
		return NULL;
	list->n = n;
	return ms_steal(&list);
}

struct ms_signature_list *ms_signature_list_free(struct ms_signature_list *list)
{
	for (size_t i = 0; list && i < list->n; i++)
		ms_signature_fields_done(&list->fields[i]);
	if (list)
		free(list->fields);
	free(list);
	return NULL;
}

size_t ms_signature_list_count(const struct ms_signature_list *list)
{
	return list ? list->n : 0;
}

const struct ms_signature_fields *
ms_signature_list_at(const struct ms_signature_list *list, size_t i)
{
	return i < ms_signature_list_count(list) ? &list->fields[i] : NULL;
}

static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static bool copy_one(struct ms_signature_fields *to, const struct ms_signature_fields *from)
{
	to->id_type = from->id_type;
	to->sig_id = from->sig_id;
	to->sig_len = from->sig_len;
	if (from->signature &&
	    ms_signature_fields_keep(to, from->signature, from->signature_len) < 0)
		return false;
	to->signature_full = from->signature_full;
	return copy_text(&to->signer, from->signer) &&
	       copy_text(&to->sig_key, from->sig_key) &&
	       copy_text(&to->sig_hashalgo, from->sig_hashalgo) &&
	       copy_text(&to->sig_algo, from->sig_algo);
}

int ms_signature_list_copy(struct ms_ctx *ctx, const struct ms_signature_list *list,
			   struct ms_signature_list **ret)
{
	_cleanup_(list_cleanup) struct ms_signature_list *copy = NULL;

	if (list && !(copy = list_new(list->n)))
		return ms_fail_nomem(ctx);
	for (size_t i = 0; i < ms_signature_list_count(list); i++)
		if (!copy_one(&copy->fields[i], &list->fields[i]))
			return ms_fail_nomem(ctx);
	ms_signature_list_free(*ret);
	*ret = ms_steal(&copy);
	return 0;
}

int ms_module_signatures(struct ms_ctx *ctx, const struct ms_module *module,
			 struct ms_signature_list **ret)
{
	_cleanup_(list_cleanup) struct ms_signature_list *list =
		list_new(count_trailers(module));
	struct ms_trailer trailer = module->trailer;
	int r = list ? 0 : ms_fail_nomem(ctx);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		r = trailer_fields(ctx, module->data, &trailer, &list->fields[i]);
		trailer = ms_trailer_read(module->data, trailer.payload_len);
	}
	if (r == 0)
		*ret = ms_steal(&list);
	return r;
}
