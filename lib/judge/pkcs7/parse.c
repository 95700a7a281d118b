/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the kernel notes while it walks over a PKCS#7 message, in the order of the walk
 * (crypto/asymmetric_keys/pkcs7_parser.c): the message and its certificates here, the
 * signers in parse-signer.c. Errors end the walk where they arise.
 */

#include <errno.h>
#include <stdlib.h>

#include "../../base/cleanup.h"
#include "../../base/context.h"
#include "../grammar.h"
#include "parse.h"

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

		ms_pkcs7_signer_free(message->signers);
		message->signers = next;
	}
	free(message);
	return NULL;
}

int ms_pkcs7_refuse(const struct ms_pkcs7_walk *p, int error, const char *text)
{
	return p->names_only ? 0 : ms_fail(p->ctx, error, "%s", text);
}

int ms_pkcs7_note_oid(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	p->last_oid = ms_oid_find(item->value, item->len);
	return 0;
}

int ms_pkcs7_check_content_type(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	(void)item;
	if (p->last_oid != MS_OID_SIGNED_DATA)
		return ms_pkcs7_refuse(p, -EINVAL, "PKCS#7 message is not SignedData");
	return 0;
}

int ms_pkcs7_note_version(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	if (item->len != 1 || (item->value[0] != 1 && item->value[0] != 3))
		return ms_pkcs7_refuse(p, -EINVAL, "unsupported version of SignedData");
	p->message->version = item->value[0];
	return 0;
}

int ms_pkcs7_note_content(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	(void)item;
	if (p->last_oid != MS_OID_DATA && p->last_oid != MS_OID_MS_INDIRECT_DATA)
		return ms_pkcs7_refuse(p, -EINVAL, "unsupported content type");
	p->message->data_type = p->last_oid;
	return 0;
}

int ms_pkcs7_note_data(void *userdata, const struct ms_ber_item *item)
{
	struct ms_pkcs7_walk *p = userdata;

	(void)item;
	p->message->has_content = true;
	return 0;
}

/* What comes of the error @r, where the bytes do not follow the schema. */
static int unread(struct ms_pkcs7_walk *p, int r)
{
	if (!p->names_only || !ms_is_verdict(r))
		return r;
	p->message->unread = true;
	return 0;
}

static int read_cert(const struct ms_pkcs7_walk *p, const uint8_t *start, size_t len,
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
	struct ms_pkcs7_walk *p = userdata;
	const uint8_t *start = item->value - item->header;
	size_t len = item->len + item->header;
	struct ms_chain_cert *link;
	int r = ms_check_cancelled(p->ctx);

	if (r < 0)
		return r;
	if (p->names_only && p->certs_ended)
		return 0;
	if (item->tag != MS_BER_SEQUENCE)
		return ms_pkcs7_refuse(p, -EBADMSG, "certificate in the message is none");
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
	struct ms_pkcs7_walk *p = userdata;

	(void)item;
	*p->next_cert = p->message->certs;
	p->message->certs = ms_steal(&p->certs);
	p->next_cert = &p->certs;
	p->certs_ended = true;
	return 0;
}

/*
 * Walks over the message. Where names are all that is asked, what @p has found of a
 * message that breaks off is in @message, with the signer at which it does.
 */
static int walk(struct ms_pkcs7_walk *p, struct ms_pkcs7 *message, const uint8_t *data,
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
		r = p->serial.data || p->skid.data ? ms_pkcs7_end_signer(p) : 0;
	return r == -ENOMEM ? ms_fail_nomem(p->ctx) : r;
}

/* What was not handed on to the message: certificates within revocation lists. */
static void parse_done(struct ms_pkcs7_walk *p)
{
	free_certs(p->certs);
	ms_pkcs7_signer_free(p->signer);
}

int ms_pkcs7_parse(struct ms_ctx *ctx, const struct ms_rules *rules, const uint8_t *data,
		   size_t len, struct ms_pkcs7 **ret)
{
	_cleanup_(ms_cleanup_pkcs7) struct ms_pkcs7 *message = calloc(1, sizeof(*message));
	_cleanup_(parse_done) struct ms_pkcs7_walk p = { .ctx = ctx, .rules = rules };
	int r = walk(&p, message, data, len);

	if (r == 0)
		r = ms_pkcs7_check_attributes(ctx, message);
	r = r < 0 ? r : ms_pkcs7_index(ctx, message);
	if (r < 0)
		return r;
	*ret = ms_steal(&message);
	return 0;
}

int ms_pkcs7_parse_names(struct ms_ctx *ctx, const struct ms_rules *rules,
			 const uint8_t *data, size_t len, struct ms_pkcs7 **ret)
{
	_cleanup_(ms_cleanup_pkcs7) struct ms_pkcs7 *message = calloc(1, sizeof(*message));
	_cleanup_(parse_done) struct ms_pkcs7_walk p = {
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
