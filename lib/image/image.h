/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_IMAGE_IMAGE_H
#define MS_IMAGE_IMAGE_H

/*
 * Kernel images and other sources of certificates, opened to what lies in them. All
 * sources end in one struct: certificates with their place, revoked hashes, a release.
 */

#include <modseal/cert.h>

#include "../base/buffer.h"
#include "../judge/x509.h"
#include "../merkle/merkle.h"

enum ms_source_kind {
	MS_SOURCE_UNKNOWN = 0,
	MS_SOURCE_KERNEL,
	MS_SOURCE_CERTIFICATES, /* DER, several DER, PEM */
	MS_SOURCE_EFI_LIST,
};

struct ms_source_cert {
	enum ms_cert_place place;
	const uint8_t *der; /* borrowed from the source */
	size_t len;
};

/** A revoked digest out of an EFI list. */
struct ms_source_digest {
	uint8_t digest[64];
	size_t len;
	bool tbs; /* of a TBS certificate (EFI_CERT_X509_SHAxxx), else of data */
};

struct ms_source {
	enum ms_source_kind kind;
	struct ms_source_cert *certs;
	size_t n_certs;
	size_t certs_room;
	struct ms_source_digest *digests;
	size_t n_digests;
	size_t digests_room;
	char *release;	     /* kernel: "7.3.4+deb13-amd64"; NULL where it does not say */
	bool has_sections;   /* kernel: an ELF file, in which section .module_hashes shows */
	struct ms_kernel_hashes *hashes; /* kernel: of its modules, where asked for; or NULL */
	bool has_symbols;    /* kernel: the lists were found by symbol, not by scanning */
	struct ms_buf bytes; /* what the certificates point into */
};

/**
 * Opens a file that holds certificates, telling its kind by its content.
 * @ret: free with ms_source_free(). Errors: those of opening; -EBADMSG not one of the
 * kinds, corrupt, or ambiguous: the message says which; -EFBIG.
 */
int ms_source_open(struct ms_ctx *ctx, const char *path, struct ms_source **ret);

/**
 * The same, with the hashes of a kernel image: what no build makes of section
 * .module_hashes is -EBADMSG, which ms_source_open() does not look at.
 */
int ms_source_open_kernel(struct ms_ctx *ctx, const char *path, struct ms_source **ret);

/** ms_source_open() over bytes, for fuzzing and tests. @shown: the name for messages. */
int ms_source_parse(struct ms_ctx *ctx, const uint8_t *data, size_t len,
		    const char *shown, struct ms_source **ret);

struct ms_source *ms_source_free(struct ms_source *source);

/** The certificates of one file; what outside programs ask by functions. */
struct ms_cert_list {
	struct ms_cert_info *certs;
	size_t count;
	char *release; /* of a kernel image; NULL otherwise */
};

/** ms_cert_list_read() of a source that was opened already. @path: its name. */
int ms_cert_list_of(struct ms_ctx *ctx, const char *path, const struct ms_source *source,
		    struct ms_cert_list **ret);

/** Appends a certificate as a PEM block. -ENOMEM. */
int ms_cert_pem_append(struct ms_buf *out, const uint8_t *der, size_t der_len);

#endif
