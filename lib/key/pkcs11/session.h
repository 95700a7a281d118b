/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_PKCS11_SESSION_H
#define MS_KEY_PKCS11_SESSION_H

/*
 * A session with a token by PKCS#11's own interface, for what OpenSSL's ways to tokens
 * cannot do everywhere: making keys and storing certificates.
 *
 *	session.c      module, token, login
 *	object.c       key pair, raw signature, certificate in the token
 *	make.c         a new key and its certificate, from all that
 *	make-absent.c  where p11-kit's headers were not there to build with
 */

#include <p11-kit/pkcs11.h>

#include "pkcs11.h"

/** A session that may write, logged in where the token wants that. */
struct ms_session {
	struct ms_pkcs11_uri uri;
	void *module;               /* dlopen()'s */
	CK_FUNCTION_LIST *f; /* the module's; NULL before C_Initialize */
	bool finalize;              /* it was us who initialized it */
	CK_SLOT_ID slot;
	CK_TOKEN_INFO token;
	char what[64];              /* "token 'LABEL'", for messages */
	bool opened;
	CK_SESSION_HANDLE handle;
};

/**
 * Opens a session with the one token that the URI @text names and logs in, by one
 * attempt: the PIN is the URI's, else @fn's. Errors as ms_key_new_token().
 */
int ms_session_open(struct ms_ctx *ctx, const char *text, ms_secret_fn fn, void *userdata,
		    struct ms_session **ret);

/** Logs out, closes and frees @session, which may be NULL. Returns NULL. */
struct ms_session *ms_session_free(struct ms_session *session);
MS_DEFINE_CLEANUP(ms_cleanup_session, struct ms_session *, ms_session_free)

/** The message for a PKCS#11 call that failed, "cannot DO: ...". Returns the errno. */
int ms_session_fail(struct ms_ctx *ctx, const struct ms_session *session, CK_RV rv,
		    const char *what);

/** One of a token's texts, such as its label, without the blanks behind; to free(). */
char *ms_token_text(const CK_UTF8CHAR *text, size_t size);

/** A key pair in the token, and the names that it and its certificate have there. */
struct ms_token_key {
	const struct ms_key_type *type;
	char *label;
	struct ms_buf id;
	CK_OBJECT_HANDLE private, public;
};

/** -EEXIST: the token has an object of that label or identifier. */
int ms_token_key_check_free(struct ms_ctx *ctx, const struct ms_session *session,
			    const struct ms_token_key *key);

/** Makes the pair, under its names. -EOPNOTSUPP, -EROFS, -EIO. */
int ms_token_key_generate(struct ms_ctx *ctx, const struct ms_session *session,
			  struct ms_token_key *key);

/** The public key, out of the token. -EIO: it gives none, or one that is none. */
int ms_token_key_public(struct ms_ctx *ctx, const struct ms_session *session,
			const struct ms_token_key *key, EVP_PKEY **ret);

/**
 * Signs by the private key as the token does: @data is a DigestInfo for RSA, a digest for
 * EC keys, whose signature is r and s in fixed width. Appends to @ret.
 */
int ms_token_key_sign(struct ms_ctx *ctx, const struct ms_session *session,
		      const struct ms_token_key *key, const uint8_t *data, size_t len,
		      struct ms_buf *ret);

/** Stores the certificate under the key's names. */
int ms_token_key_store_cert(struct ms_ctx *ctx, const struct ms_session *session,
			    const struct ms_token_key *key, X509 *cert);

/** Removes the pair again. */
void ms_token_key_destroy(const struct ms_session *session,
			  const struct ms_token_key *key);

#endif
