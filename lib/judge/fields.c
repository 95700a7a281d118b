/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a signature says of itself, for showing: the fields that kmod's modinfo prints
 * (libkmod/libkmod-signature.c). No verdict hangs on them. A message is read as far as
 * it can be; the schema takes more than the kernel's, such as any content, and only the
 * first signer counts.
 *
 * As in kmod the signer is the first common name of the issuer, or else the last part of
 * its name; the serial stands without its leading zero bytes.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "grammar.h"
#include "judge.h"
#include "oid.h"

struct reading {
	enum ms_oid last_oid;
	bool done; /* the first signer has been read */
	bool has_common_name;
	struct ms_bytes signer, key;
	const char *hash, *algo;
	struct ms_bytes signature;
};

static int note_oid(void *userdata, const struct ms_ber_item *item)
{
	struct reading *r = userdata;

	r->last_oid = ms_oid_find(item->value, item->len);
	return 0;
}

static int note_name_part(void *userdata, const struct ms_ber_item *item)
{
	struct reading *r = userdata;

	if (r->done || r->has_common_name)
		return 0;
	r->has_common_name = r->last_oid == MS_OID_COMMON_NAME;
	r->signer = (struct ms_bytes){ item->value, item->len };
	return 0;
}

static int note_serial(void *userdata, const struct ms_ber_item *item)
{
	struct reading *r = userdata;
	struct ms_bytes serial = { item->value, item->len };

	for (; serial.len > 0 && serial.data[0] == 0; serial.len--)
		serial.data++;
	if (!r->done)
		r->key = serial;
	return 0;
}

static int note_skid(void *userdata, const struct ms_ber_item *item)
{
	struct reading *r = userdata;

	if (!r->done)
		r->key = (struct ms_bytes){ item->value, item->len };
	return 0;
}

static const struct {
	enum ms_oid oid;
	const char *name;
} hash_names[] = {
	{ MS_OID_MD4, "md4" },
	{ MS_OID_MD5, "md5" },
	{ MS_OID_SHA1, "sha1" },
	{ MS_OID_SHA224, "sha224" },
	{ MS_OID_SHA256, "sha256" },
	{ MS_OID_SHA384, "sha384" },
	{ MS_OID_SHA512, "sha512" },
	{ MS_OID_SHA3_256, "sha3-256" },
	{ MS_OID_SHA3_384, "sha3-384" },
	{ MS_OID_SHA3_512, "sha3-512" },
	{ MS_OID_SM3, "sm3" },
	{ MS_OID_STREEBOG256, "streebog256" },
	{ MS_OID_STREEBOG512, "streebog512" },
};

static int note_hash(void *userdata, const struct ms_ber_item *item)
{
	struct reading *r = userdata;

	(void)item;
	for (size_t i = 0; !r->done && i < MS_ARRAY_SIZE(hash_names); i++)
		if (hash_names[i].oid == r->last_oid)
			r->hash = hash_names[i].name;
	return 0;
}

static int note_algo(void *userdata, const struct ms_ber_item *item)
{
	struct reading *r = userdata;
	const struct ms_sig_oid *found = ms_sig_oid_find(r->last_oid);

	(void)item;
	if (!r->done)
		r->algo = found ? ms_sig_algo_name(found->algo) : NULL;
	return 0;
}

static int note_signature(void *userdata, const struct ms_ber_item *item)
{
	struct reading *r = userdata;

	if (!r->done)
		r->signature = (struct ms_bytes){ item->value, item->len };
	r->done = true;
	return 0;
}

/* The schema, from the innermost type outwards. */

static const struct ms_ber_node algorithm_members[] = {
	LEAF(MS_BER_OID, note_oid),
	OPTIONAL_ANY(NULL),
	END,
};

static const struct ms_ber_node attribute_value_members[] = {
	LEAF(MS_BER_OID, note_oid),
	ANY(note_name_part),
	END,
};

static const struct ms_ber_node relative_name_members[] = {
	GROUP(MS_BER_SEQUENCE, attribute_value_members, NULL),
	END,
};

static const struct ms_ber_node name_members[] = {
	LIST(MS_BER_SET, relative_name_members, NULL),
	END,
};

static const struct ms_ber_node issuer_and_serial_members[] = {
	LIST(MS_BER_SEQUENCE, name_members, NULL),
	LEAF(MS_BER_INTEGER, note_serial),
	END,
};

static const struct ms_ber_node signer_identifier[] = {
	GROUP(MS_BER_SEQUENCE, issuer_and_serial_members, NULL),
	LEAF(MS_BER_CONTEXT | 0, note_skid),
	END,
};

static const struct ms_ber_node anything[] = {
	OPTIONAL_ANY(NULL),
	END,
};

static const struct ms_ber_node signer_info_members[] = {
	LEAF(MS_BER_INTEGER, NULL),
	CHOICE(signer_identifier, NULL),
	GROUP(MS_BER_SEQUENCE, algorithm_members, NULL, note_hash),
	OPTIONAL(LIST, MS_BER_CONTEXT_OF | 0, anything, NULL),
	GROUP(MS_BER_SEQUENCE, algorithm_members, NULL, note_algo),
	LEAF(MS_BER_OCTET_STRING, note_signature),
	OPTIONAL(LIST, MS_BER_CONTEXT_OF | 1, anything, NULL),
	END,
};

static const struct ms_ber_node signer_infos_members[] = {
	GROUP(MS_BER_SEQUENCE, signer_info_members, NULL),
	END,
};

static const struct ms_ber_node signed_data_members[] = {
	LEAF(MS_BER_INTEGER, NULL),
	ANY(NULL),					       /* digestAlgorithms */
	ANY(NULL),					       /* encapContentInfo */
	OPTIONAL(LIST, MS_BER_CONTEXT_OF | 0, anything, NULL), /* certificates */
	OPTIONAL(LIST, MS_BER_CONTEXT_OF | 1, anything, NULL), /* crls */
	LIST(MS_BER_SET, signer_infos_members, NULL),
	END,
};

static const struct ms_ber_node signed_data[] = {
	GROUP(MS_BER_SEQUENCE, signed_data_members, NULL),
	END,
};

static const struct ms_ber_node message_members[] = {
	LEAF(MS_BER_OID, NULL),
	GROUP(MS_BER_CONTEXT_OF | 0, signed_data, NULL),
	END,
};

static const struct ms_ber_node message[] = {
	GROUP(MS_BER_SEQUENCE, message_members, NULL),
	END,
};

int ms_signature_fields_keep(struct ms_signature_fields *fields, const uint8_t *signature,
			     size_t len)
{
	size_t kept = len < MS_SIGNATURE_KEPT ? len : MS_SIGNATURE_KEPT;

	fields->signature = malloc(kept ? kept : 1);
	if (!fields->signature)
		return -ENOMEM;
	memcpy(fields->signature, signature, kept);
	fields->signature_len = kept;
	fields->signature_full = len;
	return 0;
}

/* A name as UTF-8, cut at a NUL. */
static int name_text(struct ms_bytes name, char **ret)
{
	_cleanup_free_ char *raw = strndup((const char *)name.data, name.len);

	*ret = raw ? ms_path_to_utf8(raw) : NULL;
	return *ret ? 0 : -ENOMEM;
}

static int copy_text(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return !text || *ret ? 0 : -ENOMEM;
}

static int fill(const struct reading *reading, struct ms_signature_fields *ret)
{
	if (reading->signer.data && name_text(reading->signer, &ret->signer) < 0)
		return -ENOMEM;
	if (reading->key.data) {
		ret->sig_key = ms_hex_colons(reading->key.data, reading->key.len);
		if (!ret->sig_key)
			return -ENOMEM;
	}
	if (copy_text(reading->hash, &ret->sig_hashalgo) < 0 ||
	    copy_text(reading->algo, &ret->sig_algo) < 0)
		return -ENOMEM;
	return reading->signature.len > 0
		       ? ms_signature_fields_keep(ret, reading->signature.data,
						  reading->signature.len)
		       : 0;
}

int ms_cms_fields(struct ms_ctx *ctx, const uint8_t *sig, size_t len,
		  struct ms_signature_fields *ret)
{
	struct reading reading = { 0 };
	struct ms_signature_fields fields = { .id_type = ret->id_type,
					      .sig_id = ret->sig_id,
					      .sig_len = ret->sig_len };

	/* whatever ends the walk, what was read before it is shown */
	ms_ber_walk(message, &reading, sig, len);
	if (fill(&reading, &fields) < 0) {
		ms_signature_fields_done(&fields);
		return ms_fail_nomem(ctx);
	}
	*ret = fields;
	return 0;
}

void ms_signature_fields_done(struct ms_signature_fields *fields)
{
	free(fields->signer);
	free(fields->sig_key);
	free(fields->sig_hashalgo);
	free(fields->sig_algo);
	free(fields->signature);
	*fields = (struct ms_signature_fields){ 0 };
}
