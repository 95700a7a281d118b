/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * ECDSA on the NIST curves, as crypto/ecdsa.c and ecdsa-x962.c of Linux have it. The
 * kernel's reading of points and signatures is laxer than the library's:
 *
 *	point      04 ‖ X ‖ Y of equal lengths, which fill the same number of 64-bit words
 *	           as the curve's numbers do; before Linux 6.10 whole words, and one byte
 *	           too many is not seen
 *	signature  SEQUENCE { r, s } in BER, INTEGERs taken without sign, of any length up
 *	           to whole words (and a zero byte before them); bytes behind are not seen
 *
 * So both are read here and handed on in the form that the library takes.
 */

#include <errno.h>
#include <string.h>

#include "../base/context.h"
#include "der-write.h"
#include "grammar.h"
#include "pkey-ready.h"
#include "versions.h"

enum { WORD = 8, MAX_FIELD = 66 };

static size_t words_of(size_t bytes)
{
	return (bytes + WORD - 1) / WORD;
}

/* A number in exactly @field bytes; -EINVAL where it does not fit. */
static int fit_coordinate(const uint8_t *data, size_t len, uint8_t *ret, size_t field)
{
	for (; len > field; len--)
		if (*data++ != 0)
			return -EINVAL;
	memset(ret, 0, field - len);
	memcpy(ret + field - len, data, len);
	return 0;
}

/* @ret: 04 ‖ X ‖ Y with whole coordinates */
static int read_point(const struct ms_rules *rules, struct ms_bytes key, size_t field,
		      uint8_t *ret)
{
	size_t len = key.len - 1, each = len / 2;

	if (key.len < 1)
		return -EINVAL;
	if (ms_linux_within(rules, MS_LINUX_ECDSA_SHORT, 0) ? len % 2 != 0
							    : each % WORD != 0)
		return -EINVAL;
	if (key.data[0] != POINT_CONVERSION_UNCOMPRESSED ||
	    words_of(each) != words_of(field))
		return -EINVAL;
	ret[0] = POINT_CONVERSION_UNCOMPRESSED;
	if (fit_coordinate(key.data + 1, each, ret + 1, field) < 0 ||
	    fit_coordinate(key.data + 1 + each, each, ret + 1 + field, field) < 0)
		return -EINVAL;
	return 0;
}

static int check_on_curve(struct ms_ctx *ctx, const EC_GROUP *group,
			  const uint8_t *octets, size_t len)
{
	_cleanup_(ms_ec_point_done) EC_POINT *point = EC_POINT_new(group);
	int reason;

	if (!point)
		return ms_fail_openssl(ctx, -EIO, "cannot prepare an EC key");
	if (EC_POINT_oct2point(group, point, octets, len, NULL) == 1)
		return 0;
	reason = ERR_GET_REASON(ERR_peek_last_error());
	if (reason != EC_R_POINT_IS_NOT_ON_CURVE && reason != EC_R_INVALID_ENCODING)
		return ms_fail_openssl(ctx, -EIO, "cannot prepare an EC key");
	ERR_clear_error();
	return -EINVAL;
}

static EC_GROUP *make_group(const char *curve)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)curve, 0),
		OSSL_PARAM_construct_end(),
	};

	return EC_GROUP_new_from_params(params, NULL, NULL);
}

static int make_pkey(struct ms_ctx *ctx, const struct ms_key_type *type, uint8_t *octets,
		     size_t len, EVP_PKEY **ret)
{
	_cleanup_(ms_evp_pkey_ctx_done) EVP_PKEY_CTX *pkey_ctx =
		EVP_PKEY_CTX_new_from_name(NULL, type->openssl, "?provider!=pkcs11");
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)type->group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets, len),
		OSSL_PARAM_construct_end(),
	};

	if (!pkey_ctx || EVP_PKEY_fromdata_init(pkey_ctx) != 1 ||
	    EVP_PKEY_fromdata(pkey_ctx, ret, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot prepare an EC key");
	return 0;
}

int ms_ecdsa_prepare(struct ms_ctx *ctx, const struct ms_rules *rules,
		     const struct ms_public_key *key, struct ms_pkey_ready *ret)
{
	const struct ms_key_type *type = ms_key_type_of_pkey(key->algo);
	_cleanup_(ms_ec_group_done) EC_GROUP *group = make_group(type->group);
	uint8_t octets[1 + 2 * MAX_FIELD];
	size_t len = 1 + 2 * type->field;
	int r;

	if (!group)
		return ms_fail_openssl(ctx, -EOPNOTSUPP, "%s has no curve %s",
				       OpenSSL_version(OPENSSL_VERSION), type->group);
	r = read_point(rules, key->key, type->field, octets);
	if (r < 0)
		return r;
	r = check_on_curve(ctx, group, octets, len);
	if (r < 0)
		return r;
	ret->words = words_of(type->field);
	ret->order = BN_dup(EC_GROUP_get0_order(group));
	if (!ret->order)
		return ms_fail_openssl(ctx, -EIO, "cannot prepare an EC key");
	return make_pkey(ctx, type, octets, len, &ret->evp);
}

struct parse {
	size_t words;
	struct ms_bytes r, s;
};

static int note_number(const struct parse *p, const struct ms_ber_item *item,
		       struct ms_bytes *ret)
{
	size_t room = p->words * WORD;

	if (item->len == 0 || item->len > room + 1)
		return -EINVAL;
	if (item->len > room && item->value[0] != 0)
		return -EINVAL;
	*ret = (struct ms_bytes){ item->value, item->len };
	return 0;
}

int ms_ecdsa_note_r(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	return note_number(p, item, &p->r);
}

int ms_ecdsa_note_s(void *userdata, const struct ms_ber_item *item)
{
	struct parse *p = userdata;

	return note_number(p, item, &p->s);
}

/* One of r and s: 0 < number < order. */
static int check_number(struct ms_ctx *ctx, struct ms_bytes bytes, const BIGNUM *order)
{
	_cleanup_(ms_bn_done) BIGNUM *number =
		BN_bin2bn(bytes.data, (int)bytes.len, NULL);

	if (!number)
		return ms_fail_openssl(ctx, -EIO, "cannot compute ECDSA");
	return BN_is_zero(number) || BN_cmp(number, order) >= 0 ? -EBADMSG : 0;
}

/* The signature again, in DER (Ecdsa-Sig-Value of RFC 3279, 2.2.3). */
static int encode(struct ms_ctx *ctx, const struct parse *p, const BIGNUM *order,
		  struct ms_buf *ret)
{
	struct ms_der der = { .out = ret };
	int r = check_number(ctx, p->r, order);
	size_t sequence;

	if (r == 0)
		r = check_number(ctx, p->s, order);
	if (r < 0)
		return r;
	sequence = ms_der_begin(&der, MS_DER_SEQUENCE);
	ms_der_put_unsigned(&der, p->r.data, p->r.len);
	ms_der_put_unsigned(&der, p->s.data, p->s.len);
	ms_der_end(&der, sequence);
	return ms_der_finish(&der) < 0 ? ms_fail_nomem(ctx) : 0;
}

static int compute(struct ms_ctx *ctx, EVP_PKEY *pkey, const struct ms_buf *sig,
		   struct ms_bytes digest)
{
	_cleanup_(ms_evp_pkey_ctx_done) EVP_PKEY_CTX *pkey_ctx =
		EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	unsigned long error;
	int r;

	if (!pkey_ctx || EVP_PKEY_verify_init(pkey_ctx) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot compute ECDSA");
	r = EVP_PKEY_verify(pkey_ctx, sig->data, sig->len, digest.data, digest.len);
	if (r == 1)
		return 0;
	/* a sum that has no coordinates is no fault of the library */
	error = ERR_peek_error();
	if (r == 0 || (ERR_GET_LIB(error) == ERR_LIB_EC &&
		       ERR_GET_REASON(error) == EC_R_POINT_AT_INFINITY)) {
		ERR_clear_error();
		return -EKEYREJECTED;
	}
	return ms_fail_openssl(ctx, -EIO, "cannot compute ECDSA");
}

int ms_ecdsa_verify(struct ms_ctx *ctx, const struct ms_pkey_ready *ready,
		    const struct ms_signature *sig)
{
	struct parse p = { .words = ready->words };
	_cleanup_(ms_buf_done) struct ms_buf der = { 0 };
	int r = ms_ber_walk(ms_ecdsa_sig_grammar, &p, sig->value.data, sig->value.len);

	if (r == 0)
		r = encode(ctx, &p, ready->order, &der);
	return r < 0 ? r : compute(ctx, ready->evp, &der, sig->message);
}
