/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Decrypting PKCS#8 (RFC 5958): EncryptedPrivateKeyInfo.
 *
 * The file itself says how much work it is to derive the key, and can ask for hours. So
 * that is read first, and refused where it is beyond what any program asks for:
 *
 *	PBKDF2 (RFC 8018)		10,000,000 iterations
 *	PBES1, PKCS#12 (RFC 7292)	 1,000,000 iterations
 *	scrypt (RFC 7914)		N * r * p up to 2^22, in 32 MiB
 *
 * What is allowed takes seconds. OpenSSL's PBKDF2 cannot be interrupted, and it is the one
 * that takes longest, so its loop is run here, over OpenSSL's HMAC; the others end within
 * a second or two. All else about the encryption is OpenSSL's.
 */

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "../base/context.h"
#include "../hash/hash.h"
#include "key.h"

enum {
	MOST_PBKDF2 = 10000000,
	MOST_PBES1 = 1000000,
	MOST_SCRYPT = 1 << 22,
	SCRYPT_MEMORY = 32 << 20, /* which is OpenSSL's bound, too */
	ROUNDS_AT_ONCE = 4096, /* a millisecond or a few, until cancellation is heeded */
};

MS_OPENSSL_CLEANUP(pbe2_done, PBE2PARAM, PBE2PARAM_free)
MS_OPENSSL_CLEANUP(pbkdf2_done, PBKDF2PARAM, PBKDF2PARAM_free)
MS_OPENSSL_CLEANUP(scrypt_done, SCRYPT_PARAMS, SCRYPT_PARAMS_free)
MS_OPENSSL_CLEANUP(pbe_done, PBEPARAM, PBEPARAM_free)
MS_OPENSSL_CLEANUP(mac_done, EVP_MAC, EVP_MAC_free)
MS_OPENSSL_CLEANUP(mac_ctx_done, EVP_MAC_CTX, EVP_MAC_CTX_free)
MS_OPENSSL_CLEANUP(cipher_done, EVP_CIPHER, EVP_CIPHER_free)
MS_OPENSSL_CLEANUP(cipher_ctx_done, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

/* One decryption, and what is used on the way; secret, where it is the key's. */
struct decryption {
	struct ms_ctx *ctx;
	const struct ms_secret *secret;
	const X509_ALGOR *algorithm;
	const ASN1_OCTET_STRING *encrypted;
};

static int too_costly(const struct decryption *d, const char *what)
{
	ERR_clear_error();
	return ms_fail(d->ctx, -E2BIG, "%s asks for too much work to be decrypted: %s",
		       d->secret->what, what);
}

static int nid_of(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *oid = NULL;

	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	return OBJ_obj2nid(oid);
}

/* The algorithm's parameters, as the type of that template; NULL where they are not. */
static void *parameters(const X509_ALGOR *algorithm, const ASN1_ITEM *type)
{
	const void *value = NULL;
	int kind = 0;

	X509_ALGOR_get0(NULL, &kind, &value, algorithm);
	return kind == V_ASN1_SEQUENCE ? ASN1_item_unpack(value, type) : NULL;
}

/* A number that is at least 1, or 0: there is none such. */
static uint64_t positive(const ASN1_INTEGER *number)
{
	uint64_t value = 0;

	if (!number)
		return 0;
	/* a number that does not fit is a large one, not a missing one */
	return ASN1_INTEGER_get_uint64(&value, number) == 1 ? value : UINT64_MAX;
}

static int check_pbes1(const struct decryption *d)
{
	_cleanup_(pbe_done) PBEPARAM *pbe =
		parameters(d->algorithm, ASN1_ITEM_rptr(PBEPARAM));

	if (pbe && positive(pbe->iter) > MOST_PBES1)
		return too_costly(d, "more than 1000000 iterations");
	return 0;
}

static int check_scrypt(const struct decryption *d, const X509_ALGOR *kdf)
{
	_cleanup_(scrypt_done) SCRYPT_PARAMS *scrypt =
		parameters(kdf, ASN1_ITEM_rptr(SCRYPT_PARAMS));
	uint64_t n, r, p;

	if (!scrypt)
		return 0; /* OpenSSL takes no other form either */
	n = positive(scrypt->costParameter);
	r = positive(scrypt->blockSize);
	p = positive(scrypt->parallelizationParameter);
	if (n > MOST_SCRYPT || r > MOST_SCRYPT || p > MOST_SCRYPT ||
	    n * r > MOST_SCRYPT || n * r * p > MOST_SCRYPT ||
	    128 * r * (n + p + 2) > SCRYPT_MEMORY)
		return too_costly(d, "scrypt with so large parameters");
	return 0;
}

/* One HMAC of @size bytes, or two parts of them, into @out. */
static bool hmac(EVP_MAC_CTX *mac, const uint8_t *data, size_t len, const uint8_t *more,
		 size_t more_len, uint8_t *out, size_t size)
{
	size_t done = 0;

	return EVP_MAC_init(mac, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(mac, data, len) == 1 &&
	       EVP_MAC_update(mac, more, more_len) == 1 &&
	       EVP_MAC_final(mac, out, &done, size) == 1 && done == size;
}

/* Block @number of PBKDF2's output (RFC 8018, 5.2): U_1 ^ U_2 ^ ... 0, or -errno. */
static int pbkdf2_block(const struct decryption *d, EVP_MAC_CTX *mac,
			const ASN1_OCTET_STRING *salt, uint64_t rounds, uint32_t number,
			uint8_t *ret, size_t size)
{
	const uint8_t index[] = {number >> 24, number >> 16 & 0xff, number >> 8 & 0xff,
				 number & 0xff};
	uint8_t u[EVP_MAX_MD_SIZE];
	bool ok = hmac(mac, salt->data, (size_t)salt->length, index, sizeof(index), u,
		       size);
	int r = 0;

	memcpy(ret, u, size);
	for (uint64_t i = 1; ok && r == 0 && i < rounds; i++) {
		ok = hmac(mac, u, size, u, 0, u, size);
		for (size_t j = 0; j < size; j++)
			ret[j] ^= u[j];
		if (i % ROUNDS_AT_ONCE == 0)
			r = ms_check_cancelled(d->ctx);
	}
	OPENSSL_cleanse(u, sizeof(u));
	return ok ? r : -EIO;
}

/* HMAC by the digest that PBKDF2 names, with the passphrase as its key; NULL. */
static EVP_MAC_CTX *keyed_hmac(const struct decryption *d, const PBKDF2PARAM *pbkdf2,
			       size_t *ret_size)
{
	int prf = pbkdf2->prf ? nid_of(pbkdf2->prf) : NID_hmacWithSHA1, digest = 0;
	_cleanup_(mac_done) EVP_MAC *type = EVP_MAC_fetch(NULL, "HMAC", NULL);
	_cleanup_(mac_ctx_done) EVP_MAC_CTX *mac = type ? EVP_MAC_CTX_new(type) : NULL;
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};

	if (!mac)
		return NULL;
	if (EVP_PBE_find(EVP_PBE_TYPE_PRF, prf, NULL, &digest, NULL) != 1) {
		ERR_raise(ERR_LIB_EVP, EVP_R_UNSUPPORTED_PRF);
		return NULL;
	}
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						     (char *)OBJ_nid2sn(digest), 0);
	if (EVP_MAC_init(mac, (const uint8_t *)d->secret->text, d->secret->len, params) !=
	    1)
		return NULL;
	*ret_size = EVP_MAC_CTX_get_mac_size(mac);
	return *ret_size > 0 && *ret_size <= EVP_MAX_MD_SIZE ? ms_steal(&mac) : NULL;
}

/* 0, -ECANCELED with a message, or -EIO with errors in OpenSSL's queue. */
static int derive(const struct decryption *d, const PBKDF2PARAM *pbkdf2, uint8_t *key,
		  size_t len)
{
	size_t size = 0;
	_cleanup_(mac_ctx_done) EVP_MAC_CTX *mac = keyed_hmac(d, pbkdf2, &size);
	uint8_t block[EVP_MAX_MD_SIZE];
	uint32_t number = 0;
	int r = mac ? 0 : -EIO;

	while (len > 0 && r == 0) {
		size_t n = len < size ? len : size;

		r = pbkdf2_block(d, mac, pbkdf2->salt->value.octet_string,
				 positive(pbkdf2->iter), ++number, block, size);
		memcpy(key, block, n);
		key += n;
		len -= n;
	}
	OPENSSL_cleanse(block, sizeof(block));
	return r;
}

/* The cipher of PBES2, with its IV, which waits for its key; NULL. */
static EVP_CIPHER_CTX *open_cipher(const X509_ALGOR *scheme)
{
	_cleanup_(cipher_ctx_done) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	_cleanup_(cipher_done) EVP_CIPHER *cipher = NULL;
	const ASN1_OBJECT *oid = NULL;
	char name[80] = "";

	X509_ALGOR_get0(&oid, NULL, NULL, scheme);
	OBJ_obj2txt(name, sizeof(name), oid, 0);
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!cipher) {
		ERR_raise(ERR_LIB_EVP, EVP_R_UNSUPPORTED_CIPHER);
		return NULL;
	}
	if (!ctx || EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, 0) != 1 ||
	    EVP_CIPHER_asn1_to_param(ctx, scheme->parameter) <= 0)
		return NULL;
	return ms_steal(&ctx);
}

/* With the key set: the key's DER, in secret memory. */
static int decrypt(const struct decryption *d, EVP_CIPHER_CTX *ctx, struct ms_buf *ret)
{
	int len = d->encrypted->length, n = 0, last = 0;

	if (len <= 0)
		return -EIO;
	if (ms_buf_reserve(ret, (size_t)len + EVP_MAX_BLOCK_LENGTH) < 0)
		return ms_fail_nomem(d->ctx);
	if (EVP_DecryptUpdate(ctx, ret->data, &n, d->encrypted->data, len) != 1 ||
	    EVP_DecryptFinal_ex(ctx, ret->data + n, &last) != 1)
		return -EIO;
	ret->len = (size_t)n + (size_t)last;
	return 0;
}

static int by_pbkdf2(const struct decryption *d, const PBE2PARAM *pbes2,
		     struct ms_buf *ret)
{
	_cleanup_(pbkdf2_done) PBKDF2PARAM *pbkdf2 =
		parameters(pbes2->keyfunc, ASN1_ITEM_rptr(PBKDF2PARAM));
	_cleanup_(cipher_ctx_done) EVP_CIPHER_CTX *ctx = open_cipher(pbes2->encryption);
	uint8_t key[EVP_MAX_KEY_LENGTH];
	int len = ctx ? EVP_CIPHER_CTX_get_key_length(ctx) : 0;
	int r;

	if (pbkdf2 && positive(pbkdf2->iter) > MOST_PBKDF2)
		return too_costly(d, "more than 10000000 iterations of PBKDF2");
	if (!pbkdf2 || !ctx || len <= 0 || len > EVP_MAX_KEY_LENGTH ||
	    pbkdf2->salt->type != V_ASN1_OCTET_STRING || positive(pbkdf2->iter) == 0 ||
	    (pbkdf2->keylength && positive(pbkdf2->keylength) != (uint64_t)len))
		return -EIO;
	r = derive(d, pbkdf2, key, (size_t)len);
	if (r == 0 && EVP_CipherInit_ex(ctx, NULL, NULL, key, NULL, 0) != 1)
		r = -EIO;
	OPENSSL_cleanse(key, sizeof(key));
	return r < 0 ? r : decrypt(d, ctx, ret);
}

/* OpenSSL does it all; the memory that it gives becomes ours. */
static int by_openssl(const struct decryption *d, struct ms_buf *ret)
{
	uint8_t *data = NULL;
	int len = 0, r;

	if (!PKCS12_pbe_crypt(d->algorithm, d->secret->text, (int)d->secret->len,
			      d->encrypted->data, d->encrypted->length, &data, &len, 0))
		return -EIO;
	r = ms_buf_append(ret, data, (size_t)len) < 0 ? ms_fail_nomem(d->ctx) : 0;
	OPENSSL_clear_free(data, (size_t)len);
	return r;
}

static int decrypt_der(const struct decryption *d, struct ms_buf *ret)
{
	_cleanup_(pbe2_done) PBE2PARAM *pbes2 = NULL;
	int r;

	if (nid_of(d->algorithm) == NID_pbes2)
		pbes2 = parameters(d->algorithm, ASN1_ITEM_rptr(PBE2PARAM));
	if (pbes2 && nid_of(pbes2->keyfunc) == NID_id_pbkdf2)
		return by_pbkdf2(d, pbes2, ret);
	r = pbes2 ? check_scrypt(d, pbes2->keyfunc) : check_pbes1(d);
	ERR_clear_error();
	return r < 0 ? r : by_openssl(d, ret);
}

/* Was it only memory that OpenSSL wanted? Then the passphrase may be the right one. */
static int why(struct ms_ctx *ctx)
{
	if (ERR_GET_REASON(ERR_peek_error()) != ERR_R_MALLOC_FAILURE &&
	    ERR_GET_REASON(ERR_peek_last_error()) != ERR_R_MALLOC_FAILURE)
		return -EIO;
	ERR_clear_error();
	return ms_fail_nomem(ctx);
}

int ms_pkcs8_decrypt(struct ms_ctx *ctx, const X509_SIG *encrypted,
		     const struct ms_secret *secret, PKCS8_PRIV_KEY_INFO **ret)
{
	_cleanup_(ms_buf_done) struct ms_buf der = {.secret = true};
	struct decryption d = {.ctx = ctx, .secret = secret};
	const uint8_t *p;
	int r;

	ERR_clear_error();
	X509_SIG_get0(encrypted, &d.algorithm, &d.encrypted);
	r = decrypt_der(&d, &der);
	if (r < 0)
		return r == -EIO ? why(ctx) : r;
	p = der.data;
	*ret = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.len);
	return *ret ? 0 : why(ctx);
}
