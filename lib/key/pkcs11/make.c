/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A new key inside a PKCS#11 token, with its certificate beside it.
 *
 * The certificate's contents are drafted by OpenSSL around the token's public key, the
 * token signs them, and the certificate is put together here. It is verified, and read by
 * the kernel's grammar, before the token stores it; where any step fails the key pair is
 * removed again. A kill in their midst leaves a key without certificate, under a label
 * that the next run finds taken.
 *
 * One session and one login do it all. OpenSSL's ways to tokens are not used: libp11's
 * engine can make no keys, and two users of one module in a process would start and stop
 * it under each other.
 */

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include <modseal/secret.h>

#include "../../base/checked.h"
#include "../../base/context.h"
#include "../../hash/hash.h"
#include "../../judge/der-write.h"
#include "../key-make.h"
#include "session.h"

#define DEFAULT_LABEL "modseal"

enum { ID_SIZE = 16 };

static void token_key_done(struct ms_token_key *key)
{
	free(key->label);
	ms_buf_done(&key->id);
}

/* What OpenSSL encodes, appended to @ret. */
static int append_encoded(struct ms_ctx *ctx, uint8_t *data, int len, struct ms_buf *ret)
{
	int r = len > 0 ? ms_buf_append(ret, data, (size_t)len) : -EIO;

	OPENSSL_free(data);
	if (r == -ENOMEM)
		return ms_fail_nomem(ctx);
	return r < 0 ? ms_fail_openssl(ctx, r, "cannot write the certificate") : 0;
}

/* OpenSSL's own table of these is without SHA-3 before 3.1. */
static int signature_nid(bool rsa, enum ms_hash hash)
{
	static const struct {
		int rsa, ecdsa;
	} nids[] = {
		[MS_HASH_SHA256] = { NID_sha256WithRSAEncryption, NID_ecdsa_with_SHA256 },
		[MS_HASH_SHA384] = { NID_sha384WithRSAEncryption, NID_ecdsa_with_SHA384 },
		[MS_HASH_SHA512] = { NID_sha512WithRSAEncryption, NID_ecdsa_with_SHA512 },
		[MS_HASH_SHA3_256] = { NID_RSA_SHA3_256, NID_ecdsa_with_SHA3_256 },
		[MS_HASH_SHA3_384] = { NID_RSA_SHA3_384, NID_ecdsa_with_SHA3_384 },
		[MS_HASH_SHA3_512] = { NID_RSA_SHA3_512, NID_ecdsa_with_SHA3_512 },
	};

	return rsa ? nids[hash].rsa : nids[hash].ecdsa;
}

/* Says in the draft by what it is signed, and appends that algorithm to @ret. */
static int set_algorithm(struct ms_ctx *ctx, X509 *draft, const struct ms_key_type *type,
			 enum ms_hash hash, struct ms_buf *ret)
{
	/* there is no other way to set it but to sign with a key that OpenSSL has */
	X509_ALGOR *algorithm = (X509_ALGOR *)X509_get0_tbs_sigalg(draft);
	bool rsa = type->family == MS_KEY_RSA;
	uint8_t *der = NULL;
	int len;

	if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(signature_nid(rsa, hash)),
			    rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL) != 1)
		return ms_fail_openssl(ctx, -EIO,
				       "cannot name the signature's algorithm");
	len = i2d_X509_ALGOR(algorithm, &der);
	return append_encoded(ctx, der, len, ret);
}

/* DigestInfo (RFC 8017, 9.2), which the token pads and signs. */
static int digest_info(struct ms_ctx *ctx, const EVP_MD *md, const uint8_t *digest,
		       size_t len, struct ms_buf *ret)
{
	_cleanup_(ms_x509_sig_done) X509_SIG *info = X509_SIG_new();
	X509_ALGOR *algorithm = NULL;
	ASN1_OCTET_STRING *value = NULL;
	uint8_t *der = NULL;
	int der_len;

	if (!info)
		return ms_fail_nomem(ctx);
	X509_SIG_getm(info, &algorithm, &value);
	if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL,
			    NULL) != 1 ||
	    ASN1_OCTET_STRING_set(value, digest, (int)len) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot write the digest");
	der_len = i2d_X509_SIG(info, &der);
	return append_encoded(ctx, der, der_len, ret);
}

/* r and s side by side, as the token gives them, become an Ecdsa-Sig-Value. */
static int encode_ecdsa(struct ms_ctx *ctx, const struct ms_buf *raw, struct ms_buf *ret)
{
	struct ms_der der = { .out = ret };
	size_t sequence = ms_der_begin(&der, MS_DER_SEQUENCE), half = raw->len / 2;

	ms_der_put_unsigned(&der, raw->data, half);
	ms_der_put_unsigned(&der, raw->data + half, half);
	ms_der_end(&der, sequence);
	return ms_der_finish(&der) < 0 ? ms_fail_nomem(ctx) : 0;
}

/*
 * A digest that is longer than the curve's order is cut by ECDSA itself (SEC 1, 4.1.3);
 * some tokens refuse to do it.
 */
static int sign_ecdsa(struct ms_ctx *ctx, const struct ms_session *session,
		      const struct ms_token_key *key, const uint8_t *digest, size_t len,
		      struct ms_buf *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf raw = { 0 };
	size_t field = key->type->field;
	int r = ms_token_key_sign(ctx, session, key, digest, len > field ? field : len,
				  &raw);

	if (r == 0 && raw.len != 2 * field)
		return ms_fail(ctx, -EIO, "%s gave a signature of %zu bytes",
			       session->what, raw.len);
	return r < 0 ? r : encode_ecdsa(ctx, &raw, ret);
}

static int sign_rsa(struct ms_ctx *ctx, const struct ms_session *session,
		    const struct ms_token_key *key, const EVP_MD *md,
		    const uint8_t *digest, size_t len, struct ms_buf *ret)
{
	_cleanup_(ms_buf_done) struct ms_buf info = { 0 };
	int r = digest_info(ctx, md, digest, len, &info);

	return r < 0 ? r
		     : ms_token_key_sign(ctx, session, key, info.data, info.len, ret);
}

static int sign_tbs(struct ms_ctx *ctx, const struct ms_session *session,
		    const struct ms_token_key *key, const EVP_MD *md,
		    const struct ms_buf *tbs, struct ms_buf *ret)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (EVP_Digest(tbs->data, tbs->len, digest, &len, md, NULL) != 1)
		return ms_fail_openssl(ctx, -EIO, "cannot digest the certificate");
	if (key->type->family == MS_KEY_RSA)
		return sign_rsa(ctx, session, key, md, digest, len, ret);
	return sign_ecdsa(ctx, session, key, digest, len, ret);
}

/* Certificate (RFC 5280, 4.1): what is signed, by what, and the signature. */
static int assemble(struct ms_ctx *ctx, const struct ms_buf *tbs,
		    const struct ms_buf *algorithm, const struct ms_buf *signature,
		    X509 **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	struct ms_der der = { .out = &out };
	size_t whole = ms_der_begin(&der, MS_DER_SEQUENCE), bits;
	const uint8_t *p, no_unused_bits = 0;

	ms_der_raw(&der, tbs->data, tbs->len);
	ms_der_raw(&der, algorithm->data, algorithm->len);
	bits = ms_der_begin(&der, MS_DER_BIT_STRING);
	ms_der_raw(&der, &no_unused_bits, 1);
	ms_der_raw(&der, signature->data, signature->len);
	ms_der_end(&der, bits);
	ms_der_end(&der, whole);
	if (ms_der_finish(&der) < 0)
		return ms_fail_nomem(ctx);
	p = out.data;
	*ret = d2i_X509(NULL, &p, (long)out.len);
	return *ret ? 0 : ms_fail_openssl(ctx, -EIO, "cannot write the certificate");
}

static int sign_draft(struct ms_ctx *ctx, const struct ms_session *session,
		      const struct ms_token_key *key, enum ms_hash hash, X509 *draft,
		      X509 **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf tbs = { 0 }, algorithm = { 0 },
					     signature = { 0 };
	const EVP_MD *md = NULL;
	uint8_t *der = NULL;
	int len, r = ms_hash_md(ctx, hash, &md);

	if (r == 0)
		r = set_algorithm(ctx, draft, key->type, hash, &algorithm);
	if (r < 0)
		return r;
	len = i2d_re_X509_tbs(draft, &der);
	r = append_encoded(ctx, der, len, &tbs);
	if (r == 0)
		r = sign_tbs(ctx, session, key, md, &tbs, &signature);
	return r < 0 ? r : assemble(ctx, &tbs, &algorithm, &signature, ret);
}

/* With the pair in the token: everything else. */
static int certify(struct ms_ctx *ctx, const struct ms_key_request *request,
		   const struct ms_session *session, enum ms_hash hash,
		   const struct ms_token_key *key, struct ms_new_key *ret)
{
	_cleanup_(ms_evp_pkey_done) EVP_PKEY *public = NULL;
	_cleanup_(ms_x509_done) X509 *draft = NULL, *cert = NULL;
	int r = ms_token_key_public(ctx, session, key, &public);

	if (r == 0)
		r = ms_cert_draft(ctx, request, public, &draft);
	if (r == 0)
		r = sign_draft(ctx, session, key, hash, draft, &cert);
	if (r == 0)
		r = ms_new_key_set_cert(ctx, cert, ret);
	if (r == 0)
		r = ms_check_cancelled(ctx); /* making it may have taken seconds */
	return r < 0 ? r : ms_token_key_store_cert(ctx, session, key, cert);
}

/* RFC 7512, 2.3: what is not unreserved is escaped; an identifier is, wholly. */
static int append_escaped(struct ms_buf *out, const char *name, const uint8_t *value,
			  size_t len, bool all)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	int r = ms_buf_printf(out, "%s%s=", out->len > strlen("pkcs11:") ? ";" : "",
			      name);

	for (size_t i = 0; i < len && r == 0; i++) {
		if (all || !value[i] || !strchr(unreserved, value[i]))
			r = ms_buf_printf(out, "%%%02X", value[i]);
		else
			r = ms_buf_append(out, &value[i], 1);
	}
	return r;
}

/* Where several tokens have the label, it was one of these that told which is meant. */
static int append_given(struct ms_ctx *ctx, const struct ms_session *session,
			struct ms_buf *out)
{
	static const char *const names[] = { "serial", "model", "manufacturer",
					     "slot-id" };

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *value = NULL;
		int r = ms_pkcs11_uri_attribute(ctx, &session->uri, names[i], &value);

		if (r < 0)
			return r;
		if (value && append_escaped(out, names[i], (const uint8_t *)value,
					    strlen(value), false) < 0)
			return ms_fail_nomem(ctx);
	}
	return 0;
}

static int write_uri(struct ms_ctx *ctx, const struct ms_session *session,
		     const struct ms_token_key *key, char **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf out = { 0 };
	_cleanup_free_ char *label =
		ms_token_text(session->token.label, sizeof(session->token.label));
	int r;

	if (!label || ms_buf_append_str(&out, "pkcs11:") < 0 ||
	    append_escaped(&out, "token", (uint8_t *)label, strlen(label), false) < 0)
		return ms_fail_nomem(ctx);
	r = append_given(ctx, session, &out);
	if (r < 0)
		return r;
	if (append_escaped(&out, "object", (uint8_t *)key->label, strlen(key->label),
			   false) < 0 ||
	    append_escaped(&out, "id", key->id.data, key->id.len, true) < 0 ||
	    ms_buf_append(&out, "", 1) < 0)
		return ms_fail_nomem(ctx);
	*ret = (char *)ms_steal(&out.data);
	return 0;
}

/*
 * An identifier joins the objects of a key. It is random, since many tokens do not let it
 * be changed once it would be known what the public key's digest is.
 */
static int settle_id(struct ms_ctx *ctx, const char *given, struct ms_buf *ret)
{
	uint8_t random[ID_SIZE];
	int r;

	if (given)
		r = ms_buf_append_str(ret, given);
	else if (RAND_bytes(random, sizeof(random)) == 1)
		r = ms_buf_append(ret, random, sizeof(random));
	else
		return ms_fail_openssl(ctx, -EIO, "cannot make an identifier");
	return r < 0 ? ms_fail_nomem(ctx) : 0;
}

static int name_key(struct ms_ctx *ctx, const struct ms_session *session,
		    struct ms_token_key *key)
{
	_cleanup_free_ char *id = NULL;
	int r = ms_pkcs11_uri_attribute(ctx, &session->uri, "object", &key->label);

	if (r == 0)
		r = ms_pkcs11_uri_attribute(ctx, &session->uri, "id", &id);
	if (r < 0)
		return r;
	if (!key->label || !key->label[0]) {
		free(key->label);
		key->label = strdup(DEFAULT_LABEL);
	}
	if (!key->label)
		return ms_fail_nomem(ctx);
	r = settle_id(ctx, id && id[0] ? id : NULL, &key->id);
	return r < 0 ? r : ms_token_key_check_free(ctx, session, key);
}

static int make(struct ms_ctx *ctx, const struct ms_key_request *request, const char *uri,
		enum ms_hash hash, struct ms_token_key *key, struct ms_new_key *made,
		char **ret_uri)
{
	_cleanup_(ms_cleanup_session) struct ms_session *session = NULL;
	_cleanup_free_ char *made_uri = NULL;
	int r = ms_session_open(ctx, uri, request->secret, request->secret_userdata,
				&session);

	if (r == 0)
		r = name_key(ctx, session, key);
	if (r == 0)
		r = write_uri(ctx, session, key, &made_uri);
	if (r == 0)
		r = ms_token_key_generate(ctx, session, key);
	if (r < 0)
		return r;
	r = certify(ctx, request, session, hash, key, made);
	if (r < 0)
		ms_token_key_destroy(session, key);
	else
		*ret_uri = ms_steal(&made_uri);
	return r;
}

int ms_key_make_in_token(struct ms_ctx *ctx, const struct ms_key_request *request,
			 const char *uri, struct ms_new_key *ret, char **ret_uri)
{
	_cleanup_(ms_new_key_done) struct ms_new_key made = { 0 };
	_cleanup_(token_key_done) struct ms_token_key key = { 0 };
	enum ms_hash hash;
	const EVP_MD *md;
	int r = ms_key_request_check(ctx, request, &key.type, &hash, &md);

	if (r < 0)
		return r;
	if (!ms_is_pkcs11(uri))
		return ms_fail(ctx, -EINVAL, "'%s' is no pkcs11: URI", uri);
	if (key.type->family == MS_KEY_MLDSA)
		return ms_fail(ctx, -EOPNOTSUPP,
			       "keys of the kind %s are made in files only: tokens know "
			       "them since version 3.2 of PKCS#11",
			       key.type->openssl);
	made.type = key.type->name;
	r = make(ctx, request, uri, hash, &key, &made, ret_uri);
	ERR_clear_error(); /* of what was only looked for */
	if (r < 0)
		return r;
	*ret = made;
	made = (struct ms_new_key){ 0 };
	return 0;
}
