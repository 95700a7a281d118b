/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_KEY_MAKE_H
#define MS_KEY_KEY_MAKE_H

/*
 * New keys, in memory.
 *
 *	key-make.c        a key pair, the certificate, and both as PEM
 *	cert-make.c       the certificate: subject, serial, validity, extensions
 *	genkey.c          subject and extensions from an x509.genkey file
 *	key-new.c         the public interface: into files
 *	key-pkcs11-*.c    the same inside a PKCS#11 token
 */

#include <openssl/conf.h>

#include <modseal/key.h>

#include "../base/buffer.h"
#include "key.h"

/** A new key: what a store or a file is made of. */
struct ms_new_key {
	/*
	 * PKCS#8, secret: ms_buf_wipe(); empty: it is in a token. The certificate fits
	 * behind it without the buffer being moved in memory.
	 */
	struct ms_buf key_pem;
	struct ms_buf cert_pem;
	struct ms_buf cert_der;
	const char *type; /* a constant */
};

/**
 * Makes a key pair and its self-signed certificate, which was read by the kernel's
 * grammar before it is handed out. @ret: free with ms_new_key_done(). Errors as
 * ms_key_new_file(), but for those of writing.
 */
int ms_key_make(struct ms_ctx *ctx, const struct ms_key_request *request,
		struct ms_new_key *ret);

/**
 * The same inside the token that @uri names; key_pem stays empty. @ret_uri: by which the
 * key is opened again, without any query, to free(). Errors as ms_key_new_token().
 */
int ms_key_make_in_token(struct ms_ctx *ctx, const struct ms_key_request *request,
			 const char *uri, struct ms_new_key *ret, char **ret_uri);

/** Wipes and frees what is in it; it is empty then. */
void ms_new_key_done(struct ms_new_key *key);

/** A certificate that is all there but its signature, for the public key @public. */
int ms_cert_draft(struct ms_ctx *ctx, const struct ms_key_request *request,
		  EVP_PKEY *public, X509 **ret);

/**
 * The type of the request and how its certificate is signed: @ret_hash and @ret_md, none
 * and NULL for ML-DSA. Refuses what could not be made, before anything is. -EINVAL,
 * -EOPNOTSUPP.
 */
int ms_key_request_check(struct ms_ctx *ctx, const struct ms_key_request *request,
			 const struct ms_key_type **ret_type, enum ms_hash *ret_hash,
			 const EVP_MD **ret_md);

/**
 * Fills cert_der and cert_pem from @cert, whose self-signature is verified and which a
 * kernel has to be able to read: -EINVAL.
 */
int ms_new_key_set_cert(struct ms_ctx *ctx, X509 *cert, struct ms_new_key *ret);

/** True where a subject's @text would have to be escaped before a terminal sees it. */
bool ms_name_has_control(const char *text);

/** Subject and extensions of an x509.genkey file. */
struct ms_genkey;

/**
 * Reads what `openssl req -new -x509 -batch -utf8 -config` would: [ req ] with prompt =
 * no, distinguished_name and x509_extensions, and their sections. Variables and .include
 * are refused, since a certificate is public and a file from somebody else could name
 * anything. -EINVAL; errors of reading.
 */
int ms_genkey_read(struct ms_ctx *ctx, const char *path, struct ms_genkey **ret);

/** Adds the entries of the distinguished name to @name. -EINVAL. */
int ms_genkey_add_subject(struct ms_ctx *ctx, const struct ms_genkey *genkey,
			  X509_NAME *name);

/**
 * Adds the extensions to @cert, whose key and names are there. *@ret_any: false where the
 * file names no section of extensions. -EINVAL.
 */
int ms_genkey_add_extensions(struct ms_ctx *ctx, const struct ms_genkey *genkey,
			     X509 *cert, bool *ret_any);

/** Frees @genkey, which may be NULL. Returns NULL. */
struct ms_genkey *ms_genkey_free(struct ms_genkey *genkey);
MS_DEFINE_CLEANUP(ms_cleanup_genkey, struct ms_genkey *, ms_genkey_free)

/** Adds one extension as a line of OpenSSL's configuration has it. @conf may be NULL. */
int ms_cert_add_extension(struct ms_ctx *ctx, CONF *conf, X509 *cert, const char *name,
			  const char *value);

#endif
