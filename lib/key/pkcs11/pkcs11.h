/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEY_PKCS11_PKCS11_H
#define MS_KEY_PKCS11_PKCS11_H

/*
 * Keys and certificates in PKCS#11 tokens, named by URIs (RFC 7512).
 *
 *	pkcs11.c         which way to the token, and whose PIN
 *	uri.c            the URI: PIN and module taken out of it
 *	provider.c       by OpenSSL's provider "pkcs11" (pkcs11-provider)
 *	engine.c         by OpenSSL's engine "pkcs11" (libp11)
 *	engine-absent.c  where OpenSSL is built without engines
 */

#include "../key.h"

/** A URI taken apart. All strings are owned; free with ms_pkcs11_uri_done(). */
struct ms_pkcs11_uri {
	char *object; /* the URI without any query: no PIN is in it */
	char *token;  /* the token's label, decoded; NULL */
	char *module; /* module-path, decoded; NULL */
	char *pin; /* pin-value, decoded, or pin-source's first line; secret memory; NULL
		    */
};

/**
 * Takes @text apart and reads pin-source, where there is one and no pin-value.
 * -EINVAL: no valid URI; errors of reading pin-source.
 */
int ms_pkcs11_uri_parse(struct ms_ctx *ctx, const char *text, struct ms_pkcs11_uri *ret);

/** The object's URI with this type ("private", "cert") instead of its own; to free(). */
int ms_pkcs11_uri_for(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri, const char *type,
		      char **ret);

/** The decoded attribute of the URI's path, to free(); NULL where it has none. -EINVAL. */
int ms_pkcs11_uri_attribute(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri,
			    const char *name, char **ret);

/** The URI of all private keys of the object's token; to free(). */
int ms_pkcs11_uri_keys(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri, char **ret);

/** Wipes and frees. */
void ms_pkcs11_uri_done(struct ms_pkcs11_uri *uri);

/**
 * A token at work. It holds the PIN for as long as its keys are used, because some keys
 * want it again for each signature (CKA_ALWAYS_AUTHENTICATE).
 */
struct ms_token {
	struct ms_pkcs11_uri uri;
	struct ms_secret pin;
	bool opened;    /* the key is there: from now on each question is a right one */
	unsigned asked; /* how often OpenSSL asked for the PIN before */
	bool too_long;  /* the PIN is longer than any */
	bool serialize; /* sign with lock held */
	pthread_mutex_t lock;
	OSSL_LIB_CTX *libctx; /* where its keys live; NULL: the default one */
	void *opaque;         /* the way's own */
	void (*close)(struct ms_token *token);
};

/**
 * Loads what the URI @text names: the private key and the certificate of the same name, in one
 * login. Either of @ret_key and @ret_cert may be NULL. The token must be freed after
 * them. Errors as ms_signer_open().
 */
int ms_pkcs11_load(struct ms_ctx *ctx, const char *text, ms_secret_fn fn, void *userdata,
		   struct ms_token **ret, EVP_PKEY **ret_key, X509 **ret_cert);

/** Wipes the PIN and frees @token, which may be NULL. Returns NULL. */
struct ms_token *ms_token_free(struct ms_token *token);

/** One of the ways to a token. */
struct ms_pkcs11_way {
	/* -ENOPKG: OpenSSL has no such provider or engine; -ENXIO: it cannot be started */
	int (*open)(struct ms_ctx *ctx, struct ms_token *token);
	/* both: 0 or, with the message of ms_token_fail(), its error */
	int (*load_key)(struct ms_ctx *ctx, struct ms_token *token, const char *uri,
			EVP_PKEY **ret);
	int (*load_cert)(struct ms_ctx *ctx, struct ms_token *token, const char *uri,
			 X509 **ret);
};

extern const struct ms_pkcs11_way ms_pkcs11_provider;
extern const struct ms_pkcs11_way ms_pkcs11_engine;

/** The PIN for OpenSSL's callback of this form; @userdata is a struct ms_token. */
int ms_token_give_pin(char *buffer, int size, int for_writing, void *userdata);

/** The PKCS#11 module that was asked for: the URI's or the environment's; NULL. */
const char *ms_pkcs11_module(const struct ms_pkcs11_uri *uri);

/** Loads a PKCS#11 module; dlclose() it. -ENXIO: it cannot be loaded, or is none. */
int ms_pkcs11_open_module(struct ms_ctx *ctx, const char *module, void **ret);

/** The message for a login to @what that failed with this CKR_ value. -EKEYREJECTED. */
int ms_pkcs11_pin_fail(struct ms_ctx *ctx, const char *what, int rv);

/**
 * The failure to load the object of this URI, from what the token said: -EKEYREJECTED
 * wrong PIN or locked, -ENOKEY no PIN, -ENXIO no such object.
 */
int ms_token_fail(struct ms_ctx *ctx, struct ms_token *token, const char *uri);

#endif
