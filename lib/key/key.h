/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_KEY_H
#define MS_KEY_KEY_H

/*
 * Private keys and certificates, from files and from tokens.
 *
 *	key-read.c      the bytes of a key or certificate file
 *	key-secret.c    a passphrase or PIN: asked for once, wiped
 *	key-file.c      a private key out of such bytes
 *	key-peek.c      what it is, before OpenSSL computes with it
 *	key-decrypt.c   PKCS#8 by a passphrase, and how much work that may be
 *	key-cert.c      the certificate that goes with it
 *	key-match.c     which type of judge/key-type.h it is of
 *	key-pair.c      whether key and certificate belong together
 *	key-raw.c       the mathematics: a raw signature
 *	pkcs11/         keys and certificates in tokens
 */

#include <pthread.h>
#include <sys/types.h>

#include <modseal/sign.h>

#include "../base/buffer.h"
#include "../hash/payload.h"
#include "../judge/key-type.h"
#include "openssl.h"

enum { MS_SECRET_SIZE = 1024 };

/** One secret: who knows it, what it unlocks, and the secret once it was asked for. */
struct ms_secret {
	ms_secret_fn fn; /* NULL: nobody knows it */
	void *userdata;
	char what[512];   /* "private key 'mok.key'" */
	const char *name; /* "passphrase" or "PIN" */
	bool asked;
	int error;        /* of asking */
	size_t len;
	char *text; /* ms_secret_new(); NUL-terminated too; NULL before it was asked for
		     */
};

/**
 * Asks for the secret, once; later calls give the same answer. For callbacks, which have
 * no context: the message is ms_secret_fail()'s. -ENOKEY, or what the callback returned.
 */
int ms_secret_ask(struct ms_secret *secret);

/** The message for an ms_secret_ask() that failed. Returns its error. */
int ms_secret_fail(struct ms_ctx *ctx, const struct ms_secret *secret);

/**
 * Takes @text (@len bytes) as the secret, as if it had been asked for. -ENOKEY: too long,
 * or no memory for it.
 */
int ms_secret_set(struct ms_secret *secret, const char *text, size_t len);

/**
 * Copies the secret, asking for it where need be, into a buffer of OpenSSL's. Returns its
 * length, or -1 as OpenSSL's callbacks do.
 */
int ms_secret_copy(struct ms_secret *secret, char *buffer, int size);

/** Wipes and frees it. */
void ms_secret_done(struct ms_secret *secret);

/**
 * Reads a file of keys or certificates, regular or a pipe, of at most 1 MiB, into @ret:
 * for a private key a secret buffer. @ret_mode: its permissions, 0 for a pipe. Errors as
 * ms_file_read_piped().
 */
int ms_key_read_file(struct ms_ctx *ctx, const char *path, struct ms_buf *ret,
		     mode_t *ret_mode);

/**
 * The first private key in the content of the file @path. Errors as ms_signer_open().
 */
int ms_key_decode(struct ms_ctx *ctx, const char *path, const struct ms_buf *content,
		  struct ms_secret *secret, EVP_PKEY **ret);

/**
 * Decrypts a private key with @secret, which was asked for. -E2BIG: it asks for more work
 * than any key needs; -ENOMEM; -ECANCELED; -EIO, with the reason in OpenSSL's queue
 * and no message: the passphrase is wrong, or the encryption is unknown.
 */
int ms_pkcs8_decrypt(struct ms_ctx *ctx, const X509_SIG *encrypted,
		     const struct ms_secret *secret, PKCS8_PRIV_KEY_INFO **ret);

/**
 * The certificate in the content of the file @path: the first that belongs to @key,
 * else the first. -EBADMSG: none, or one that does not parse.
 */
int ms_cert_decode(struct ms_ctx *ctx, const char *path, const struct ms_buf *content,
		   const EVP_PKEY *key, X509 **ret);

/**
 * What @key is. -EINVAL: of a type that modules are not signed with. @shown: where it is
 * from.
 */
int ms_key_type_of(struct ms_ctx *ctx, const char *shown, const EVP_PKEY *key,
		   const struct ms_key_type **ret);

/** The same without an error, of all types in the table; NULL: in no row. */
const struct ms_key_type *ms_key_type_known(const EVP_PKEY *key);

/**
 * The type of a key of that kind, as EVP_PKEY_is_a() names kinds, with a modulus of @bits
 * (RSA) or on the curve @group (EC; "": it gives parameters of its own). Errors as
 * ms_key_type_of().
 */
int ms_key_type_find(struct ms_ctx *ctx, const char *shown, const char *kind, int bits,
		     const char *group, const struct ms_key_type **ret);

/** Says that modules are not signed with keys of that kind. Returns -EINVAL. */
int ms_key_type_refuse(struct ms_ctx *ctx, const char *shown, const char *kind);

/**
 * The type that its algorithm alone tells: ML-DSA's, of which OpenSSL before 3.5 makes no
 * key. NULL: another algorithm.
 */
const struct ms_key_type *ms_key_type_by_object(const ASN1_OBJECT *algorithm);

/** The type of that name, if modules are signed with it. -EINVAL, with all the names. */
int ms_key_type_request(struct ms_ctx *ctx, const char *name,
			const struct ms_key_type **ret);

/** How raw signatures are made. */
struct ms_raw_signing {
	EVP_PKEY *key; /* borrowed */
	const struct ms_key_type *type;
	bool in_token;
	const EVP_MD *md;       /* of the digest; not for ML-DSA */
	OSSL_LIB_CTX *libctx;   /* where the key lives; NULL: the default one */
	const char *properties; /* which implementation of OpenSSL's: NULL or a query */
	bool deterministic;     /* say so to OpenSSL; not for RSA */
	pthread_mutex_t *lock;  /* held while signing, where one at a time may; or NULL */
};

/**
 * True where OpenSSL can be told to make this key's nonces deterministic: 3.2 for ECDSA,
 * 3.5 for ML-DSA, and never a token.
 */
bool ms_raw_can_be_deterministic(const struct ms_raw_signing *how);

/**
 * Signs a digest (RSA, ECDSA) or the data (ML-DSA). Appends the signature to @ret.
 * Used from any thread. -EIO, -ENOMEM.
 */
int ms_raw_sign(struct ms_ctx *ctx, const struct ms_raw_signing *how, const uint8_t *data,
		size_t len, struct ms_buf *ret);

/** True where @signature is this key's over a digest, by the public key. Not for ML-DSA. */
bool ms_raw_verify(const struct ms_raw_signing *how, EVP_PKEY *public, const uint8_t *digest,
		   size_t len, const struct ms_buf *signature);

/**
 * 0 where @cert is the certificate of @how's key, in a form that kernels read. -EINVAL.
 * @digest_len: of the digests that will be signed. @cert_name: NULL: it came with the key.
 */
int ms_key_pair_check(struct ms_ctx *ctx, const struct ms_raw_signing *how,
		      size_t digest_len, X509 *cert, const char *key_name,
		      const char *cert_name);

#endif
