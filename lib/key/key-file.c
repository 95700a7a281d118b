/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Private keys in files: PEM or DER, told apart by content; PKCS#8, encrypted or not, and
 * the traditional forms of RSA and EC keys, in PEM encrypted or not.
 *
 * PKCS#8 is taken apart here and not left to OpenSSL's decoders, because only so can
 * three failures be told from one another: a passphrase that is wrong, a file that is no
 * key, and a key of a kind that this OpenSSL does not know. And OpenSSL sees no key before
 * it is known to be of a kind that modules are signed with (key-peek.c).
 */

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "../base/context.h"
#include "../hash/hash.h"
#include "../judge/ber.h"
#include "key-peek.h"
#include "key.h"

/* Files are OpenSSL's own business, also where tokens are configured for all else. */
#define OWN_PROVIDER "?provider!=pkcs11"

/* Where the key is from, for messages, and its passphrase. */
struct source {
	struct ms_ctx *ctx;
	const char *path;
	struct ms_secret *secret;
};

static int no_key(const struct source *source)
{
	ERR_clear_error();
	return ms_fail(source->ctx, -EBADMSG, "no private key in '%s'", source->path);
}

static int wrong_passphrase(const struct source *source)
{
	ERR_clear_error();
	return ms_fail(source->ctx, -EKEYREJECTED, "wrong passphrase for %s",
		       source->secret->what);
}

/* A cipher that is not there fails before the passphrase can be told to be wrong. */
static bool cipher_is_unknown(void)
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);

	return reason == ERR_R_UNSUPPORTED ||
	       (ERR_GET_LIB(code) == ERR_LIB_EVP &&
		(reason == EVP_R_UNKNOWN_PBE_ALGORITHM ||
		 reason == EVP_R_UNSUPPORTED_CIPHER || reason == EVP_R_UNSUPPORTED_PRF ||
		 reason == EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION)) ||
	       (ERR_GET_LIB(code) == ERR_LIB_PEM &&
		reason == PEM_R_UNSUPPORTED_ENCRYPTION);
}

static int cannot_decrypt(const struct source *source)
{
	if (!cipher_is_unknown())
		return wrong_passphrase(source);
	return ms_fail_openssl(source->ctx, -EOPNOTSUPP, "cannot decrypt %s",
			       source->secret->what);
}

/* The key is well-formed, but this OpenSSL makes nothing of its algorithm. */
static int unknown_algorithm(const struct source *source,
			     const PKCS8_PRIV_KEY_INFO *pkcs8)
{
	const ASN1_OBJECT *oid = NULL;
	const struct ms_key_type *type;
	char name[80] = "";

	if (PKCS8_pkey_get0(&oid, NULL, NULL, NULL, pkcs8) != 1 || !oid)
		return no_key(source);
	type = ms_key_type_by_object(oid);
	ERR_clear_error();
	if (type)
		return ms_fail(
			source->ctx, -EOPNOTSUPP,
			"the key '%s' is of the kind %s, which needs OpenSSL 3.5 or "
			"newer; this is OpenSSL %s",
			source->path, type->openssl,
			OpenSSL_version(OPENSSL_VERSION_STRING));
	OBJ_obj2txt(name, sizeof(name), oid, 0);
	return ms_fail(source->ctx, -EBADMSG,
		       "OpenSSL %s cannot read the key '%s' of the kind %s",
		       OpenSSL_version(OPENSSL_VERSION_STRING), source->path, name);
}

static int from_pkcs8(const struct source *source, const PKCS8_PRIV_KEY_INFO *pkcs8,
		      EVP_PKEY **ret)
{
	int r = ms_key_peek_pkcs8(source->ctx, source->path, pkcs8);

	if (r < 0)
		return r == -EBADMSG ? no_key(source) : r;
	*ret = EVP_PKCS82PKEY_ex(pkcs8, NULL, OWN_PROVIDER);
	return *ret ? 0 : unknown_algorithm(source, pkcs8);
}

static int from_encrypted_pkcs8(const struct source *source, const X509_SIG *encrypted,
				EVP_PKEY **ret)
{
	_cleanup_(ms_pkcs8_done) PKCS8_PRIV_KEY_INFO *pkcs8 = NULL;
	int r;

	if (ms_secret_ask(source->secret) < 0)
		return ms_secret_fail(source->ctx, source->secret);
	r = ms_pkcs8_decrypt(source->ctx, encrypted, source->secret, &pkcs8);
	if (r == -EIO)
		return cannot_decrypt(source);
	return r < 0 ? r : from_pkcs8(source, pkcs8, ret);
}

/* RSAPrivateKey (RFC 8017) or ECPrivateKey (RFC 5915). */
static int from_traditional(const struct source *source, const uint8_t *der,
			    size_t size, EVP_PKEY **ret)
{
	int type, r = ms_key_peek_traditional(source->ctx, source->path, der, size, &type);

	if (r < 0)
		return r == -EBADMSG ? no_key(source) : r;
	*ret = d2i_PrivateKey_ex(type, NULL, &der, (long)size, NULL, OWN_PROVIDER);
	return *ret ? 0 : no_key(source);
}

/* d2i functions move the pointer and may leave errors behind where they are only tried. */
static int from_der(const struct source *source, const uint8_t *der, size_t size,
		    EVP_PKEY **ret)
{
	_cleanup_(ms_x509_sig_done) X509_SIG *encrypted = NULL;
	_cleanup_(ms_pkcs8_done) PKCS8_PRIV_KEY_INFO *pkcs8 = NULL;
	const uint8_t *p = der;
	long len = (long)size;

	if (size > MS_BER_MAX)
		return ms_fail(source->ctx, -EFBIG,
			       "what should be the private key in '%s' is larger than %d "
			       "bytes",
			       source->path, MS_BER_MAX);
	encrypted = d2i_X509_SIG(NULL, &p, len);
	if (encrypted)
		return from_encrypted_pkcs8(source, encrypted, ret);
	p = der;
	pkcs8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, len);
	if (pkcs8)
		return from_pkcs8(source, pkcs8, ret);
	return from_traditional(source, der, size, ret);
}

struct pem_block {
	char *name;
	char *header;
	uint8_t *data;
	long len;
};

static void pem_block_done(struct pem_block *block)
{
	OPENSSL_secure_free(block->name);
	OPENSSL_secure_free(block->header);
	OPENSSL_secure_clear_free(block->data, block->len > 0 ? (size_t)block->len : 0);
	*block = (struct pem_block){ 0 };
}

static int give_passphrase(char *buffer, int size, int for_writing, void *userdata)
{
	(void)for_writing;
	return ms_secret_copy(userdata, buffer, size);
}

/* Undoes the encryption of RFC 1421 ("Proc-Type: 4,ENCRYPTED") in place. */
static int decrypt_block(const struct source *source, struct pem_block *block)
{
	EVP_CIPHER_INFO cipher;

	ERR_clear_error();
	if (PEM_get_EVP_CIPHER_INFO(block->header, &cipher) != 1)
		return cipher_is_unknown() ? cannot_decrypt(source) : no_key(source);
	if (PEM_do_header(&cipher, block->data, &block->len, give_passphrase,
			  source->secret) == 1)
		return 0;
	if (source->secret->error < 0)
		return ms_secret_fail(source->ctx, source->secret);
	return cannot_decrypt(source);
}

static int from_block(const struct source *source, struct pem_block *block,
		      EVP_PKEY **ret)
{
	int r = decrypt_block(source, block);

	if (r < 0)
		return r;
	r = from_der(source, block->data, (size_t)block->len, ret);
	/* nothing else is left of a passphrase that by chance gave a good padding */
	if (r == -EBADMSG && block->header[0])
		return wrong_passphrase(source);
	return r;
}

static int from_pem(const struct source *source, const struct ms_buf *content,
		    EVP_PKEY **ret)
{
	_cleanup_(ms_bio_done) BIO *bio =
		BIO_new_mem_buf(content->data, (int)content->len);

	if (!bio)
		return ms_fail_nomem(source->ctx);
	for (;;) {
		_cleanup_(pem_block_done) struct pem_block block = { 0 };
		const char *suffix;

		/* in OpenSSL's secure memory, where the program has set that up */
		if (PEM_read_bio_ex(bio, &block.name, &block.header, &block.data,
				    &block.len, PEM_FLAG_SECURE) != 1)
			return no_key(source);
		suffix = strstr(block.name, "PRIVATE KEY");
		if (suffix && !suffix[strlen("PRIVATE KEY")])
			return from_block(source, &block, ret);
	}
}

int ms_key_decode(struct ms_ctx *ctx, const char *path, const struct ms_buf *content,
		  struct ms_secret *secret, EVP_PKEY **ret)
{
	const struct source source = { ctx, path, secret };

	ERR_clear_error();
	if (content->len > 0 && memmem(content->data, content->len, "-----BEGIN ", 11))
		return from_pem(&source, content, ret);
	return from_der(&source, content->data, content->len, ret);
}
