/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Kernel images: their certificates, hashes of modules, release and configuration. The
 * first configuration that is there (ms_system_image_config()) is taken, and must be one.
 */

#include <errno.h>
#include <stdlib.h>

#include "../base/cleanup.h"
#include "../base/context.h"
#include "../system/kernels.h"
#include "set.h"

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

/* Takes the configuration that belongs to the image, if there is one. */
static int find_config(struct ms_ctx *ctx, struct ms_trust *trust,
		       const struct ms_system *system, const char *image,
		       const char *release)
{
	_cleanup_free_ char *path = NULL;
	struct ms_kconfig *config = NULL;
	int r = ms_system_image_config(ctx, system, image, release, &path);

	if (r == -ENOENT) {
		ms_fail_clear(ctx);
		return 0;
	}
	if (r == 0)
		r = ms_kconfig_read(ctx, path, &config);
	if (r < 0)
		return ms_hint(ctx, r,
			       "give the kernel's own configuration as --kernel-config");
	return ms_trust_image_config(ctx, trust, path, config);
}

static size_t count_trusted(const struct ms_source *source)
{
	size_t n = 0;

	for (size_t i = 0; i < source->n_certs; i++)
		n += source->certs[i].place != MS_CERT_REVOKED;
	return n;
}

/* A kernel that could vouch for no module is no source. */
static int check_vouches(struct ms_ctx *ctx, const char *path,
			 const struct ms_source *source)
{
	int r;

	if (count_trusted(source) || (source->hashes && ms_kernel_hashes_any(source->hashes)))
		return 0;
	if (source->hashes)
		return ms_fail(ctx, -ENOKEY,
			       "'%s': no certificate in this kernel, and its section "
			       ".module_hashes is empty",
			       path);
	r = ms_fail(ctx, -ENOKEY, "'%s': no certificate in this kernel", path);
	return source->has_sections ? r
				    : ms_hint(ctx, r,
					      "hashes of modules would show in its vmlinux "
					      "only");
}

int ms_trust_take_kernel(struct ms_ctx *ctx, struct ms_trust *trust,
			 const struct ms_system *system, const char *path)
{
	_cleanup_(cleanup_source) struct ms_source *source = NULL;
	const char *release;
	int r = ms_source_open_kernel(ctx, path, &source);

	if (r < 0)
		return r;
	if (source->kind != MS_SOURCE_KERNEL) {
		ms_fail(ctx, -EBADMSG,
			"'%s' is no kernel image, but a file of certificates", path);
		return ms_hint(ctx, -EBADMSG, "give it as --trust");
	}
	r = check_vouches(ctx, path, source);
	if (r < 0)
		return r;
	release = source->release && ms_is_release(source->release) ? source->release : NULL;
	/* hashes and the rules that they are used by are one kernel's */
	if (!ms_trust_hashes(trust)) {
		if (release)
			r = ms_trust_image_release(ctx, trust, release);
		if (r == 0 && ms_trust_wants_config(trust))
			r = find_config(ctx, trust, system, path, release);
	}
	r = r < 0 ? r : ms_trust_take_hashes(ctx, trust, path, &source->hashes);
	if (r < 0)
		return r;
	return ms_trust_take(ctx, trust, path, source, MS_TRUST_AS_KERNEL, false);
}

int ms_trust_add_kernel_of(struct ms_ctx *ctx, struct ms_trust *trust,
			   const struct ms_system *system, const char *path)
{
	struct ms_trust_mark mark = ms_trust_begin(trust);

	return ms_trust_end(ctx, trust, mark,
			    ms_trust_take_kernel(ctx, trust, system, path));
}

int ms_trust_add_kernel(struct ms_ctx *ctx, struct ms_trust *trust, const char *path)
{
	return ms_trust_add_kernel_of(ctx, trust, NULL, path);
}
