/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_MODULE_H
#define MODSEAL_MODULE_H

/*
 * What a module file says of itself, what a kernel would say of it, and what is done to
 * it: one module in memory. Trees of them, on disk, are <modseal/tree.h>'s.
 */

#include <modseal/base.h>
#include <modseal/hash.h>
#include <modseal/sign.h>
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
};

/** The name of the format, a constant: "none", "gzip", "xz", "zstd". */
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
};

/**
 * The verdict's name, a constant: "trusted", "unsigned", "unsupported", "unknown-key",
 * "malformed", "rejected"; "undecided" for everything else.
 */
MS_PUBLIC const char *ms_verdict_name(enum ms_verdict verdict);

/** By what a kernel knew a module. */
enum ms_voucher {
	MS_VOUCHER_NONE = 0, /* nobody vouched for it */
	MS_VOUCHER_SIGNATURE,
	MS_VOUCHER_HASH_LIST,   /* the kernel's list of hashes has it */
	MS_VOUCHER_MERKLE_ROOT, /* it has a proof that leads to the kernel's root */
};

/** What becomes of a module when it is loaded. */
enum ms_load {
	MS_LOAD_UNDECIDED = 0,
	MS_LOAD_CLEAN,   /* loads */
	MS_LOAD_TAINTED, /* loads, and the kernel is tainted E */
	MS_LOAD_REFUSED,
};

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
 * NULL where the signature does not say. Later versions may add members at the end.
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

/**
 * What the payload's .modinfo section says; NULL where it does not. Later versions may
 * add members at the end.
 */
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

/** The fields of every trailer of a module, outermost first. */
struct ms_signature_list;

/** How many there are; 0 for NULL. */
MS_PUBLIC size_t ms_signature_list_count(const struct ms_signature_list *list);

/** The @i-th, owned by @list; NULL past the last. */
MS_PUBLIC const struct ms_signature_fields *
ms_signature_list_at(const struct ms_signature_list *list, size_t i);

/** Frees @list, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_signature_list *
ms_signature_list_free(struct ms_signature_list *list);

/** Frees @modinfo, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_modinfo *ms_modinfo_free(struct ms_modinfo *modinfo);

/*
 * One module in memory.
 *
 * It is opened from the bytes of its file, packed or not. All that is asked is about its
 * content, the unpacked file:
 *
 *	content = bare module | trailer | ... | trailer
 *
 * A trailer is a signature (or proof) with struct module_signature and the marker behind
 * it (include/linux/module_signature.h). The payload is the content without the outermost
 * trailer: what its signature is about. A module without a trailer is all payload.
 *
 * One module is used by one thread at a time; any number of modules share a trust set or
 * a signer.
 */
struct ms_module;

struct ms_module_options {
	size_t size;	   /* sizeof(struct ms_module_options) */
	uint64_t max_size; /* bytes that the content may have; 0: 1 GiB */
};

/**
 * Opens the module file of @len bytes at @data, which stay the caller's, are not copied,
 * and must be there and the same until ms_module_free(). @options may be NULL.
 * @ret: free with ms_module_free().
 *
 * Nothing about signatures makes it fail: a broken trailer is the judgement's to tell.
 * Errors: -EBADMSG packed, and corrupt or cut off; -ENOTUNIQ packed, and more behind the
 * first stream: two readers would read two modules, and no kernel is to trust it; -EFBIG
 * more than the maximum; -EOPNOTSUPP packed by a feature that modseal does not know;
 * -EINVAL an option; -ENOMEM.
 */
MS_PUBLIC int ms_module_open(struct ms_ctx *ctx, const void *data, size_t len,
			     const struct ms_module_options *options,
			     struct ms_module **ret);

/** Frees @module, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_module *ms_module_free(struct ms_module *module);

/** How the file is packed. */
MS_PUBLIC enum ms_compression ms_module_compression(const struct ms_module *module);

/** The unpacked file: @ret_len bytes, the module's own or the caller's. */
MS_PUBLIC const uint8_t *ms_module_content(const struct ms_module *module,
					   size_t *ret_len);

/**
 * The content without its outermost trailer: what the signature in that is about. Where
 * the trailer is broken there is no payload, and it has no bytes.
 */
MS_PUBLIC const uint8_t *ms_module_payload(const struct ms_module *module,
					   size_t *ret_len);

/**
 * The content without any trailer: what a new signature is about. -EBADMSG: it ends in a
 * marker that has no trailer before it, which cannot be taken off.
 */
MS_PUBLIC int ms_module_bare(struct ms_ctx *ctx, const struct ms_module *module,
			     const uint8_t **ret, size_t *ret_len);

/**
 * The digest of the bare module, by which manifests, bundles and kernels' lists know it.
 * @ret has room for @size bytes, ms_hash_size() of @hash at least.
 *
 * Errors: as ms_module_bare(); -ENOBUFS @size is less; -EINVAL MS_HASH_NONE; -EOPNOTSUPP
 * the crypto library has no such algorithm; -EIO it failed.
 */
MS_PUBLIC int ms_module_digest(struct ms_ctx *ctx, struct ms_module *module,
			       enum ms_hash hash, uint8_t *ret, size_t size);

/** One trailer of a module. */
struct ms_trailer_info {
	size_t size;	    /* sizeof(struct ms_trailer_info) */
	size_t payload_len; /* bytes of the content that stand before it */
	const uint8_t *signature; /* the module's */
	size_t signature_len;
	/* struct module_signature, as it is in the file */
	uint8_t algo, hash, id_type, signer_len, key_id_len, pad[3];
};

/**
 * The trailers, from the outermost on. @outer: the one before, as this function gave it;
 * NULL asks for the outermost. Takes the time of looking at one trailer.
 *
 * Errors: -ENOENT there is no other; -EBADMSG a marker without a trailer before it, or
 * @outer is not of this module; -EINVAL a size that is not set.
 */
MS_PUBLIC int ms_module_trailer(struct ms_ctx *ctx, const struct ms_module *module,
				const struct ms_trailer_info *outer,
				struct ms_trailer_info *ret);

/**
 * What all trailers say of themselves (of a hostile file's thousands, the outermost 64).
 * @ret: free with ms_signature_list_free(). -ENOMEM.
 */
MS_PUBLIC int ms_module_signatures(struct ms_ctx *ctx, const struct ms_module *module,
				   struct ms_signature_list **ret);

/**
 * What the payload's .modinfo says. @ret: free with ms_modinfo_free(); all its members
 * are NULL where the payload is no module. -ENOMEM.
 */
MS_PUBLIC int ms_module_modinfo(struct ms_ctx *ctx, const struct ms_module *module,
				struct ms_modinfo **ret);

/** What was found of a signature. Zero values, and no judgement, are no trust. */
struct ms_judgement;

/**
 * The verdict on the module of the kernel that @trust describes: on its outermost
 * signature, or where that kernel knows modules by hashes, on these, too. Returns 0 where
 * there is a verdict, whatever it is: only ms_judgement_is_good() means that the module can
 * be trusted. @ret: free with ms_judgement_free(); not written where this fails.
 *
 * Errors: -EIO, -EOPNOTSUPP the crypto library cannot say; -ENOMEM.
 */
MS_PUBLIC int ms_module_judge(struct ms_ctx *ctx, struct ms_module *module,
			      const struct ms_trust *trust, struct ms_judgement **ret);

/** Frees @judgement, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_judgement *ms_judgement_free(struct ms_judgement *judgement);

/**
 * Does the kernel trust the module, and is nobody among its signers revoked? (A kernel
 * may trust one with a revoked signer.) False for NULL.
 */
MS_PUBLIC bool ms_judgement_is_good(const struct ms_judgement *judgement);

/** The kernel's verdict; of NULL it is undecided. */
MS_PUBLIC enum ms_verdict ms_judgement_verdict(const struct ms_judgement *judgement);

/** The errno that the kernel's check ends with, positive (ENOKEY, ...); 0: trusted. */
MS_PUBLIC int ms_judgement_errno(const struct ms_judgement *judgement);

/** By what the kernel knew the module. */
MS_PUBLIC enum ms_voucher ms_judgement_voucher(const struct ms_judgement *judgement);

/**
 * Who vouches: the trusted key's subject or SKID, "hash list" or "Merkle root ROOT"; NULL
 * where nobody does. The judgement's, as all its texts are.
 */
MS_PUBLIC const char *ms_judgement_vouched_by(const struct ms_judgement *judgement);

/** Why the verdict is what it is, for a person; or NULL. */
MS_PUBLIC const char *ms_judgement_reason(const struct ms_judgement *judgement);

/** The @i-th sentence about a revoked signer; NULL past the last. */
MS_PUBLIC const char *ms_judgement_warning(const struct ms_judgement *judgement, size_t i);

/**
 * What becomes of the module in that mode. Only of ms_module_judge(); else undecided, as
 * it is of NULL.
 */
MS_PUBLIC enum ms_load ms_judgement_load(const struct ms_judgement *judgement,
					 enum ms_mode mode);

/** Would that kernel's own decoder take the file? Only of ms_module_judge(). */
MS_PUBLIC enum ms_kernel_decompress
ms_judgement_kernel_decompress(const struct ms_judgement *judgement);

/** How a new file is made of a module. */
struct ms_module_change {
	size_t size;  /* sizeof(struct ms_module_change) */
	int level;    /* compression level for gzip and zstd; 0: their default */
	bool any_file; /* sign: what is no ELF module, too */
	bool all;     /* strip: all trailers instead of the outermost */
};

/*
 * What follows makes a new file of a module, packed as the old one was (byte for byte as
 * the same operation on a tree would). The module itself stays as it is. @change may be
 * NULL. @ret: to free(), @ret_len bytes.
 *
 * Errors that all have: -EBADMSG a marker without a trailer before it; -EINVAL an option;
 * -EIO the codec failed; -ENOMEM.
 */

/**
 * Signs: all trailers are taken off, and a signature by @signer put in their place. It is
 * verified before this returns. Errors: -ENODATA the module is empty; -ENOEXEC it is no
 * ELF module; -EKEYREJECTED the signature made is not good; those of ms_signer_sign().
 */
MS_PUBLIC int ms_module_sign(struct ms_ctx *ctx, struct ms_module *module,
			     const struct ms_signer *signer,
			     const struct ms_module_change *change, uint8_t **ret,
			     size_t *ret_len);

/** Takes off the outermost trailer, or all. Errors: -ENODATA it has none. */
MS_PUBLIC int ms_module_strip(struct ms_ctx *ctx, const struct ms_module *module,
			      const struct ms_module_change *change, uint8_t **ret,
			      size_t *ret_len);

/**
 * Attaches the signature @der (a PKCS#7 message of @der_len bytes, made elsewhere) in the
 * place of all trailers. With @trust it is judged first, and what is not good is refused;
 * NULL: nobody vouches for it. Errors: -EKEYREJECTED it is not good; -EMSGSIZE it has more
 * than the 65,535 bytes that a kernel reads; those of ms_module_judge().
 */
MS_PUBLIC int ms_module_attach(struct ms_ctx *ctx, struct ms_module *module,
			       const void *der, size_t der_len,
			       const struct ms_trust *trust,
			       const struct ms_module_change *change, uint8_t **ret,
			       size_t *ret_len);

#ifdef __cplusplus
}
#endif
#endif
