/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a private key is, before OpenSSL decodes it.
 *
 * OpenSSL computes with a key while it decodes it: the public key of DSA, DH and EC
 * keys, the product of an RSA key's further primes, a curve out of its parameters. How
 * long that takes is up to the file, and nothing interrupts it. So OpenSSL is given those
 * keys alone that modseal signs with, and in them no number that is longer than it may be:
 *
 *	RSA     two primes; a modulus of one of the sizes in key-type.c, and no number
 *	        that is longer than it
 *	EC      a curve of key-type.c, by name, wherever the key says on which it is
 *	ML-DSA  is of one length, which OpenSSL looks at first
 *
 * Both decoders take element after element, so they see the same ones; where this one
 * takes less (ber.h), a key is refused.
 */

#include "key-peek.h"

#include <errno.h>

#include "../base/checked.h"
#include "../base/context.h"
#include "../judge/grammar.h"

enum { NAME_SIZE = 80 };

MS_OPENSSL_CLEANUP(object_done, ASN1_OBJECT, ASN1_OBJECT_free)

/* How long the INTEGERs of a key are: version, modulus, exponents ... */
struct numbers {
	size_t count;
	size_t bits[9];
	bool more_primes;
};

/* As OpenSSL takes them, without sign. */
static size_t bits_of(const uint8_t *data, size_t len)
{
	size_t bits;

	while (len > 0 && !*data) {
		data++;
		len--;
	}
	if (len == 0)
		return 0;
	bits = 8 * len;
	for (uint8_t top = *data; !(top & 0x80); top <<= 1)
		bits--;
	return bits;
}

static int note_number(void *userdata, const struct ms_ber_item *item)
{
	struct numbers *numbers = userdata;

	if (item->len == 0 || numbers->count >= MS_ARRAY_SIZE(numbers->bits))
		return -EBADMSG;
	numbers->bits[numbers->count++] = bits_of(item->value, item->len);
	return 0;
}

static int note_more_primes(void *userdata, const struct ms_ber_item *item)
{
	struct numbers *numbers = userdata;

	(void)item;
	numbers->more_primes = true;
	return 0;
}

#define NUMBER LEAF(MS_BER_INTEGER, note_number)

static const struct ms_ber_node rsa_members[] = {
	NUMBER, /* version */
	NUMBER, /* modulus */
	NUMBER, /* publicExponent */
	NUMBER, /* privateExponent */
	NUMBER, /* prime1 */
	NUMBER, /* prime2 */
	NUMBER, /* exponent1 */
	NUMBER, /* exponent2 */
	NUMBER, /* coefficient */
	OPTIONAL_LEAF(MS_BER_SEQUENCE, note_more_primes), /* otherPrimeInfos */
	END,
};

static const struct ms_ber_node rsa_grammar[] = {
	GROUP(MS_BER_SEQUENCE, rsa_members, NULL),
	END,
};

/* OpenSSL's own form: version, p, q, g, public key, private key */
static const struct ms_ber_node dsa_members[] = {
	NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, END,
};

static const struct ms_ber_node dsa_grammar[] = {
	GROUP(MS_BER_SEQUENCE, dsa_members, NULL),
	END,
};

static int note_curve(void *userdata, const struct ms_ber_item *item)
{
	*(struct ms_ber_item *)userdata = *item;
	return 0;
}

static const struct ms_ber_node ec_parameters[] = {
	ANY(note_curve),
	END,
};

static const struct ms_ber_node ec_public[] = {
	LEAF(MS_BER_BIT_STRING, NULL),
	END,
};

static const struct ms_ber_node ec_members[] = {
	LEAF(MS_BER_INTEGER, NULL),	 /* version */
	LEAF(MS_BER_OCTET_STRING, NULL), /* privateKey */
	OPTIONAL(GROUP, MS_BER_CONTEXT_OF | 0, ec_parameters, NULL),
	OPTIONAL(GROUP, MS_BER_CONTEXT_OF | 1, ec_public, NULL),
	END,
};

static const struct ms_ber_node ec_grammar[] = {
	GROUP(MS_BER_SEQUENCE, ec_members, NULL),
	END,
};

static int peek_rsa(struct ms_ctx *ctx, const char *shown, const uint8_t *der, size_t len)
{
	struct numbers numbers = { 0 };
	const struct ms_key_type *type;
	int r = ms_ber_walk(rsa_grammar, &numbers, der, len);
	size_t modulus = numbers.bits[1];

	if (r < 0)
		return -EBADMSG;
	if (numbers.bits[0] != 0 || numbers.more_primes)
		return ms_fail(ctx, -EINVAL, "the RSA key '%s' has more than two primes",
			       shown);
	r = ms_key_type_find(ctx, shown, "RSA", (int)modulus, "", &type);
	for (size_t i = 2; r == 0 && i < numbers.count; i++)
		if (numbers.bits[i] > modulus)
			r = -EBADMSG;
	return r;
}

/* @curve: an identifier; NULL: something else stands in its place */
static int peek_curve(struct ms_ctx *ctx, const char *shown, const ASN1_OBJECT *curve)
{
	const struct ms_key_type *type;
	char name[NAME_SIZE] = "";

	if (curve)
		OBJ_obj2txt(name, sizeof(name), curve, 0);
	return ms_key_type_find(ctx, shown, "EC", 0, name, &type);
}

/* @ret_curve: whether there is one in it, as there need not be in PKCS#8 */
static int peek_ec(struct ms_ctx *ctx, const char *shown, const uint8_t *der, size_t len,
		   bool *ret_curve)
{
	_cleanup_(object_done) ASN1_OBJECT *curve = NULL;
	struct ms_ber_item item = { 0 };
	const uint8_t *p;

	if (ms_ber_walk(ec_grammar, &item, der, len) < 0)
		return -EBADMSG;
	*ret_curve = item.value;
	if (!item.value)
		return 0;
	if (item.tag == MS_BER_OID) {
		p = item.value - item.header;
		curve = d2i_ASN1_OBJECT(NULL, &p, (long)(item.header + item.len));
		if (!curve)
			return -EBADMSG;
	}
	return peek_curve(ctx, shown, curve);
}

static int peek_ec_pkcs8(struct ms_ctx *ctx, const char *shown,
			 const X509_ALGOR *algorithm, const uint8_t *der, size_t len)
{
	const void *value = NULL;
	bool has_curve;
	int kind, r;

	X509_ALGOR_get0(NULL, &kind, &value, algorithm);
	r = peek_curve(ctx, shown, kind == V_ASN1_OBJECT ? value : NULL);
	return r < 0 ? r : peek_ec(ctx, shown, der, len, &has_curve);
}

int ms_key_peek_pkcs8(struct ms_ctx *ctx, const char *shown,
		      const PKCS8_PRIV_KEY_INFO *pkcs8)
{
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *oid = NULL;
	const uint8_t *der = NULL;
	char name[NAME_SIZE] = "";
	int len = 0;

	if (PKCS8_pkey_get0(&oid, &der, &len, &algorithm, pkcs8) != 1 || !oid || !der ||
	    len <= 0)
		return -EBADMSG;
	if (ms_key_type_by_object(oid))
		return 0;
	switch (ms_oid_find(OBJ_get0_data(oid), OBJ_length(oid))) {
	case MS_OID_RSA:
		return peek_rsa(ctx, shown, der, (size_t)len);
	case MS_OID_EC_PUBLIC_KEY:
		return peek_ec_pkcs8(ctx, shown, algorithm, der, (size_t)len);
	default:
		OBJ_obj2txt(name, sizeof(name), oid, 0);
		return ms_key_type_refuse(ctx, shown, name);
	}
}

int ms_key_peek_traditional(struct ms_ctx *ctx, const char *shown, const uint8_t *der,
			    size_t len, int *ret)
{
	struct numbers numbers = { 0 };
	bool has_curve = false;
	int r = peek_rsa(ctx, shown, der, len);

	*ret = EVP_PKEY_RSA;
	if (r != -EBADMSG)
		return r;
	*ret = EVP_PKEY_EC;
	r = peek_ec(ctx, shown, der, len, &has_curve);
	if (r != -EBADMSG)
		return r < 0 || has_curve ? r : -EBADMSG;
	if (ms_ber_walk(dsa_grammar, &numbers, der, len) == 0)
		return ms_key_type_refuse(ctx, shown, "DSA");
	return -EBADMSG;
}
