/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Kernel images: their certificates, hashes of modules, release and configuration, and
 * where they lie.
 *
 * The configuration is looked for as `config` and `config-RELEASE` in the directory of
 * the image, by the name it was given and by the one that its links lead to, and as
 * /boot/config-RELEASE; the running kernel may tell its own besides. The first that is
 * there is taken, and must be one.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/buffer.h"
#include "../base/checked.h"
#include "../base/cleanup.h"
#include "../base/context.h"
#include "../base/text.h"
#include "set.h"

MS_DEFINE_CLEANUP(cleanup_source, struct ms_source *, ms_source_free)

/* The directory part of a path, with its slash. */
static int directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;

	return len < PATH_MAX ? (int)len : 0;
}

/* A release becomes part of paths: it may not lead elsewhere. */
static bool is_release(const char *release)
{
	return *release && *release != '.' && !strchr(release, '/') &&
	       strlen(release) < NAME_MAX / 2;
}

/* Takes the file, if it is there: 1; 0 it is not. */
static int try_config(struct ms_ctx *ctx, struct ms_trust *trust, char *path)
{
	_cleanup_free_ char *owned = path;
	struct ms_kconfig *config = NULL;
	int r;

	if (!owned)
		return ms_fail_nomem(ctx);
	/* what cannot be looked at is told of by who reads it */
	if (access(owned, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	r = ms_kconfig_read(ctx, owned, &config);
	if (r < 0)
		return ms_hint(ctx, r,
			       "give the kernel's own configuration as --kernel-config");
	r = ms_trust_image_config(ctx, trust, owned, config);
	return r < 0 ? r : 1;
}

/* Beside @image: 1 where there is one. */
static int try_beside(struct ms_ctx *ctx, struct ms_trust *trust, const char *image,
		      const char *release)
{
	int len = directory_length(image);
	int r = try_config(ctx, trust, ms_format("%.*sconfig", len, image));

	if (r == 0 && release)
		r = try_config(ctx, trust, ms_format("%.*sconfig-%s", len, image, release));
	return r;
}

static int find_config(struct ms_ctx *ctx, struct ms_trust *trust, const char *image,
		       const char *release, bool running)
{
	_cleanup_free_ char *resolved = realpath(image, NULL);
	int r = try_beside(ctx, trust, image, release);

	if (r == 0 && resolved)
		r = try_beside(ctx, trust, resolved, release);
	if (r == 0 && release)
		r = try_config(ctx, trust, ms_format("/boot/config-%s", release));
	if (r == 0 && running)
		r = try_config(ctx, trust, strdup("/proc/config.gz"));
	return r < 0 ? r : 0;
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

int ms_trust_take_kernel(struct ms_ctx *ctx, struct ms_trust *trust, const char *path,
			 bool running)
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
	release = source->release && is_release(source->release) ? source->release : NULL;
	/* hashes and the rules that they are used by are one kernel's */
	if (!ms_trust_hashes(trust)) {
		if (release)
			r = ms_trust_image_release(ctx, trust, release);
		if (r == 0 && ms_trust_wants_config(trust))
			r = find_config(ctx, trust, path, release, running);
	}
	r = r < 0 ? r : ms_trust_take_hashes(ctx, trust, path, &source->hashes);
	if (r < 0)
		return r;
	return ms_trust_take(ctx, trust, path, source, MS_TRUST_AS_KERNEL, false);
}

int ms_trust_add_kernel(struct ms_ctx *ctx, struct ms_trust *trust, const char *path)
{
	struct ms_trust_mark mark = ms_trust_begin(trust);

	return ms_trust_end(ctx, trust, mark,
			    ms_trust_take_kernel(ctx, trust, path, false));
}

int ms_kernel_image_find_below(struct ms_ctx *ctx, const char *root, const char *release,
			       char **ret_path)
{
	static const char *const places[] = {
		"%s/lib/modules/%s/vmlinuz", "%s/boot/vmlinuz-%s",
		"%s/lib/modules/%s/vmlinux", "%s/boot/vmlinux-%s",
		"%s/boot/Image-%s",	     "%s/boot/kernel-%s",
	};
	_cleanup_(ms_buf_done) struct ms_buf looked = { 0 };

	if (!is_release(release))
		return ms_fail(ctx, -EINVAL, "'%s' is no kernel release", release);
	for (size_t i = 0; i < MS_ARRAY_SIZE(places); i++) {
		_cleanup_free_ char *path = ms_format(places[i], root, release);

		if (!path || ms_buf_printf(&looked, "%s%s", i ? ", " : "", path) < 0)
			return ms_fail_nomem(ctx);
		if (access(path, F_OK) == 0) {
			*ret_path = ms_steal(&path);
			return 0;
		}
	}
	return ms_fail(ctx, -ENOENT, "no image of kernel %s: looked for %.*s", release,
		       (int)looked.len, (const char *)looked.data);
}

int ms_kernel_image_find(struct ms_ctx *ctx, const char *release, char **ret_path)
{
	int r = ms_kernel_image_find_below(ctx, "", release, ret_path);

	return r == -ENOENT ? ms_hint(ctx, r, "give the image as --kernel") : r;
}
