/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_KEYSTORE_ROTATE_H
#define MS_KEYSTORE_ROTATE_H

/* Inside lib/keystore: the configurations of kernels that are to trust the current key. */

#include "store.h"

/** Configurations that were read. A zeroed one is none. */
struct ms_rotate_configs {
	struct ms_rotate_config *list;
	size_t n;
	enum ms_hash hash; /* that they ask for; NONE: there are none */
	const char *type;  /* a constant; NULL: there are none */
	struct ms_file_set *staged; /* they, and what else is to change with them */
};

/**
 * Reads them, and what they agree on. -EINVAL: they disagree; -EBADMSG, -EEXIST: one is
 * no configuration, or says it twice; errors of opening.
 */
int ms_rotate_configs_open(struct ms_ctx *ctx, const char *const *paths, size_t n,
			   struct ms_rotate_configs *ret);
void ms_rotate_configs_done(struct ms_rotate_configs *configs);

/**
 * Lets them trust @generation of @store instead of its other generations, beside what
 * else they trust. The new files are written and wait to be committed. @named: the path
 * under which its certificate will be found; NULL: where it is.
 */
int ms_rotate_configs_stage(struct ms_ctx *ctx, struct ms_rotate_configs *configs,
			    const struct ms_keystore *store,
			    const struct ms_generation *generation, const char *named);

/** A rotation's result; what outside programs ask by functions. */
struct ms_rotation {
	enum ms_due due;
	char *previous; /* the generation that was current, or NULL */
	const struct ms_generation *current; /* owned by the store */
	struct ms_rotated_config *configs;
	size_t n_configs;
};

/** What became of them, into @ret, which is freed by ms_rotation_free(). -ENOMEM. */
int ms_rotate_configs_report(struct ms_ctx *ctx, const struct ms_rotate_configs *configs,
			     struct ms_rotation *ret);

#endif
