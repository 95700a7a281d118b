/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A key pair in a token: made there, used there, removed from there. The private key is
 * made so that the token never gives it out (CKA_SENSITIVE, not CKA_EXTRACTABLE).
 *
 * Attributes are as few as can be: tokens refuse what they do not know.
 */

#include "session.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "../../base/checked.h"
#include "../../base/context.h"
#include "../../hash/hash.h"
#include "../../judge/der-write.h"

enum { MAX_ATTRIBUTE = 64 << 10, MAX_SIGNATURE = 4096 };

#define ATTRIBUTE(type, pointer, size) { (type), (void *)(pointer), (CK_ULONG)(size) }

MS_OPENSSL_CLEANUP(ms_builder_done, OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
MS_OPENSSL_CLEANUP(ms_params_done, OSSL_PARAM, OSSL_PARAM_free)

/* How many objects have the attribute: 0, 1, or 2 for more. */
static CK_RV count_objects(const struct ms_session *session, CK_ATTRIBUTE *attribute,
			   CK_ULONG *ret)
{
	CK_OBJECT_HANDLE found[2];
	CK_RV rv = session->f->C_FindObjectsInit(session->handle, attribute, 1);

	if (rv != CKR_OK)
		return rv;
	*ret = 0;
	rv = session->f->C_FindObjects(session->handle, found, MS_ARRAY_SIZE(found), ret);
	session->f->C_FindObjectsFinal(session->handle);
	return rv;
}

int ms_token_key_check_free(struct ms_ctx *ctx, const struct ms_session *session,
			    const struct ms_token_key *key)
{
	CK_ATTRIBUTE names[] = {
		ATTRIBUTE(CKA_LABEL, key->label, strlen(key->label)),
		ATTRIBUTE(CKA_ID, key->id.data, key->id.len),
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		CK_ULONG found = 0;
		CK_RV rv = count_objects(session, &names[i], &found);

		if (rv != CKR_OK)
			return ms_session_fail(ctx, session, rv, "look for objects");
		if (found == 0)
			continue;
		ms_fail(ctx, -EEXIST, "%s has an object %s already", session->what,
			i == 0 ? key->label : "with that id");
		return ms_hint(
			ctx, -EEXIST,
			"choose another %s= in the URI: nothing in a token is replaced",
			i == 0 ? "object" : "id");
	}
	return 0;
}

/* CKA_EC_PARAMS: the curve's name, in DER. */
static int curve_params(struct ms_ctx *ctx, const struct ms_key_type *type,
			struct ms_buf *ret)
{
	struct ms_der der = { .out = ret };

	ms_der_put_oid(&der, type->curve);
	return ms_der_finish(&der) < 0 ? ms_fail_nomem(ctx) : 0;
}

static bool makes_keys(const struct ms_session *session, CK_MECHANISM_TYPE mechanism)
{
	CK_MECHANISM_INFO info;

	return session->f->C_GetMechanismInfo(session->slot, mechanism, &info) ==
		       CKR_OK &&
	       (info.flags & CKF_GENERATE_KEY_PAIR);
}

static CK_RV generate(const struct ms_session *session, struct ms_token_key *key,
		      CK_MECHANISM_TYPE type, const CK_ATTRIBUTE special[2],
		      size_t n_special)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_MECHANISM mechanism = { .mechanism = type };
	CK_ATTRIBUTE private[] = {
		ATTRIBUTE(CKA_TOKEN, &yes, sizeof(yes)),
		ATTRIBUTE(CKA_PRIVATE, &yes, sizeof(yes)),
		ATTRIBUTE(CKA_SENSITIVE, &yes, sizeof(yes)),
		ATTRIBUTE(CKA_EXTRACTABLE, &no, sizeof(no)),
		ATTRIBUTE(CKA_SIGN, &yes, sizeof(yes)),
		ATTRIBUTE(CKA_LABEL, key->label, strlen(key->label)),
		ATTRIBUTE(CKA_ID, key->id.data, key->id.len),
	};
	CK_ATTRIBUTE public[] = {
		ATTRIBUTE(CKA_TOKEN, &yes, sizeof(yes)),
		ATTRIBUTE(CKA_VERIFY, &yes, sizeof(yes)),
		ATTRIBUTE(CKA_LABEL, key->label, strlen(key->label)),
		ATTRIBUTE(CKA_ID, key->id.data, key->id.len),
		special[0],
		special[1],
	};

	return session->f->C_GenerateKeyPair(session->handle, &mechanism, public,
					     MS_ARRAY_SIZE(public) - 2 + n_special,
					     private, MS_ARRAY_SIZE(private),
					     &key->public, &key->private);
}

int ms_token_key_generate(struct ms_ctx *ctx, const struct ms_session *session,
			  struct ms_token_key *key)
{
	_cleanup_(ms_buf_done) struct ms_buf curve = { 0 };
	bool rsa = key->type->family == MS_KEY_RSA;
	CK_MECHANISM_TYPE mechanism =
		rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN;
	CK_ULONG bits = (CK_ULONG)key->type->bits;
	const uint8_t exponent[] = { 1, 0, 1 };
	CK_ATTRIBUTE special[2] = {
		ATTRIBUTE(CKA_MODULUS_BITS, &bits, sizeof(bits)),
		ATTRIBUTE(CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)),
	};
	CK_RV rv;
	int r = 0;

	if (!makes_keys(session, mechanism))
		return ms_fail(ctx, -EOPNOTSUPP, "%s makes no keys of the type %s",
			       session->what, key->type->name);
	if (!rsa)
		r = curve_params(ctx, key->type, &curve);
	if (r < 0)
		return r;
	if (!rsa)
		special[0] =
			(CK_ATTRIBUTE)ATTRIBUTE(CKA_EC_PARAMS, curve.data, curve.len);
	rv = generate(session, key, mechanism, special, rsa ? 2 : 1);
	return rv == CKR_OK ? 0 : ms_session_fail(ctx, session, rv, "make the key");
}

/* An attribute of the public key, which may be of any length. */
static int get(struct ms_ctx *ctx, const struct ms_session *session,
	       const struct ms_token_key *key, CK_ATTRIBUTE_TYPE type, struct ms_buf *ret)
{
	CK_ATTRIBUTE attribute = { .type = type };
	CK_RV rv = session->f->C_GetAttributeValue(session->handle, key->public,
						   &attribute, 1);

	if (rv == CKR_OK && attribute.ulValueLen > MAX_ATTRIBUTE)
		rv = CKR_GENERAL_ERROR;
	if (rv == CKR_OK) {
		if (ms_buf_reserve(ret, attribute.ulValueLen) < 0)
			return ms_fail_nomem(ctx);
		attribute.pValue = ret->data;
		rv = session->f->C_GetAttributeValue(session->handle, key->public,
						     &attribute, 1);
	}
	if (rv != CKR_OK || attribute.ulValueLen > ret->capacity)
		return ms_session_fail(ctx, session, rv, "read the public key");
	ret->len = attribute.ulValueLen;
	return 0;
}

static int bad_public_key(struct ms_ctx *ctx, const struct ms_session *session)
{
	ERR_clear_error();
	return ms_fail(ctx, -EIO, "%s: what it gives as the public key is none",
		       session->what);
}

/* Makes a public key of OpenSSL's from what was collected. */
static int build_public(struct ms_ctx *ctx, const struct ms_session *session,
			const struct ms_key_type *type, OSSL_PARAM_BLD *builder,
			EVP_PKEY **ret)
{
	_cleanup_(ms_params_done) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	_cleanup_(ms_evp_pkey_ctx_done) EVP_PKEY_CTX *reader =
		EVP_PKEY_CTX_new_from_name(NULL, type->openssl, "?provider!=pkcs11");

	if (!params || !reader || EVP_PKEY_fromdata_init(reader) != 1 ||
	    EVP_PKEY_fromdata(reader, ret, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return bad_public_key(ctx, session);
	return 0;
}

static int public_rsa(struct ms_ctx *ctx, const struct ms_session *session,
		      const struct ms_token_key *key, EVP_PKEY **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf modulus = { 0 }, exponent = { 0 };
	_cleanup_(ms_bn_done) BIGNUM *n = NULL, *e = NULL;
	_cleanup_(ms_builder_done) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	int r = get(ctx, session, key, CKA_MODULUS, &modulus);

	if (r == 0)
		r = get(ctx, session, key, CKA_PUBLIC_EXPONENT, &exponent);
	if (r < 0)
		return r;
	n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
	if (!builder || !n || !e ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return ms_fail_nomem(ctx);
	return build_public(ctx, session, key->type, builder, ret);
}

/*
 * CKA_EC_POINT is the point in an OCTET STRING (PKCS#11 v2.40, 2.3.3); some tokens leave
 * the wrapping away. An uncompressed point of a curve has one length, which tells.
 */
static int public_ec(struct ms_ctx *ctx, const struct ms_session *session,
		     const struct ms_token_key *key, EVP_PKEY **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf point = { 0 };
	_cleanup_(ms_octets_done) ASN1_OCTET_STRING *wrapped = NULL;
	_cleanup_(ms_builder_done) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	size_t size = 1 + 2 * key->type->field, len;
	const uint8_t *data, *p;
	int r = get(ctx, session, key, CKA_EC_POINT, &point);

	if (r < 0)
		return r;
	if (!point.data)
		return bad_public_key(ctx, session);
	p = data = point.data;
	len = point.len;
	if (len != size) {
		wrapped = d2i_ASN1_OCTET_STRING(NULL, &p, (long)len);
		if (!wrapped)
			return bad_public_key(ctx, session);
		data = ASN1_STRING_get0_data(wrapped);
		len = (size_t)ASN1_STRING_length(wrapped);
	}
	if (!data || len != size || data[0] != 4)
		return bad_public_key(ctx, session);
	if (!builder ||
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
					    key->type->group, 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, data,
					     len) != 1)
		return ms_fail_nomem(ctx);
	return build_public(ctx, session, key->type, builder, ret);
}

int ms_token_key_public(struct ms_ctx *ctx, const struct ms_session *session,
			const struct ms_token_key *key, EVP_PKEY **ret)
{
	return key->type->family == MS_KEY_RSA ? public_rsa(ctx, session, key, ret)
					       : public_ec(ctx, session, key, ret);
}

int ms_token_key_sign(struct ms_ctx *ctx, const struct ms_session *session,
		      const struct ms_token_key *key, const uint8_t *data, size_t len,
		      struct ms_buf *ret)
{
	CK_MECHANISM mechanism = {
		.mechanism = key->type->family == MS_KEY_RSA ? CKM_RSA_PKCS : CKM_ECDSA,
	};
	CK_ULONG size = MAX_SIGNATURE;
	CK_RV rv;

	if (ms_buf_reserve(ret, size) < 0)
		return ms_fail_nomem(ctx);
	rv = session->f->C_SignInit(session->handle, &mechanism, key->private);
	if (rv == CKR_OK)
		rv = session->f->C_Sign(session->handle, (CK_BYTE *)data, len,
					ret->data + ret->len, &size);
	if (rv != CKR_OK || size > MAX_SIGNATURE)
		return ms_session_fail(ctx, session, rv, "sign the certificate");
	ret->len += size;
	return 0;
}

/* What OpenSSL encodes, to be freed by OPENSSL_free(). */
struct encoded {
	uint8_t *data;
	int len;
};

static void encoded_done(struct encoded *encoded)
{
	OPENSSL_free(encoded->data);
}

int ms_token_key_store_cert(struct ms_ctx *ctx, const struct ms_session *session,
			    const struct ms_token_key *key, X509 *cert)
{
	_cleanup_(encoded_done) struct encoded der = { 0 }, name = { 0 }, serial = { 0 };
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_HANDLE handle;
	CK_RV rv;

	der.len = i2d_X509(cert, &der.data);
	name.len = i2d_X509_NAME(X509_get_subject_name(cert), &name.data);
	serial.len = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &serial.data);
	if (der.len <= 0 || name.len <= 0 || serial.len <= 0)
		return ms_fail_openssl(ctx, -EIO, "cannot write the certificate");
	CK_ATTRIBUTE attributes[] = {
		ATTRIBUTE(CKA_CLASS, &class, sizeof(class)),
		ATTRIBUTE(CKA_CERTIFICATE_TYPE, &type, sizeof(type)),
		ATTRIBUTE(CKA_TOKEN, &yes, sizeof(yes)),
		ATTRIBUTE(CKA_LABEL, key->label, strlen(key->label)),
		ATTRIBUTE(CKA_ID, key->id.data, key->id.len),
		ATTRIBUTE(CKA_SUBJECT, name.data, name.len),
		ATTRIBUTE(CKA_ISSUER, name.data, name.len),
		ATTRIBUTE(CKA_SERIAL_NUMBER, serial.data, serial.len),
		ATTRIBUTE(CKA_VALUE, der.data, der.len),
	};
	rv = session->f->C_CreateObject(session->handle, attributes,
					MS_ARRAY_SIZE(attributes), &handle);
	return rv == CKR_OK ? 0
			    : ms_session_fail(ctx, session, rv, "store the certificate");
}

void ms_token_key_destroy(const struct ms_session *session,
			  const struct ms_token_key *key)
{
	session->f->C_DestroyObject(session->handle, key->private);
	session->f->C_DestroyObject(session->handle, key->public);
}
