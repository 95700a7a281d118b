/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_SYSTEM_KERNELS_H
#define MS_SYSTEM_KERNELS_H

/* All kernels of a system at once; of one see modseal/system.h. */

#include "system.h"

/**
 * True where @release can be a kernel's: it becomes part of paths, so it may not lead
 * elsewhere, and Linux has none that is longer (__NEW_UTS_LEN, by which its Makefile
 * limits KERNELRELEASE, too).
 */
bool ms_is_release(const char *release);

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
