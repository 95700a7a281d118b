/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_MANIFEST_H
#define MODSEAL_MANIFEST_H

/*
 * A manifest: which modules a tree has, and the digest of each one's payload, that is, of
 * the module without any trailer. The same modules give the same bytes wherever the tree
 * lies, packed or not, signed or not.
 *
 *	# modseal-manifest 1
 *	# kernel 7.3.4-amd64             or "-": the modules do not say
 *	# algorithm sha256
 *	# modules 2
 *	# 81920                          bytes of the payload of the next line's module
 *	5891b5b522d5df08...  kernel/a.ko
 *	# 4096
 *	0263829989b6fd95...  kernel/b.ko
 *
 * Ascending by path; a path has no compression suffix, and is percent-encoded as in
 * bundles. A tree of modules that are neither packed nor signed can be checked with
 * `sha256sum -c`, which passes over lines that begin with '#'.
 */

#include <modseal/base.h>
#include <modseal/hash.h>
#include <modseal/module.h>
#include <modseal/sign.h>
#include <modseal/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_manifest;

/** One module. Owned by the manifest. Later versions may add members at the end. */
struct ms_manifest_entry {
	const char *path;      /* relative, any bytes, without compression suffix */
	uint64_t size;         /* of the payload, bytes */
	const uint8_t *digest; /* ms_manifest_digest_size() bytes */
};

/**
 * Reads a manifest. @ret: free with ms_manifest_free(). Errors: those of opening; -EBADMSG
 * it is none in every byte; the message names the line.
 */
MS_PUBLIC int ms_manifest_load(struct ms_ctx *ctx, const char *path,
			       struct ms_manifest **ret);

/** The same of bytes in memory. @shown: the name for messages. */
MS_PUBLIC int ms_manifest_parse(struct ms_ctx *ctx, const void *data, size_t len,
				const char *shown, struct ms_manifest **ret);

/** Frees @manifest, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_manifest *ms_manifest_free(struct ms_manifest *manifest);

/** The text, owned by the manifest; @ret_len: its bytes. */
MS_PUBLIC const char *ms_manifest_text(const struct ms_manifest *manifest,
				       size_t *ret_len);

MS_PUBLIC enum ms_hash ms_manifest_hash(const struct ms_manifest *manifest);
/** The size of one digest in bytes. */
MS_PUBLIC size_t ms_manifest_digest_size(const struct ms_manifest *manifest);
/** The kernel release; NULL where the modules do not say. */
MS_PUBLIC const char *ms_manifest_release(const struct ms_manifest *manifest);
MS_PUBLIC size_t ms_manifest_count(const struct ms_manifest *manifest);
/** The @i-th module by path, owned by the manifest; NULL past the last. */
MS_PUBLIC const struct ms_manifest_entry *
ms_manifest_at(const struct ms_manifest *manifest, size_t i);

/** What two manifests say of one path. */
enum ms_manifest_change {
	MS_MANIFEST_UNDECIDED = 0,
	MS_MANIFEST_SAME,
	MS_MANIFEST_CHANGED, /* another digest or size */
	MS_MANIFEST_REMOVED, /* only in the first */
	MS_MANIFEST_ADDED,   /* only in the second */
};

/** Told once for each path, ascending. @a or @b is NULL where it is not in there. */
typedef void (*ms_manifest_diff_fn)(void *userdata, enum ms_manifest_change change,
				    const struct ms_manifest_entry *a,
				    const struct ms_manifest_entry *b);

/** Compares two manifests. -EINVAL: their digests are of different algorithms. */
MS_PUBLIC int ms_manifest_diff(struct ms_ctx *ctx, const struct ms_manifest *a,
			       const struct ms_manifest *b, ms_manifest_diff_fn fn,
			       void *userdata);

/**
 * Signs the manifest's text: PKCS#7 in DER, detached, as for modules, to the file @path.
 * It is verified before it is written. @beside: nobody named @path, it is made from the
 * manifest's: a link there is replaced, and never followed. Errors: of signing and
 * writing.
 */
MS_PUBLIC int ms_manifest_sign(struct ms_ctx *ctx, const struct ms_manifest *manifest,
			       const struct ms_signer *signer, const char *path,
			       bool beside, bool sync);

/**
 * Judges the signature in file @path over the manifest's text as it was read, by the
 * rules of @trust. Returns 0 where there is a verdict, whatever it is: see
 * <modseal/module.h>.
 * @ret: free with ms_judgement_free(). Errors: of opening, and those of
 * ms_module_judge().
 */
MS_PUBLIC int ms_manifest_judge(struct ms_ctx *ctx, const struct ms_manifest *manifest,
				const struct ms_trust *trust, const char *path,
				struct ms_judgement **ret);

#ifdef __cplusplus
}
#endif
#endif
