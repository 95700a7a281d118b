/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_CERT_H
#define MODSEAL_CERT_H

/* Certificates, described: those in files, and those in kernel images. */

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a certificate lies in what it was read from. */
enum ms_cert_place {
	MS_CERT_IN_FILE = 0, /* a certificate file or EFI list */
	MS_CERT_OWN_KEY,     /* the key that the build signed its modules with */
	MS_CERT_TRUSTED,     /* CONFIG_SYSTEM_TRUSTED_KEYS */
	MS_CERT_EXTRA,	     /* inserted into CONFIG_SYSTEM_EXTRA_CERTIFICATE's area */
	MS_CERT_REVOKED,     /* CONFIG_SYSTEM_REVOCATION_KEYS */
};

/** The place's name, a constant: "file", "own-key", "trusted", "extra", "revoked". */
MS_PUBLIC const char *ms_cert_place_name(enum ms_cert_place place);

/**
 * One certificate, described. Later versions may add members at the end. All is owned by
 * the list it is in. Of a certificate that OpenSSL cannot read the texts are empty, and
 * so is a time that is none.
 */
struct ms_cert_info {
	enum ms_cert_place place;
	char *source;  /* the file it was read from */
	char *subject; /* one line, RFC 2253 as OpenSSL prints it */
	char *issuer;
	char *serial;	  /* "4A:01:..." */
	char *skid;	  /* "AB:CD:..."; NULL where there is none */
	char *key_type;	  /* "rsa4096", "p384", "mldsa65", "unknown" */
	char *not_before; /* ISO 8601, UTC: "2026-01-31T00:00:00Z" */
	char *not_after;
	char *sha256;	     /* of the DER, lower case hex */
	bool kernel_can_use; /* the kernel's parser takes it and knows its key type */
	uint8_t *der;
	size_t der_len;
};

/** The certificates of one file. */
struct ms_cert_list;

/** How many there are; 0 for NULL. */
MS_PUBLIC size_t ms_cert_list_count(const struct ms_cert_list *list);

/** The @i-th, owned by @list; NULL past the last. */
MS_PUBLIC const struct ms_cert_info *ms_cert_list_at(const struct ms_cert_list *list,
						     size_t i);

/** The release of the kernel image that they were read from; NULL: it was none. */
MS_PUBLIC const char *ms_cert_list_release(const struct ms_cert_list *list);

/**
 * Reads the certificates of a kernel image, a certificate file or an EFI list.
 * @ret: free with ms_cert_list_free().
 *
 * Files are told by their content: kernel images (bzImage, vmlinux, EFI zboot, UKI, arm64
 * and riscv Image, packed or not), DER certificates back to back, PEM, EFI signature
 * lists. In PEM files only CERTIFICATE blocks count and other blocks are passed over.
 *
 * Errors: -ENOENT etc.; -EBADMSG none of these, corrupt, or a kernel image whose trusted
 * and revoked certificates cannot be told apart; -EFBIG an image of more than 1 GiB;
 * -ENOKEY no certificate in it.
 */
MS_PUBLIC int ms_cert_list_read(struct ms_ctx *ctx, const char *path,
				struct ms_cert_list **ret);

/** Frees @list, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_cert_list *ms_cert_list_free(struct ms_cert_list *list);

/**
 * Writes @n certificates as PEM, replacing @path atomically (a new file gets mode 0666
 * less the umask). Errors: those of writing.
 */
MS_PUBLIC int ms_cert_save_pem(struct ms_ctx *ctx,
			       const struct ms_cert_info *const *certs, size_t n,
			       const char *path);

#ifdef __cplusplus
}
#endif
#endif
