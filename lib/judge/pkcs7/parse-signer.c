/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the kernel notes of the signers in a PKCS#7 message: versions, algorithms, signed
 * attributes, by which key (crypto/asymmetric_keys/pkcs7_parser.c). What the walk knows of
 * issuer, serial and SKID is not forgotten between two signers.
 */

#include <errno.h>
#include <stdlib.h>

#include "../../base/context.h"
#include "../grammar.h"
#include "parse.h"

struct ms_pkcs7_signer *ms_pkcs7_signer_free(struct ms_pkcs7_signer *signer)
{
	if (signer) {
		ms_key_id_done(&signer->id);
		free(signer->signed_attributes);
		free(signer);
	}
	return NULL;
}

static struct ms_bytes content(const struct ms_ber_item *item)
{
	return (struct ms_bytes){ item->value, item->len };
}

int ms_pkcs7_note_signer_version(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	if (item->len != 1 || (item->value[0] != 1 && item->value[0] != 3))
		return ms_pkcs7_refuse(p, -EINVAL, "unsupported version of SignerInfo");
	p->expect_skid = item->value[0] == 3;
	if (p->expect_skid == (p->message->version == 1))
		return ms_pkcs7_refuse(
			p, -EBADMSG,
			"versions of SignedData and SignerInfo do not go together");
	return 0;
}

int ms_pkcs7_note_digest_algo(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	(void)item;
	if (ms_pkcs7_digest_algo(p->rules, p->last_oid, &p->signer->hash))
		return 0;
	return ms_pkcs7_refuse(p, -ENOPKG, "unsupported digest algorithm");
}

int ms_pkcs7_note_pkey_algo(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	(void)item;
	if (ms_pkcs7_pkey_algo(p->rules, p->last_oid, &p->signer->algo))
		return 0;
	return ms_pkcs7_refuse(p, -ENOPKG, "unsupported public-key algorithm");
}

static int attribute_bit(enum ms_oid oid)
{
	switch (oid) {
	case MS_OID_CONTENT_TYPE:
		return MS_ATTRIBUTE_CONTENT_TYPE;
	case MS_OID_SIGNING_TIME:
		return MS_ATTRIBUTE_SIGNING_TIME;
	case MS_OID_MESSAGE_DIGEST:
		return MS_ATTRIBUTE_MESSAGE_DIGEST;
	case MS_OID_SMIME_CAPABILITIES:
		return MS_ATTRIBUTE_SMIME_CAPABILITIES;
	case MS_OID_MS_SP_OPUS_INFO:
		return MS_ATTRIBUTE_MS_OPUS_INFO;
	case MS_OID_MS_STATEMENT_TYPE:
		return MS_ATTRIBUTE_MS_STATEMENT_TYPE;
	default:
		return 0;
	}
}

/* One value of a signed attribute, whose type was the last OID. */
int ms_pkcs7_note_attribute(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;
	unsigned bit = (unsigned)attribute_bit(p->last_oid);

	if (bit == 0 || p->names_only)
		return 0;
	if (p->signer->attribute_set & bit)
		return ms_fail(p->ctx, -EKEYREJECTED, "signed attribute is there twice");
	p->signer->attribute_set |= bit;
	switch (p->last_oid) {
	case MS_OID_CONTENT_TYPE:
		if (ms_oid_find(item->value, item->len) != p->message->data_type)
			return ms_fail(p->ctx, -EBADMSG,
				       "signed content type is not the message's");
		return 0;
	case MS_OID_SIGNING_TIME:
		return ms_x509_decode_time(item->tag, item->value, item->len,
					   &p->signer->signing_time);
	case MS_OID_MESSAGE_DIGEST:
		if (item->tag != MS_BER_OCTET_STRING)
			return -EBADMSG;
		p->signer->message_digest = content(item);
		return 0;
	default:
		if (p->message->data_type != MS_OID_MS_INDIRECT_DATA)
			return ms_fail(p->ctx, -EKEYREJECTED,
				       "signed attribute of Authenticode");
		return 0;
	}
}

int ms_pkcs7_note_attributes(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;
	unsigned needed = MS_ATTRIBUTE_CONTENT_TYPE | MS_ATTRIBUTE_MESSAGE_DIGEST;

	if (p->names_only)
		return 0;
	if ((p->signer->attribute_set & needed) != needed)
		return ms_fail(p->ctx, -EBADMSG, "a signed attribute is missing");
	if (p->message->data_type != MS_OID_MS_INDIRECT_DATA &&
	    p->signer->attribute_set & MS_ATTRIBUTE_MS_OPUS_INFO)
		return -EBADMSG;
	p->signer->attributes =
		(struct ms_bytes){ item->value - item->header, item->len + item->header };
	return 0;
}

int ms_pkcs7_note_serial(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	p->serial = content(item);
	if (p->names_only)
		p->expect_skid = false;
	return 0;
}

int ms_pkcs7_note_issuer(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	p->issuer = content(item);
	return 0;
}

int ms_pkcs7_note_skid(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	p->skid = content(item);
	if (p->names_only)
		p->expect_skid = true;
	return 0;
}

int ms_pkcs7_note_signature(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	p->signer->value = content(item);
	return 0;
}

int ms_pkcs7_end_signer(struct ms_pkcs7_walk *p)
{
	struct ms_bytes none = { NULL, 0 };
	int r = p->expect_skid ? ms_key_id_join(&p->signer->id, p->skid, none)
			       : ms_key_id_join(&p->signer->id, p->serial, p->issuer);

	if (r < 0)
		return ms_fail_nomem(p->ctx);
	*p->next_signer = p->signer;
	p->next_signer = &p->signer->next;
	p->signer = calloc(1, sizeof(*p->signer));
	return p->signer ? 0 : ms_fail_nomem(p->ctx);
}

int ms_pkcs7_note_signed_info(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	(void)item;
	if (!p->names_only && p->message->data_type == MS_OID_MS_INDIRECT_DATA &&
	    !p->signer->attributes.data)
		return -EBADMSG;
	return ms_pkcs7_end_signer(p);
}

int ms_pkcs7_check_attributes(struct ms_ctx *ctx, struct ms_pkcs7 *message)
{
	struct ms_pkcs7_signer *signer = message->signers;

	if (!signer)
		return ms_fail(ctx, -EINVAL, "no signer in the message");
	message->has_attributes = signer->attributes.data;
	for (; signer; signer = signer->next) {
		if ((signer->attributes.data != NULL) != message->has_attributes)
			return ms_fail(
				ctx, -EINVAL,
				"some signers have signed attributes and some not");
		if (!signer->attributes.data && ms_sig_takes_data(signer->algo))
			signer->hash = MS_HASH_NONE;
	}
	return 0;
}
