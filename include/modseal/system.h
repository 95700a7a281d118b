/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MODSEAL_SYSTEM_H
#define MODSEAL_SYSTEM_H

/*
 * An installed system, this one or another one below a directory: which kernels it has,
 * and where their images, configurations, build directories and modules are.
 *
 * Paths that are returned are paths on this machine. Below a root that is not "/" no link
 * leads out of it: an absolute one means the place that it would have inside.
 *
 * What cannot be looked at (EACCES, ELOOP) counts as being there, so that whoever opens
 * it says why it cannot.
 */

#include <modseal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The key store that is used where nobody names one. */
#define MS_SYSTEM_KEY_STORE "/var/lib/modseal/keys"

/** A system. NULL, where one is asked for, is the one that this process runs on. */
struct ms_system;

/**
 * Opens the system below directory @root; NULL or "/": this one. @ret: free with
 * ms_system_free(). Errors: -ENOENT etc.; -ENOTDIR @root is no directory; -ENOMEM.
 */
MS_PUBLIC int ms_system_open(struct ms_ctx *ctx, const char *root, struct ms_system **ret);

/** Frees @system, which may be NULL. Returns NULL. */
MS_PUBLIC struct ms_system *ms_system_free(struct ms_system *system);

/** "" or the root: absolute, without links, and without a slash at its end. */
MS_PUBLIC const char *ms_system_root(const struct ms_system *system);

/**
 * The place of the system's path @path on this machine; nothing need be there. @ret: to
 * free(). Errors: -ELOOP; -ENAMETOOLONG; -ENOMEM.
 */
MS_PUBLIC int ms_system_path(struct ms_ctx *ctx, const struct ms_system *system,
			     const char *path, char **ret);

/**
 * The release of the kernel that runs: uname(), or below a root /proc/sys/kernel/osrelease
 * there. @ret_release: to free(). Errors: -ENOENT etc.; -EBADMSG what is there is no
 * release; -ENOMEM.
 */
MS_PUBLIC int ms_system_running(struct ms_ctx *ctx, const struct ms_system *system,
				char **ret_release);

/**
 * Calls @each for every kernel whose modules are installed, a directory in /lib/modules or
 * /usr/lib/modules, in the order of their names' bytes, until it returns other than 0,
 * which is returned then. Errors: of reading these directories, which need not be there;
 * -ENOMEM.
 */
MS_PUBLIC int ms_system_releases(struct ms_ctx *ctx, const struct ms_system *system,
				 int (*each)(void *userdata, const char *release),
				 void *userdata);

/**
 * The image of kernel @release: the first of
 *
 *	/lib/modules/RELEASE/vmlinuz    /usr/lib/modules/RELEASE/vmlinuz
 *	/boot/vmlinuz-RELEASE
 *	/lib/modules/RELEASE/vmlinux    /usr/lib/modules/RELEASE/vmlinux
 *	/boot/vmlinux-RELEASE  /boot/Image-RELEASE  /boot/kernel-RELEASE
 *
 * @ret_path: to free(). Errors: -ENOENT with a message that names these places; -EINVAL
 * @release is no kernel's; those of ms_system_path().
 */
MS_PUBLIC int ms_system_kernel_image(struct ms_ctx *ctx, const struct ms_system *system,
				     const char *release, char **ret_path);

/**
 * The configuration that kernel @release was built from: what was installed with it, else
 * what the running kernel tells of itself, else that of the tree which modules for it are
 * built in and which may have changed since. The first of
 *
 *	/lib/modules/RELEASE/config     /usr/lib/modules/RELEASE/config
 *	/boot/config-RELEASE
 *	/proc/config.gz                 where @release is the one that runs
 *	/lib/modules/RELEASE/build/.config   /usr/lib/modules/RELEASE/build/.config
 *
 * Errors as ms_system_kernel_image().
 */
MS_PUBLIC int ms_system_kernel_config(struct ms_ctx *ctx, const struct ms_system *system,
				      const char *release, char **ret_path);

/**
 * The configuration that modules for kernel @release are built with: build/.config beside
 * its modules, and no other. Errors as ms_system_kernel_image().
 */
MS_PUBLIC int ms_system_build_config(struct ms_ctx *ctx, const struct ms_system *system,
				     const char *release, char **ret_path);

/**
 * The directory of kernel @release's modules: /lib/modules/RELEASE, else
 * /usr/lib/modules/RELEASE. Errors as ms_system_kernel_image().
 */
MS_PUBLIC int ms_system_modules(struct ms_ctx *ctx, const struct ms_system *system,
				const char *release, char **ret_path);

/**
 * The kernel in whose directory of modules @path, a path on this machine, lies once its
 * links are followed. @ret_release: to free(). Errors: -ENOENT it lies in none; those of
 * realpath(); -ENOMEM.
 */
MS_PUBLIC int ms_system_release_of(struct ms_ctx *ctx, const struct ms_system *system,
				   const char *path, char **ret_release);

#ifdef __cplusplus
}
#endif
#endif
