/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_SIGN_H
#define MODSEAL_SIGN_H

/* A private key with its certificate, ready to sign modules. */

#include <modseal/base.h>
#include <modseal/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A key, its certificate and how to sign with them. Safe to use from many threads. */
struct ms_signer;

/** Where the nonce of an ECDSA or ML-DSA signature comes from. */
enum ms_nonce {
	MS_NONCE_AUTO = 0,      /* deterministic where the crypto library can */
	MS_NONCE_DETERMINISTIC, /* -EOPNOTSUPP where it cannot */
	MS_NONCE_RANDOM,
};

/**
 * Asks for the secret that unlocks @what ("private key 'mok.key'", "token 'modseal'").
 * Writes at most @size bytes to @buffer, without a NUL, and returns their number, or
 * a negative errno value: -ENOKEY where no secret is to be had. The library wipes the
 * buffer. Called at most once for one secret.
 */
typedef int (*ms_secret_fn)(void *userdata, const char *what, char *buffer, size_t size);

struct ms_signer_options {
	size_t size; /* sizeof(struct ms_signer_options) */
	/*
	 * Path of a PEM or DER file (or pipe), or a pkcs11: URI (RFC 7512); must be set.
	 * Of a URI's query pin-value, pin-source (a file) and module-path count.
	 */
	const char *key;
	const char *cert; /* path of a PEM or DER file or a pkcs11: URI; NULL: KEY's own */
	enum ms_hash hash; /* NONE: SHA-512. ML-DSA has SHA-512 always (RFC 9882, 3.3) */
	bool use_skid;     /* name the key by SKID, SignerInfo v3, as sign-file -k */
	enum ms_nonce nonce;
	ms_secret_fn secret; /* NULL: an encrypted key or a token's PIN is -ENOKEY */
	void *secret_userdata;
};

/**
 * Opens the key and its certificate, once for a whole run: a token is logged into
 * here and never again.
 *
 * Errors: -ENOENT and other errors of opening files; -EFBIG a file of more than 1 MiB, or
 * a private key of more than 65,535 bytes; -EBADMSG no key or certificate in the file;
 * -EKEYREJECTED wrong passphrase or PIN, or a locked token; -ENOKEY no secret to be had;
 * -ENXIO no such token or object, or no PKCS#11 provider; -EINVAL key and certificate do
 * not belong together, no kernel reads such a certificate, a key of a kind that no kernel
 * takes (modseal signs with RSA of two primes and 2048, 3072 or 4096 bits, ECDSA on P-256,
 * P-384 and P-521, given by name, and ML-DSA), or an unusable option;
 * -EOPNOTSUPP the crypto library cannot do it: the message says which version can.
 */
MS_PUBLIC int ms_signer_open(struct ms_ctx *ctx, const struct ms_signer_options *options,
			     struct ms_signer **ret);

/** Frees @signer, which may be NULL, and wipes its secrets. Returns NULL. */
MS_PUBLIC struct ms_signer *ms_signer_free(struct ms_signer *signer);

/* What a signer is. Strings are the signer's. */

/** "rsa4096", "p384", "mldsa65". */
MS_PUBLIC const char *ms_signer_key_type(const struct ms_signer *signer);
/** The digest algorithm that it signs with. */
MS_PUBLIC enum ms_hash ms_signer_hash(const struct ms_signer *signer);
/** The subject of its certificate, one line. */
MS_PUBLIC const char *ms_signer_subject(const struct ms_signer *signer);
/** The serial number of its certificate, "4A:01:...". */
MS_PUBLIC const char *ms_signer_serial(const struct ms_signer *signer);
/** The subject key identifier, "AB:CD:..."; "" where the certificate has none. */
MS_PUBLIC const char *ms_signer_skid(const struct ms_signer *signer);
/** Are two signatures of the same bytes the same? */
MS_PUBLIC bool ms_signer_is_deterministic(const struct ms_signer *signer);

/**
 * Signs @data and returns the PKCS#7 message that sign-file would write: CMS
 * SignedData in DER without certificates and signed attributes.
 *
 * @ret_der: to free(). Errors: -EIO the crypto library or the token failed.
 */
MS_PUBLIC int ms_signer_sign(struct ms_ctx *ctx, const struct ms_signer *signer,
			     const void *data, size_t len, uint8_t **ret_der,
			     size_t *ret_len);

#ifdef __cplusplus
}
#endif
#endif
