/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the kernel notes while it walks over a PKCS#7 message, in the order of the walk
 * (crypto/asymmetric_keys/pkcs7_parser.c). Errors end the walk where they arise. What
 * the walk knows of issuer, serial and SKID is not forgotten between two signers.
 */

#include <errno.h>
#include <stdlib.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../grammar.h"
#include "pkcs7.h"

MS_DEFINE_CLEANUP(cleanup_message, struct ms_pkcs7 *, ms_pkcs7_free)

struct parse {
	struct ms_ctx *ctx;
	const struct ms_rules *rules;
	const uint8_t *end; /* of the message */
	struct ms_pkcs7 *message;
	struct ms_pkcs7_signer *signer; /* that is being read */
	struct ms_pkcs7_signer **next_signer;
	struct ms_chain_cert *certs; /* until the list of certificates has ended */
	bool certs_ended;	     /* what follows is within revocation lists */
	struct ms_chain_cert **next_cert;
	enum ms_oid last_oid;
	struct ms_bytes serial, issuer, skid;
	bool expect_skid;
	bool names_only; /* whom it names is all that is asked, by what stands there */
};

static struct ms_pkcs7_signer *signer_free(struct ms_pkcs7_signer *signer)
{
	if (signer) {
		ms_key_id_done(&signer->id);
		free(signer->signed_attributes);
		free(signer);
	}
	return NULL;
}

static void free_certs(struct ms_chain_cert *certs)
{
	while (certs) {
		struct ms_chain_cert *next = certs->next;

		ms_cert_free(certs->cert);
		free(certs);
		certs = next;
	}
}

struct ms_pkcs7 *ms_pkcs7_free(struct ms_pkcs7 *message)
{
	if (!message)
		return NULL;
	ms_pkcs7_index_done(message);
	free_certs(message->certs);
	while (message->signers) {
		struct ms_pkcs7_signer *next = message->signers->next;

		signer_free(message->signers);
		message->signers = next;
	}
	free(message);
	return NULL;
}

/* An error of the kernel's; but the question who is named goes on behind it. */
static int refuse(const struct parse *p, int error, const char *text)
{
	return p->names_only ? 0 : ms_fail(p->ctx, error, "%s", text);
}

static struct ms_bytes content(const struct ms_ber_item *item)
{
	return (struct ms_bytes){ item->value, item->len };
}

int ms_pkcs7_note_oid(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->last_oid = ms_oid_find(item->value, item->len);
	return 0;
}

int ms_pkcs7_check_content_type(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	(void)item;
	if (p->last_oid != MS_OID_SIGNED_DATA)
		return refuse(p, -EINVAL, "PKCS#7 message is not SignedData");
	return 0;
}

int ms_pkcs7_note_version(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	if (item->len != 1 || (item->value[0] != 1 && item->value[0] != 3))
		return refuse(p, -EINVAL, "unsupported version of SignedData");
	p->message->version = item->value[0];
	return 0;
}

int ms_pkcs7_note_signer_version(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	if (item->len != 1 || (item->value[0] != 1 && item->value[0] != 3))
		return refuse(p, -EINVAL, "unsupported version of SignerInfo");
	p->expect_skid = item->value[0] == 3;
	if (p->expect_skid == (p->message->version == 1))
		return refuse(p, -EBADMSG,
			      "versions of SignedData and SignerInfo do not go together");
	return 0;
}

int ms_pkcs7_note_content(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	(void)item;
	if (p->last_oid != MS_OID_DATA && p->last_oid != MS_OID_MS_INDIRECT_DATA)
		return refuse(p, -EINVAL, "unsupported content type");
	p->message->data_type = p->last_oid;
	return 0;
}

int ms_pkcs7_note_data(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	(void)item;
	p->message->has_content = true;
	return 0;
}

/* What comes of the error @r, where the bytes do not follow the schema. */
static int unread(struct parse *p, int r)
{
	if (!p->names_only || !ms_is_verdict(r))
		return r;
	p->message->unread = true;
	return 0;
}

static int read_cert(const struct parse *p, const uint8_t *start, size_t len,
		     struct ms_cert **ret)
{
	size_t available = (size_t)(p->end - start);

	if (p->names_only)
		return ms_cert_read_names(p->ctx, p->rules, start, len, available, ret);
	return ms_cert_parse_embedded(p->ctx, p->rules, start, len, available, ret);
}

/*
 * The end mark of a certificate of indefinite length is counted twice by the kernel: so
 * its parser sees two bytes too many.
 */
int ms_pkcs7_extract_cert(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;
	const uint8_t *start = item->value - item->header;
	size_t len = item->len + item->header;
	struct ms_chain_cert *link;
	int r = ms_check_cancelled(p->ctx);

	if (r < 0)
		return r;
	if (p->names_only && p->certs_ended)
		return 0;
	if (item->tag != MS_BER_SEQUENCE)
		return refuse(p, -EBADMSG, "certificate in the message is none");
	if (start[1] == 0x80)
		len += 2;
	link = calloc(1, sizeof(*link));
	if (!link)
		return ms_fail_nomem(p->ctx);
	r = read_cert(p, start, len, &link->cert);
	if (r < 0) {
		free(link);
		return unread(p, r);
	}
	link->standing.cert = link->cert;
	*p->next_cert = link;
	p->next_cert = &link->next;
	return 0;
}

int ms_pkcs7_note_certs(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	(void)item;
	*p->next_cert = p->message->certs;
	p->message->certs = ms_steal(&p->certs);
	p->next_cert = &p->certs;
	p->certs_ended = true;
	return 0;
}

int ms_pkcs7_note_digest_algo(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	(void)item;
	if (ms_pkcs7_digest_algo(p->rules, p->last_oid, &p->signer->hash))
		return 0;
	return refuse(p, -ENOPKG, "unsupported digest algorithm");
}

int ms_pkcs7_note_pkey_algo(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	(void)item;
	if (ms_pkcs7_pkey_algo(p->rules, p->last_oid, &p->signer->algo))
		return 0;
	return refuse(p, -ENOPKG, "unsupported public-key algorithm");
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
	struct parse *p = userdata;
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
	struct parse *p = userdata;
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
	struct parse *p = userdata;

	p->serial = content(item);
	if (p->names_only)
		p->expect_skid = false;
	return 0;
}

int ms_pkcs7_note_issuer(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->issuer = content(item);
	return 0;
}

int ms_pkcs7_note_skid(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->skid = content(item);
	if (p->names_only)
		p->expect_skid = true;
	return 0;
}

int ms_pkcs7_note_signature(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->signer->value = content(item);
	return 0;
}

/* Ends the signer that is being read, and begins another. */
static int end_signer(struct parse *p)
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
	struct parse *p = userdata;

	(void)item;
	if (!p->names_only && p->message->data_type == MS_OID_MS_INDIRECT_DATA &&
	    !p->signer->attributes.data)
		return -EBADMSG;
	return end_signer(p);
}

/* Either all signers have signed attributes or none (pkcs7_check_authattrs). */
static int check_attributes(struct ms_ctx *ctx, struct ms_pkcs7 *message)
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

/*
 * Walks over the message. Where names are all that is asked, what @p has found of a
 * message that breaks off is in @message, with the signer at which it does.
 */
static int walk(struct parse *p, struct ms_pkcs7 *message, const uint8_t *data,
		size_t len)
{
	int r;

	p->message = message;
	p->signer = calloc(1, sizeof(*p->signer));
	if (!message || !p->signer)
		return ms_fail_nomem(p->ctx);
	p->end = len > 0 ? data + len : data;
	p->next_signer = &message->signers;
	p->next_cert = &p->certs;
	r = ms_ber_walk(ms_pkcs7_grammar, p, data, len);
	if (r < 0 && unread(p, r) == 0)
		r = p->serial.data || p->skid.data ? end_signer(p) : 0;
	return r == -ENOMEM ? ms_fail_nomem(p->ctx) : r;
}

/* What was not handed on to the message: certificates within revocation lists. */
static void parse_done(struct parse *p)
{
	free_certs(p->certs);
	signer_free(p->signer);
}

int ms_pkcs7_parse(struct ms_ctx *ctx, const struct ms_rules *rules, const uint8_t *data,
		   size_t len, struct ms_pkcs7 **ret)
{
	_cleanup_(cleanup_message) struct ms_pkcs7 *message = calloc(1, sizeof(*message));
	_cleanup_(parse_done) struct parse p = { .ctx = ctx, .rules = rules };
	int r = walk(&p, message, data, len);

	if (r == 0)
		r = check_attributes(ctx, message);
	r = r < 0 ? r : ms_pkcs7_index(ctx, message);
	if (r < 0)
		return r;
	*ret = ms_steal(&message);
	return 0;
}

int ms_pkcs7_parse_names(struct ms_ctx *ctx, const struct ms_rules *rules,
			 const uint8_t *data, size_t len, struct ms_pkcs7 **ret)
{
	_cleanup_(cleanup_message) struct ms_pkcs7 *message = calloc(1, sizeof(*message));
	_cleanup_(parse_done) struct parse p = {
		.ctx = ctx,
		.rules = rules,
		.names_only = true,
	};
	int r = walk(&p, message, data, len);

	if (r < 0)
		return r;
	ms_fail_clear(ctx);
	r = ms_pkcs7_index(ctx, message);
	if (r < 0)
		return r;
	*ret = ms_steal(&message);
	return 0;
}
