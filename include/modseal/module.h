/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_MODULE_H
#define MODSEAL_MODULE_H

/* What a module file says of itself, and what a kernel would say of it. */

#include <modseal/base.h>
#include <modseal/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a module file is packed; told by its content, never by its name. */
enum ms_compression {
	MS_COMPRESSION_NONE = 0,
	MS_COMPRESSION_GZIP,
	MS_COMPRESSION_XZ,
	MS_COMPRESSION_ZSTD,
	MS_COMPRESSION_COUNT,
};

/** "none", "gzip", "xz", "zstd". */
MS_PUBLIC const char *ms_compression_name(enum ms_compression compression);

/** The kernel's verdict on a signature. Only MS_VERDICT_TRUSTED means trusted. */
enum ms_verdict {
	MS_VERDICT_UNDECIDED = 0, /* the question could not be answered */
	MS_VERDICT_TRUSTED,
	MS_VERDICT_UNSIGNED,    /* ENODATA */
	MS_VERDICT_UNSUPPORTED, /* ENOPKG */
	MS_VERDICT_UNKNOWN_KEY, /* ENOKEY */
	MS_VERDICT_MALFORMED,   /* EBADMSG, EINVAL, EMSGSIZE */
	MS_VERDICT_REJECTED,    /* EKEYREJECTED */
	MS_VERDICT_COUNT,
};

/** "trusted", "unknown-key", ... */
MS_PUBLIC const char *ms_verdict_name(enum ms_verdict verdict);

/** By what a kernel knew a module. */
enum ms_voucher {
	MS_VOUCHER_NONE = 0, /* nobody vouched for it */
	MS_VOUCHER_SIGNATURE,
	MS_VOUCHER_HASH_LIST,   /* the kernel's list of hashes has it */
	MS_VOUCHER_MERKLE_ROOT, /* it has a proof that leads to the kernel's root */
};

/** "signature", "hash-list", "merkle-root"; NULL where nobody vouched. */
MS_PUBLIC const char *ms_voucher_name(enum ms_voucher voucher);

/** What becomes of a module when it is loaded. */
enum ms_load {
	MS_LOAD_UNDECIDED = 0,
	MS_LOAD_CLEAN,   /* loads */
	MS_LOAD_TAINTED, /* loads, and the kernel is tainted E */
	MS_LOAD_REFUSED,
};

/** "clean", "tainted", "refused"; NULL for undecided. */
MS_PUBLIC const char *ms_load_name(enum ms_load load);

/**
 * What becomes of a module with that verdict in that mode
 * (kernel/module/signing.c:module_sig_check). @elf: the payload is a relocatable ELF
 * file, without which nothing loads.
 */
MS_PUBLIC enum ms_load ms_verdict_load(enum ms_verdict verdict, bool elf,
				       enum ms_mode mode);

/** Would the kernel's own decoder take the file as it is packed? */
enum ms_kernel_decompress {
	MS_KERNEL_DECOMPRESS_NA = 0, /* not packed, or not to be told */
	MS_KERNEL_DECOMPRESS_OK,
	MS_KERNEL_DECOMPRESS_REFUSED,
};

/**
 * How many bytes are kept of what a module says of itself. The longest signature that a
 * kernel verifies has 4,627 (ML-DSA-87), and what the kernel's build writes into .modinfo
 * some hundreds; a module can claim to have a gigabyte of either.
 */
#define MS_SIGNATURE_KEPT 16384
#define MS_MODINFO_KEPT	  4096

/**
 * The fields of one signature, under the names of kmod's modinfo. Strings are UTF-8 or
 * NULL where the signature does not say.
 */
struct ms_signature_fields {
	uint8_t id_type;
	const char *sig_id;       /* "PKCS#7", "X509", "PGP", "Merkle", "unknown" */
	char *signer;             /* common name of the issuer named, or NULL */
	char *sig_key;            /* its serial or SKID, "4A:01:..." */
	char *sig_hashalgo;       /* "sha256" */
	char *sig_algo;           /* "rsa", "ecdsa", "mldsa65" */
	uint32_t sig_len;         /* bytes of the PKCS#7 message */
	uint8_t *signature;       /* the raw signature value, modinfo's "signature" */
	size_t signature_len;	  /* bytes that are kept of it */
	size_t signature_full;	  /* bytes that it has */
};

/** What the payload's .modinfo section says; NULL where it does not. */
struct ms_modinfo {
	char *name;
	char *vermagic;
	char *version;
	char *srcversion;
	/*
	 * the bytes that each has in the file, of which MS_MODINFO_KEPT are kept at most
	 */
	size_t name_full, vermagic_full, version_full, srcversion_full;
};

#ifdef __cplusplus
}
#endif
#endif
