/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_TRUST_H
#define MODSEAL_TRUST_H

/*
 * What a kernel trusts: certificates, revocations, and the rules by which it judges
 * (its release, the algorithms it has). Filled from files, directories, EFI lists and
 * kernel images; read by everything that verifies.
 *
 * A source that cannot be read whole is an error, never a smaller set.
 */

#include <modseal/base.h>
#include <modseal/merkle.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_trust;

/** How a kernel deals with a module whose signature it does not accept. */
enum ms_mode {
	MS_MODE_PERMISSIVE = 0,
	MS_MODE_ENFORCING, /* module.sig_enforce=1 or CONFIG_MODULE_SIG_FORCE */
	MS_MODE_LOCKDOWN,  /* lockdown=integrity or stricter */
};

MS_PUBLIC struct ms_trust *ms_trust_new(void);
/** Frees @trust, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_trust *ms_trust_free(struct ms_trust *trust);

/**
 * Adds the certificates of @source: a file of certificates (DER, one or more one
 * after the other, or PEM), a directory of such files, an EFI signature list
 * (efivarfs file with its 4 bytes of attributes, or bare), or "system": the running
 * kernel's image, MokListRT and db as trusted, MokListXRT and dbx as revoked.
 *
 * All of a source is added, or nothing. In a directory every entry counts, hidden ones
 * too, links are followed, and an entry that is no such file is an error, a directory
 * included. Of the blocks in a PEM file only certificates count.
 *
 * Errors: -ENOENT etc.; -EBADMSG an entry that is no certificate; -ENOPKG etc. a
 * certificate that the kernel would not take, unless it is of "system", where it is
 * passed over as the kernel does; -ENOKEY the source holds no certificate.
 */
MS_PUBLIC int ms_trust_add(struct ms_ctx *ctx, struct ms_trust *trust,
			   const char *source);

/**
 * Adds what @source holds to the revoked: certificates, and hashes of EFI lists; of
 * "system" MokListXRT and dbx. Errors as ms_trust_add().
 */
MS_PUBLIC int ms_trust_add_revoked(struct ms_ctx *ctx, struct ms_trust *trust,
				   const char *source);

/**
 * Adds a kernel image's own certificates and revocations and takes its release.
 * @path: bzImage, vmlinux, arm64 zboot or gzip image, UKI. Its configuration is read
 * from `config-RELEASE` or `config` beside it, or else from where that of an installed
 * kernel of its release is (ms_system_kernel_config()), unless one was set before; what
 * had to be assumed is recorded. A certificate in it that the kernel
 * would not take is passed over, as the kernel does.
 *
 * A kernel with a section .module_hashes knows modules by that, too, and is judged for by
 * the rule of such kernels. Hashes are of one kernel: those of the image that is added
 * first count. A later one (of "system", too) adds its certificates and revocations; where
 * the first has hashes, nothing else.
 *
 * Errors: -ENOENT etc.; -EBADMSG no kernel image, or one whose lists of trusted and
 * revoked certificates cannot be told apart, or with hashes that no build makes; -ENOKEY
 * it has neither a certificate nor the hash of a module.
 */
MS_PUBLIC int ms_trust_add_kernel(struct ms_ctx *ctx, struct ms_trust *trust,
				  const char *path);

/** Reads the kernel's .config: which algorithms it has. Wins over an image's. */
MS_PUBLIC int ms_trust_set_config(struct ms_ctx *ctx, struct ms_trust *trust,
				  const char *path);

/** The release whose rules apply ("6.12.95+deb13-amd64"). Wins over an image's. */
MS_PUBLIC int ms_trust_set_release(struct ms_ctx *ctx, struct ms_trust *trust,
				   const char *release);

/** Algorithms that are modules (=m) do not count from now on. Before adding kernels. */
MS_PUBLIC void ms_trust_set_no_crypto_modules(struct ms_trust *trust);

/** The number of trusted certificates. */
MS_PUBLIC size_t ms_trust_count(const struct ms_trust *trust);

/**
 * What the kernel knows modules by besides signatures; NULL where it has no such thing, or
 * no kernel was added. Owned by @trust.
 */
MS_PUBLIC const struct ms_kernel_hashes *ms_trust_hashes(const struct ms_trust *trust);

/** The release whose rules apply, NULL where none is known. Owned by @trust. */
MS_PUBLIC const char *ms_trust_release(const struct ms_trust *trust);

/**
 * The @i-th thing that was assumed for want of knowledge ("no kernel configuration:
 * every algorithm of Linux 7.3 taken as built in"); NULL past the last.
 */
MS_PUBLIC const char *ms_trust_assumed(const struct ms_trust *trust, size_t i);

#ifdef __cplusplus
}
#endif
#endif
