/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_CMS_KEY_PKCS11_H
#define MS_CMS_KEY_PKCS11_H

/*
 * Keys and certificates in PKCS#11 tokens, named by URIs (RFC 7512).
 *
 *	key-pkcs11.c                which way to the token, and whose PIN
 *	key-pkcs11-uri.c            the URI: PIN and module taken out of it
 *	key-pkcs11-provider.c       by OpenSSL's provider "pkcs11" (pkcs11-provider)
 *	key-pkcs11-engine.c         by OpenSSL's engine "pkcs11" (libp11)
 *	key-pkcs11-engine-absent.c  where OpenSSL is built without engines
 */

#include "key.h"

/** True where @name is a pkcs11: URI and no path. */
bool ms_is_pkcs11(const char *name);

/** A URI taken apart. All strings are owned; free with ms_pkcs11_uri_done(). */
struct ms_pkcs11_uri {
	char *object; /* the URI without any query: no PIN is in it */
	char *token;  /* the token's label, decoded; NULL */
	char *module; /* module-path, decoded; NULL */
	char *pin;    /* pin-value, decoded, or the content of pin-source; NULL */
};

/**
 * Takes @text apart and reads pin-source, where there is one and no pin-value.
 * -EINVAL: no valid URI; errors of reading pin-source.
 */
int ms_pkcs11_uri_parse(struct ms_ctx *ctx, const char *text, struct ms_pkcs11_uri *ret);

/** The object's URI with this type ("private", "cert") instead of its own; to free(). */
int ms_pkcs11_uri_for(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri, const char *type,
		      char **ret);

/** Wipes and frees. */
void ms_pkcs11_uri_done(struct ms_pkcs11_uri *uri);

/**
 * Loads the private key and, with @ret_cert, the certificate that the URI names, in one
 * login. Either of @ret_key and @ret_cert may be NULL. Errors as ms_signer_open().
 */
int ms_pkcs11_load(struct ms_ctx *ctx, const char *uri, ms_secret_fn fn, void *userdata,
		   EVP_PKEY **ret_key, X509 **ret_cert);

/** One of the ways to a token. */
struct ms_pkcs11_way {
	/* as ms_pkcs11_load() */
	int (*load)(struct ms_ctx *ctx, const struct ms_pkcs11_uri *uri,
		    struct ms_secret *pin, EVP_PKEY **ret_key, X509 **ret_cert);
	/* false: OpenSSL has no such provider or engine */
	bool (*is_there)(void);
};

extern const struct ms_pkcs11_way ms_pkcs11_provider;
extern const struct ms_pkcs11_way ms_pkcs11_engine;

#endif
