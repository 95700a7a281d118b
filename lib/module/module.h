/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_MODULE_MODULE_H
#define MS_MODULE_MODULE_H

/*
 * One module file in memory: unpacked, its trailers delimited. What is done to a module
 * is expressed as a change: so many of its unpacked bytes kept, a new tail behind them.
 */

#include <sys/uio.h>

#include <modseal/module.h>

#include "../base/buffer.h"
#include "../judge/judge.h"
#include "../key/signer.h"
#include "../codec/codec.h"
#include "../hash/payload.h"
#include "../merkle/merkle.h"
#include "../trust/trust.h"
#include "trailer.h"

/* How many trailers a kernel with hashes looks at; so it is called there, too. */
enum { MODULE_TRAILERS_MAX = 8 };

struct ms_module {
	enum ms_compression compression;
	enum ms_codec_form form; /* to be packed in again */
	enum ms_kernel_decompress kernel_decompress;
	const char *kernel_decompress_reason;
	const uint8_t *data; /* the unpacked file, borrowed from the caller's buffers */
	size_t len;
	struct ms_trailer trailer;  /* the outermost */
	struct ms_payload payload;  /* what the kernel takes as signed: the outermost trailer
				       taken off; empty where that is broken */
	struct ms_payload bare;	    /* ms_module_bare_payload() */

	bool asked_elf; /* whether its first @elf_len bytes are an ELF module: @elf */
	bool elf;
	size_t elf_len;

	struct ms_buf memory; /* of one that ms_module_open() made: what @data is in */
};

/**
 * Reads the file's bytes in @file; packed ones are unpacked into @unpacked. Both belong
 * to the caller and must outlive the module, which has nothing to be freed.
 *
 * Errors: those of ms_codec_unpack(). Of these -ENOTUNIQ (a second stream, or bytes behind
 * the first) is MS_VERDICT_MALFORMED for verify, the others leave it undecided.
 */
int ms_module_read(struct ms_ctx *ctx, const struct ms_buf *file, struct ms_buf *unpacked,
		   uint64_t max_size, struct ms_module *ret);

/**
 * The length of the module without any trailer, and how many it has (or NULL).
 * -EBADMSG: a marker without a trailer before it, which cannot be taken off; the message
 * says why.
 */
int ms_module_bare_len(struct ms_ctx *ctx, const struct ms_module *module,
		       size_t *ret_len, size_t *ret_count);

/**
 * The module without any trailer, whose digests are made at most once. @ret is the
 * module's. Errors as ms_module_bare_len().
 */
int ms_module_bare_payload(struct ms_ctx *ctx, struct ms_module *module,
			   struct ms_payload **ret);

/** Are the first @len bytes of the content what a kernel loads: a relocatable ELF file? */
bool ms_module_is_elf(struct ms_module *module, size_t len);

/**
 * What the kernel loads once it has let the signature pass: the payload, but all that
 * stands before the marker where it did not look into the trailer (id_type other than 2:
 * kernel/module/signing.c:mod_verify_sig returns before it shortens the module), or could
 * not. Borrowed from @module.
 */
struct ms_bytes ms_module_loadable(const struct ms_module *module);

/** The signature of the outermost trailer, borrowed; len 0 where there is none. */
struct ms_bytes ms_module_signature(const struct ms_module *module);

/**
 * The length of the module without the proofs that are its outermost trailers: what the
 * kernel hashes that follows a proof. Other trailers belong to it. -EBADMSG: as above.
 */
int ms_module_unproved_len(struct ms_ctx *ctx, const struct ms_module *module,
			   size_t *ret_len);

/** What a kernel with hashes has to judge by. All borrowed. */
struct ms_vouchers {
	const struct ms_keyring *keyring; /* NULL: it looks at no signatures */
	const struct ms_rules *rules;	  /* NULL where @keyring is */
	const struct ms_kernel_hashes *hashes;
};

/**
 * The verdict of a kernel with hashes on the module: stacked.c has its rule. A hash that is
 * known or a signature that verifies suffices.
 *
 * @ret_loaded: how many of its bytes it would load. 0 where there is a verdict; errors of
 * ms_cms_judge() and of the crypto library, and nothing is written then.
 */
int ms_module_judge_stacked(struct ms_ctx *ctx, struct ms_module *module,
			    const struct ms_vouchers *by, struct ms_judgement *ret,
			    size_t *ret_loaded);

/**
 * The kernel's length of what lies before the trailer; 0: it cannot be taken off. A
 * legacy trailer whose names have no room is one to the kernel, which does not look for
 * names.
 */
size_t ms_trailer_front(const struct ms_trailer *trailer);

/**
 * Adds to @texts a sentence for each revoked signer of any of the module's signatures,
 * also of those that a trailer further out covers: no kernel may look at these, but
 * somebody who is told that the module is good should know. Of trailers further in than
 * any kernel looks nothing is known, nor of the rest of a message that cannot be read;
 * a sentence says so. 0; errors of ms_cms_find_revoked().
 */
int ms_module_find_revoked(struct ms_ctx *ctx, const struct ms_module *module,
			   const struct ms_trust *trust, struct ms_texts *texts);

/** Is one of the trailers that such a kernel would look at a proof, good or not? */
bool ms_module_has_proof(const struct ms_module *module);

/** Appends proof and trailer (proof ‖ struct ‖ marker) to @tail. -ENOMEM. */
int ms_module_proof_tail(struct ms_ctx *ctx, const uint8_t *proof, size_t len,
			 struct ms_buf *tail);

/**
 * The verdict on the outermost trailer as a signature, as a kernel without hashes gives
 * it (module_sig_check()). For who asks whether the signature is good: whether @trust
 * knows the module by its hash does not matter. Warnings are of ms_module_find_revoked().
 */
int ms_module_judge_signature(struct ms_ctx *ctx, struct ms_module *module,
			      const struct ms_trust *trust, struct ms_judgement *ret);

/**
 * As ms_module_judge(), into a judgement of the caller's: on the signature, or, where the
 * kernel has hashes, as ms_module_judge_stacked(). The judgement's warnings are of
 * ms_module_find_revoked().
 */
int ms_module_judge_by(struct ms_ctx *ctx, struct ms_module *module,
		       const struct ms_trust *trust, struct ms_judgement *ret);

/**
 * May the module be signed, of which @bare_len bytes stay when all trailers go? -ENODATA:
 * none do; -ENOEXEC they are no ELF module, and @any_file is false.
 */
int ms_module_check_signable(struct ms_ctx *ctx, struct ms_module *module, size_t bare_len,
			     bool any_file);

/**
 * Signs @payload, which is the module without trailers, and asks the kernel's rules about
 * the signature. @trust: ms_trust_of_cert() of the signer's certificate. @der: it is
 * appended there. -EKEYREJECTED: it is not good; errors of ms_signer_sign().
 */
int ms_module_make_signature(struct ms_ctx *ctx, const struct ms_signer *signer,
			     const struct ms_trust *trust, struct ms_payload *payload,
			     struct ms_buf *der, struct ms_judgement *ret);

/**
 * Why a judgement is not good, for a person: the revoked signer of one that a kernel
 * would trust, the reason, or the verdict's name. The judgement's.
 */
const char *ms_judgement_why_not(const struct ms_judgement *judgement);

/** How many bytes stay when the outermost trailer goes, or @all. -ENODATA; -EBADMSG. */
int ms_module_stripped_len(struct ms_ctx *ctx, const struct ms_module *module, bool all,
			   size_t *ret);

/**
 * The bytes of a new file: @keep bytes of the content and @tail behind them, packed as the
 * module was, into @packed. @iov: borrows from all of these; @ret_n: how many it has.
 */
int ms_module_pack(struct ms_ctx *ctx, const struct ms_module *module, size_t keep,
		   const struct ms_buf *tail, int level, struct ms_buf *packed,
		   struct iovec iov[2], int *ret_n);

struct ms_signature_list {
	struct ms_signature_fields *fields;
	size_t n;
};

/** Copies @list, which may be NULL, in the place of *@ret, which is freed. -ENOMEM. */
int ms_signature_list_copy(struct ms_ctx *ctx, const struct ms_signature_list *list,
			   struct ms_signature_list **ret);

/**
 * Appends signature and trailer (PKCS#7 ‖ struct ‖ marker) to @tail.
 * -EMSGSIZE: longer than the kernel reads (65535 bytes). -ENOMEM.
 */
int ms_module_tail(struct ms_ctx *ctx, const uint8_t *sig, size_t sig_len,
		   struct ms_buf *tail);

#endif
