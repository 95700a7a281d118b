/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_KEY_H
#define MODSEAL_KEY_H

/* New keys: a private key and its self-signed certificate, made to sign modules with. */

#include <modseal/base.h>
#include <modseal/hash.h>
#include <modseal/cert.h>
#include <modseal/sign.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What to make. Set type, the rest zero. */
struct ms_key_request {
	size_t size; /* sizeof(struct ms_key_request) */
	/* "rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521", "mldsa44/65/87" */
	const char *type;
	/* of the certificate's signature; NONE: SHA-512. ML-DSA has its own */
	enum ms_hash hash;
	/* the subject's CN, UTF-8; NULL: "Local Out of tree kernel module signing key" */
	const char *cn;
	/*
	 * An x509.genkey file as the kernel's build has it: subject and extensions are
	 * taken from there. NULL: the extensions of the kernel's
	 * certs/default_x509.genkey.
	 */
	const char *genkey;
	unsigned days;     /* from now on; 0: 36500 */
	bool code_signing; /* extendedKeyUsage codeSigning */
	/* the passphrase that encrypts the key, or the token's PIN; NULL: there is none */
	ms_secret_fn secret;
	void *secret_userdata;
};

/** Where a new key goes. */
struct ms_key_output {
	size_t size; /* sizeof(struct ms_key_output) */
	/* key and certificate, PEM, mode 0600; PATH.crt: the certificate, DER */
	const char *path;
	bool replace;     /* a key that is there is lost; else it is -EEXIST */
	bool no_sync;     /* do not wait for the disk */
};

/** What was made. Members may be added at the end. */
struct ms_made_key {
	const char *key;   /* the file, or the pkcs11: URI without any query */
	const char *cert;  /* the file; NULL: the certificate is in the token only */
	enum ms_hash hash; /* of the certificate's signature; NONE: ML-DSA's own */
	const struct ms_cert_info *info; /* the certificate */
};

/**
 * Makes a key and writes it to files, which appear whole or not at all; the private key
 * is readable by its owner only from the moment on that its file is there. @ret: free
 * with ms_made_key_free().
 *
 * Errors: -EINVAL a type, name, number of days or genkey file that cannot be used (the
 * message says why), or an empty passphrase; -EOPNOTSUPP this OpenSSL cannot make such
 * keys: the message says which version can; -EEXIST there is such a file; -ENOKEY no
 * passphrase to be had; -EIO the crypto library failed; those of reading the genkey file
 * and of writing.
 */
MS_PUBLIC int ms_key_new_file(struct ms_ctx *ctx, const struct ms_key_request *request,
			      const struct ms_key_output *output,
			      struct ms_made_key **ret);

/**
 * Makes a key inside a PKCS#11 token, which it never leaves, and stores the certificate
 * beside it, both under the same label and identifier.
 *
 * @uri: pkcs11: URI (RFC 7512) of the key to be: token, serial, model, manufacturer and
 * slot-id choose the token, object is the label (NULL: "modseal"), id the identifier
 * (NULL: random); of the query pin-value, pin-source and module-path count, as in
 * struct ms_signer_options. @cert_path: the certificate goes there too, DER; or NULL;
 * output options as above.
 *
 * Errors, besides those above: -ENXIO no PKCS#11 module or no such token, or more than
 * one; -EEXIST an object of that label or identifier is in the token: nothing there is
 * ever replaced; -EKEYREJECTED wrong PIN or a locked token; -EOPNOTSUPP the token makes
 * no such keys; -EROFS the token is write-protected.
 */
MS_PUBLIC int ms_key_new_token(struct ms_ctx *ctx, const struct ms_key_request *request,
			       const char *uri, const struct ms_key_output *cert_output,
			       struct ms_made_key **ret);

/** Frees @made, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_made_key *ms_made_key_free(struct ms_made_key *made);

#ifdef __cplusplus
}
#endif
#endif
