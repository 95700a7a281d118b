/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_SYSTEM_KERNELS_H
#define MS_SYSTEM_KERNELS_H

/* All kernels of a system at once, and one by its image; else see modseal/system.h. */

#include "system.h"

/**
 * True where @release can be a kernel's: it becomes part of paths, so it may not lead
 * elsewhere, and Linux has none that is longer (__NEW_UTS_LEN, by which its Makefile
 * limits KERNELRELEASE, too).
 */
bool ms_is_release(const char *release);

/**
 * The configuration of the kernel whose image is at @image, a path on this machine, and
 * says that it is @release (NULL: it does not say): config-RELEASE or config in the
 * image's directory, by the name that was given and then by the one that its links lead
 * to; else as ms_system_kernel_config(), with its errors.
 */
int ms_system_image_config(struct ms_ctx *ctx, const struct ms_system *system,
			   const char *image, const char *release, char **ret_path);

/**
 * What is at @name in the directory of kernel @release's modules. @ret: to free(). -ENOENT
 * without a message; errors of ms_system_path().
 */
int ms_system_among_modules(struct ms_ctx *ctx, const struct ms_system *system,
			    const char *release, const char *name, char **ret);

enum ms_system_places {
	MS_SYSTEM_IMAGES,  /* where ms_system_kernel_image() looks */
	MS_SYSTEM_CONFIGS, /* where ms_system_kernel_config() does, without /proc */
	MS_SYSTEM_MODULES, /* directories of modules */
	MS_SYSTEM_TREES,   /* "kernel" in these: the modules that a kernel came with */
};

/**
 * @release: what stands for it in the path, and need not be one. @path: on this machine.
 * Other than 0 ends it.
 */
typedef int (*ms_system_each_fn)(void *userdata, const char *release, const char *path);

/**
 * Calls @each for all that is at one of @which, or cannot be looked at; of whatever kind
 * it is, by each of its names, place by place and then by name. Returns what @each does.
 * Errors: of reading a directory that is there; -ENOMEM.
 */
int ms_system_each(struct ms_ctx *ctx, const struct ms_system *system,
		   enum ms_system_places which, ms_system_each_fn each, void *userdata);

#endif
