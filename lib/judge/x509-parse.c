/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the kernel notes while it walks over a certificate, in the order of the walk
 * (crypto/asymmetric_keys/x509_cert_parser.c). The order matters: an algorithm that is
 * unknown ends the walk with -ENOPKG although a syntax error may follow. Where only names
 * are asked for, nothing but a syntax error ends it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "cert.h"
#include "grammar.h"
#include "versions.h"

struct parse {
	struct ms_ctx *ctx;
	const struct ms_rules *rules;
	struct ms_cert *cert;
	enum ms_oid last_oid;
	enum ms_oid sig_oid;
	struct ms_bytes params;
	struct ms_bytes akid;
	struct ms_bytes akid_issuer;
	/* of the name that is being read */
	struct ms_bytes organization, common_name, email;
	bool names_only; /* whom it names is all that is asked */
};

/* What comes of the kernel's error @r; but the question who is named goes on behind it.
 */
static int refused(const struct parse *p, int r)
{
	return p->names_only && ms_is_verdict(r) ? 0 : r;
}

static struct ms_bytes content(const struct ms_ber_item *item)
{
	return (struct ms_bytes){ item->value, item->len };
}

/* The element with its header. */
static struct ms_bytes element(const struct ms_ber_item *item)
{
	return (struct ms_bytes){ item->value - item->header, item->len + item->header };
}

int ms_x509_note_oid(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->last_oid = ms_oid_find(item->value, item->len);
	return 0;
}

int ms_x509_note_certificate(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;
	size_t end = (size_t)(item->value - p->cert->data) + item->len;

	if (p->cert->data[1] == 0x80)
		end += 2;
	p->cert->der = (struct ms_bytes){ p->cert->data, end };
	return 0;
}

int ms_x509_note_tbs(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->cert->tbs = element(item);
	return 0;
}

int ms_x509_note_serial(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->cert->serial = content(item);
	return 0;
}

int ms_x509_note_sig_algo(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;
	const struct ms_sig_oid *found = ms_sig_oid_find(p->last_oid);

	(void)item;
	if (!found || !found->of_cert ||
	    !ms_linux_within(p->rules, found->since, found->before))
		return refused(p, ms_fail(p->ctx, -ENOPKG,
					  "certificate signed by an unknown algorithm"));
	p->cert->sig_algo = found->algo;
	p->cert->sig_hash = found->hash;
	p->sig_oid = p->last_oid;
	return 0;
}

int ms_x509_note_signature(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	if (p->names_only)
		return 0;
	if (p->last_oid != p->sig_oid)
		return ms_fail(p->ctx, -EINVAL,
			       "certificate's two signature algorithms differ");
	if (item->len < 1 || item->value[0] != 0)
		return -EBADMSG;
	p->cert->sig_value = (struct ms_bytes){ item->value + 1, item->len - 1 };
	return 0;
}

/* Lengths are kept in one byte by the kernel; so longer segments are cut, or vanish. */
int ms_x509_note_name_segment(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;
	struct ms_bytes segment = { item->value, item->len & 0xff };

	if (p->last_oid == MS_OID_COMMON_NAME)
		p->common_name = segment;
	else if (p->last_oid == MS_OID_ORGANIZATION_NAME)
		p->organization = segment;
	else if (p->last_oid == MS_OID_EMAIL_ADDRESS)
		p->email = segment;
	return 0;
}

/* Does the common name begin with the organization, or a good part of it? */
static bool says_organization(struct ms_bytes cn, struct ms_bytes o)
{
	enum { GOOD_PART = 7 };

	if (cn.len >= o.len && !memcmp(cn.data, o.data, o.len))
		return true;
	return cn.len >= GOOD_PART && o.len >= GOOD_PART &&
	       !memcmp(cn.data, o.data, GOOD_PART);
}

/* "O: CN", "CN", "O" or the e-mail address; empty where there is none of them. */
static int fabricate_name(struct parse *p, char **ret)
{
	struct ms_bytes cn = p->common_name, o = p->organization;
	bool both = cn.len > 0 && o.len > 0 && !says_organization(cn, o);
	struct ms_bytes one = cn.len > 0 ? cn : o.len > 0 ? o : p->email;
	size_t prefix = both ? o.len + 2 : 0;
	char *name = calloc(1, prefix + one.len + 1);

	if (!name)
		return ms_fail_nomem(p->ctx);
	if (both) {
		memcpy(name, o.data, o.len);
		memcpy(name + o.len, ": ", 2);
	}
	if (one.len > 0)
		memcpy(name + prefix, one.data, one.len);
	p->common_name = p->organization = p->email = (struct ms_bytes){ NULL, 0 };
	*ret = name;
	return 0;
}

int ms_x509_note_issuer(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->cert->issuer = content(item);
	return fabricate_name(p, &p->cert->issuer_name);
}

int ms_x509_note_subject(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->cert->subject = content(item);
	return fabricate_name(p, &p->cert->subject_name);
}

int ms_x509_note_not_before(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	return refused(p, ms_x509_decode_time(item->tag, item->value, item->len,
					      &p->cert->not_before));
}

int ms_x509_note_not_after(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	return refused(p, ms_x509_decode_time(item->tag, item->value, item->len,
					      &p->cert->not_after));
}

/* An AlgorithmIdentifier stands in three places; the key's is the second. */
int ms_x509_note_params(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	if (p->cert->subject.data && !p->cert->key.key.data)
		p->params = element(item);
	return 0;
}

/* The curve named by the parameters, which the kernel takes with a short length only. */
static int find_curve(const struct parse *p, enum ms_oid *ret)
{
	const uint8_t *v = p->params.data;
	size_t len = p->params.len;

	if (len < 3 || v[0] != MS_BER_OID || v[1] != len - 2)
		return -EBADMSG;
	*ret = ms_oid_find(v + 2, len - 2);
	return 0;
}

static enum ms_pkey find_key_algo(const struct parse *p, enum ms_oid curve)
{
	const struct ms_key_type *type = ms_key_type_by_oid(p->last_oid, curve);

	return type && ms_linux_within(p->rules, type->since, type->before)
		       ? type->pkey
		       : MS_PKEY_NONE;
}

static int note_key_algo(struct parse *p)
{
	enum ms_oid curve = MS_OID_UNKNOWN;

	if (p->last_oid == MS_OID_EC_PUBLIC_KEY && find_curve(p, &curve) < 0)
		return -EBADMSG;
	p->cert->key.algo = find_key_algo(p, curve);
	if (p->cert->key.algo == MS_PKEY_NONE)
		return ms_fail(p->ctx, -ENOPKG,
			       "certificate's key is of an unknown type");
	return 0;
}

int ms_x509_note_key(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;
	int r = refused(p, note_key_algo(p));

	if (r < 0)
		return r;
	if (item->len < 1 || item->value[0] != 0)
		return refused(p, -EBADMSG);
	p->cert->key.key = (struct ms_bytes){ item->value + 1, item->len - 1 };
	return 0;
}

static int note_skid(struct parse *p, const uint8_t *v, size_t len)
{
	if (p->cert->skid.data || len < 3)
		return -EBADMSG;
	if (v[0] != MS_BER_OCTET_STRING || v[1] != len - 2)
		return -EBADMSG;
	p->cert->raw_skid = (struct ms_bytes){ v + 2, len - 2 };
	if (ms_key_id_join(&p->cert->skid, p->cert->raw_skid,
			   (struct ms_bytes){ NULL, 0 }) < 0)
		return ms_fail_nomem(p->ctx);
	return 0;
}

static int check_key_usage(const uint8_t *v, size_t len)
{
	return len < 4 || v[0] != MS_BER_BIT_STRING || v[2] >= 8 ? -EBADMSG : 0;
}

static int check_basic_constraints(const struct parse *p, const uint8_t *v, size_t len)
{
	if (len < 2 || v[0] != MS_BER_SEQUENCE || v[1] != len - 2)
		return -EBADMSG;
	if (v[1] == 0 || !ms_linux_within(p->rules, MS_LINUX_STRICT_CA, 0))
		return 0;
	return len >= 5 && v[2] == MS_BER_BOOLEAN && v[3] == 1 && v[4] == 0xff ? 0
									       : -EBADMSG;
}

static int note_extension(struct parse *p, const struct ms_ber_item *item)
{
	switch (p->last_oid) {
	case MS_OID_SUBJECT_KEY_ID:
		return note_skid(p, item->value, item->len);
	case MS_OID_AUTHORITY_KEY_ID:
		p->akid = content(item);
		return 0;
	case MS_OID_KEY_USAGE:
		return ms_linux_within(p->rules, MS_LINUX_KEY_USAGE, 0)
			       ? check_key_usage(item->value, item->len)
			       : 0;
	case MS_OID_BASIC_CONSTRAINTS:
		return ms_linux_within(p->rules, MS_LINUX_KEY_USAGE, 0)
			       ? check_basic_constraints(p, item->value, item->len)
			       : 0;
	default:
		return 0;
	}
}

int ms_x509_note_extension(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	return refused(p, note_extension(p, item));
}

int ms_x509_note_akid_key_id(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	if (p->cert->authority_skid.data)
		return 0;
	if (ms_key_id_join(&p->cert->authority_skid, content(item),
			   (struct ms_bytes){ NULL, 0 }) < 0)
		return ms_fail_nomem(p->ctx);
	return 0;
}

int ms_x509_note_akid_name(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	p->akid_issuer = content(item);
	return 0;
}

int ms_x509_note_akid_serial(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	if (!p->akid_issuer.data || p->cert->authority_id.data)
		return 0;
	if (ms_key_id_join(&p->cert->authority_id, content(item), p->akid_issuer) < 0)
		return ms_fail_nomem(p->ctx);
	return 0;
}

int ms_x509_read(struct ms_ctx *ctx, const struct ms_rules *rules, bool names_only,
		 struct ms_cert *cert)
{
	struct parse p = {
		.ctx = ctx,
		.rules = rules,
		.cert = cert,
		.names_only = names_only,
	};
	const struct ms_ber_node *akid = ms_linux_within(rules, MS_LINUX_AKID, 0)
						 ? ms_akid_grammar
						 : ms_akid_old_grammar;
	int r = ms_ber_walk(ms_x509_grammar, &p, cert->data, cert->len);

	if (r < 0 || !p.akid.data)
		return r;
	return ms_ber_walk(akid, &p, p.akid.data, p.akid.len);
}
