/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TRUST_SET_H
#define MS_TRUST_SET_H

/* Inside lib/trust: a trust set while it is being filled. */

#include "../judge/x509.h"
#include "../image/image.h"
#include "../kconfig/kconfig.h"
#include "../system/system.h"
#include "trust.h"

/** How a certificate is taken that the kernel would not take. */
enum ms_trust_manner {
	MS_TRUST_STRICT = 0, /* an error: somebody has named it */
	MS_TRUST_AS_KERNEL,  /* passed over, as the kernel does with its own */
};

/** What there was before a source: all of a source is added, or nothing. */
struct ms_trust_mark {
	size_t n_items;
	size_t n_digests;
	size_t n_notes;
	bool has_kernel;
};

struct ms_trust_mark ms_trust_begin(const struct ms_trust *trust);

/**
 * Ends what ms_trust_begin() began. Where all went well (@r is 0) what was taken comes
 * into force; else, or where that fails, it is dropped. Returns the error.
 */
int ms_trust_end(struct ms_ctx *ctx, struct ms_trust *trust, struct ms_trust_mark mark,
		 int r);

/**
 * Takes all of @source, in force from ms_trust_end() on. With @revoke everything goes to
 * the revoked, else every certificate goes where it belongs by its place.
 */
int ms_trust_take(struct ms_ctx *ctx, struct ms_trust *trust, const char *shown,
		  const struct ms_source *source, enum ms_trust_manner manner,
		  bool revoke);

/**
 * Takes over the hashes of a kernel image (*@hashes; NULL then), if no kernel was taken
 * before: a module is judged as by one kernel. Every kernel is to be told of, with hashes
 * or without (*@hashes is NULL).
 */
int ms_trust_take_hashes(struct ms_ctx *ctx, struct ms_trust *trust, const char *shown,
			 struct ms_kernel_hashes **hashes);

/** Makes keyring and rules anew from what was added. Called after every change. */
int ms_trust_refresh(struct ms_ctx *ctx, struct ms_trust *trust);

/** Records something that was assumed, for good. -ENOMEM. */
__attribute__((format(printf, 3, 4))) int
ms_trust_note(struct ms_ctx *ctx, struct ms_trust *trust, const char *format, ...);

/** The release that an image says it is; one that was set by hand wins. -ENOMEM. */
int ms_trust_image_release(struct ms_ctx *ctx, struct ms_trust *trust,
			   const char *release);

/** True where no configuration was set by hand. */
bool ms_trust_wants_config(const struct ms_trust *trust);

/** Takes a configuration that was found with an image, @path being where. Consumes it. */
int ms_trust_image_config(struct ms_ctx *ctx, struct ms_trust *trust, const char *path,
			  struct ms_kconfig *config);

/**
 * Takes a kernel image, and its release and configuration, which come into force at once.
 * @system: the one that it belongs to, in which its configuration is looked for.
 */
int ms_trust_take_kernel(struct ms_ctx *ctx, struct ms_trust *trust,
			 const struct ms_system *system, const char *path);

/** Takes the running kernel and this machine's EFI variables; or what these revoke. */
int ms_trust_take_system(struct ms_ctx *ctx, struct ms_trust *trust, bool revoked_only);

#endif
